"""The session object: what a client's wishes make of the server's settings, and what it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config import Config
from agent.launch import Parts
from agent.turn_config import TurnConfig
from agent.wire.refusal import WireError
from agent.wire.requests import session_of
from agent.wire.settings import About, Settings, preview
from model.scripted import FACTS
from pipeline.vad import HysteresisConfig
from tts.tone import ToneVoice

BUILT = Parts(None, FACTS, ToneVoice())  # type: ignore[arg-type]  # nothing asks the brain


def _after(*updates: dict[str, Any]) -> Settings:
    settings = Settings(About.of(BUILT, Config()))
    for update in updates:
        settings = settings.merged(session_of(update))
    return settings


def _detection(told: dict[str, Any] | None) -> dict[str, Any]:
    return {"audio": {"input": {"turn_detection": told}}}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        _detection({"type": "server_vad", "idle_timeout_ms": 6000, "threshold": 0.1}),
        _detection(None),
        {"tools": [{"type": "function", "name": "a"}], "tool_choice": "required", "tracing": "auto"},
        {"audio": {"input": {"transcription": {"model": "w"}, "noise_reduction": {"type": "far_field"}}}},
        {"audio": {"output": {"format": {"type": "audio/pcma"}, "voice": "ash"}}, "max_output_tokens": 10},
        {"output_modalities": ["text"], "tracing": {"workflow_name": "x"}, "truncation": "disabled"},
    ],
)
def test_what_is_shown_is_a_session_by_openais_own_types(asked: dict[str, Any]) -> None:
    types = pytest.importorskip("openai.types.realtime")
    types.RealtimeSessionCreateRequest.model_validate(preview(asked, Config(), BUILT), strict=True)


def test_what_is_shown_is_what_counts_and_not_what_was_asked_for() -> None:
    shown = preview(
        {"model": "gpt-realtime", "audio": {"output": {"voice": "marin", "speed": 1.2}}}, Config(), BUILT
    )
    assert shown["model"] == "scripted brain"
    assert shown["audio"]["output"]["voice"] == "tone"
    assert shown["audio"]["output"]["speed"] == 1.0


def test_defaults_are_all_told() -> None:
    told = preview({}, Config(), BUILT)["audio"]["input"]["turn_detection"]
    assert told == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


def test_an_update_changes_what_it_names_and_leaves_the_rest() -> None:
    settings = _after(
        {
            "instructions": "a",
            "audio": {"input": {"transcription": {}}, "output": {"format": {"type": "audio/pcmu"}}},
        },
        {"audio": {"input": {"turn_detection": None}}, "tools": [{"type": "function", "name": "t"}]},
        {"instructions": None, "audio": None},
    )
    assert settings.instructions == "a"
    assert settings.detection is None and settings.transcribes
    assert settings.shown("s")["audio"]["output"]["format"] == {"type": "audio/pcmu"}
    assert [tool.name for tool in settings.tools] == ["t"]


def test_null_ends_transcription_and_gives_turns_to_the_client() -> None:
    settings = _after(
        {"audio": {"input": {"transcription": {}}}}, {"audio": {"input": {"transcription": None}}}
    )
    assert not settings.transcribes
    assert _after(_detection(None)).answers is False


def test_server_vad_waits_the_silence_that_it_is_told_whatever_was_said() -> None:
    told = {
        "type": "server_vad",
        "silence_duration_ms": 700,
        "prefix_padding_ms": 0,
        "idle_timeout_ms": 5000,
        "interrupt_response": False,
        "create_response": False,
    }
    turn = _after(_detection(told)).turn(TurnConfig())
    assert (turn.endpoint, turn.endpoint_sure, turn.endpoint_unsure, turn.adapt) == (0.7, 0.7, 0.7, False)
    assert (turn.pre_roll, turn.nudge_after, turn.barge_in, turn.answers) == (0.0, 5.0, False, False)


@pytest.mark.parametrize(("eagerness", "most"), [("low", 8.0), ("medium", 4.0), ("high", 2.0), ("auto", 1.2)])
def test_eagerness_is_how_long_is_waited_at_most(eagerness: str, most: float) -> None:
    turn = _after(_detection({"type": "semantic_vad", "eagerness": eagerness})).turn(TurnConfig())
    assert turn.endpoint_unsure == most and turn.endpoint == TurnConfig().endpoint


@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
def test_any_threshold_makes_settings_that_a_detector_can_have(threshold: float) -> None:
    found = _after(_detection({"type": "server_vad", "threshold": threshold})).hearing(HysteresisConfig())
    assert found.start == threshold
    assert found == HysteresisConfig() if threshold == 0.5 else found.stop <= threshold


def test_what_is_asked_for_and_not_done_is_named() -> None:
    settings = _after({"tool_choice": "required", "reasoning": {"effort": "high"}})
    assert len(settings.notes()) == 2
    assert settings.shown("s")["tool_choice"] == "auto"
    assert _after({}).notes() == []


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"output_modalities": ["text", "audio"]}, "session.output_modalities"),
        ({"tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "a"}]}, "session.tools"),
        ([], "session"),
        ({"audio": 5}, "session.audio"),
    ],
)
def test_what_cannot_be_is_refused(asked: Any, param: str) -> None:
    with pytest.raises(WireError) as refused:
        preview(asked, Config(), BUILT) if asked else session_of(asked)
    assert refused.value.problem.param == param
