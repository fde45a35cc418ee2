"""Client events as a table: what each becomes, and what is said of one that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agent.wire.refusal import WireError
from agent.wire.requests import (
    DEEPEST,
    KINDS,
    Append,
    CreateItem,
    CreateResponse,
    RetrieveItem,
    TruncateItem,
    Update,
    name_of,
    session_of,
    understood,
)
from agent.wire.schema import InputText, Message, MuLaw, OutputText, Pcm, SemanticVad, ServerVad
from agent.wire.told import Problem


def _session(**fields: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", **fields}}


def _refused(event: object) -> Problem:
    with pytest.raises(WireError) as refused:
        understood(event)
    return refused.value.problem


def test_every_event_of_the_protocol_is_known_and_one_of_ours() -> None:
    assert len(KINDS) == 12
    assert [kind for kind in KINDS if kind.startswith("hocket.")] == ["hocket.playout"]


def test_fields_that_nobody_knows_are_ignored_at_every_depth() -> None:
    event = _session(colour="red", audio={"input": {"taste": 1, "turn_detection": None}, "smell": []})
    update = understood(event | {"extra": 1})
    assert isinstance(update, Update)
    assert update.session.audio.input.turn_detection is None  # type: ignore[union-attr]


def test_what_stock_clients_send_at_first_is_understood() -> None:
    agents = _session(
        model="gpt-realtime-2.1",
        output_modalities=["audio"],
        instructions="x",
        tracing="auto",
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "noise_reduction": None,
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad", "interrupt_response": True},
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "ash", "speed": 1},
        },
        tools=[
            {
                "type": "function",
                "name": "t",
                "description": "d",
                "parameters": {"type": "object", "title": "T", "additionalProperties": False},
            }
        ],
    )
    update = understood(agents)
    assert isinstance(update, Update)
    audio = update.session.audio
    assert audio.input.turn_detection == SemanticVad(interrupt_response=True)  # type: ignore[union-attr]
    assert audio.output.format == MuLaw()  # type: ignore[union-attr]


def test_formats_and_contents_by_their_old_names_are_understood() -> None:
    update = understood(_session(audio={"input": {"format": "pcm16"}}))
    assert isinstance(update, Update) and update.session.audio.input.format == Pcm()  # type: ignore[union-attr]
    item = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    made = understood({"type": "conversation.item.create", "item": item})
    assert made == CreateItem(Message("assistant", [OutputText("hi")]))


def test_a_session_object_that_comes_by_itself_needs_no_type() -> None:
    asked = session_of({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 1}}}})
    assert asked.audio.input.turn_detection == ServerVad(threshold=1.0)  # type: ignore[union-attr]


def test_a_millisecond_may_be_broken() -> None:
    event = {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1.5}
    assert understood(event) == TruncateItem("a", 1.5)


def test_a_name_that_cannot_be_sent_back_is_none() -> None:
    assert name_of({"event_id": "a"}) == "a"
    assert [
        name_of(each) for each in ({"event_id": 1}, {"event_id": "a" * 513}, {"event_id": "\ud800"}, 7)
    ] == [
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("event", "code", "param", "said"),
    [
        (7, "invalid_event", None, "object"),
        ([], "invalid_event", None, "object"),
        ({}, "missing_required_parameter", "type", "type"),
        ({"type": 3}, "unknown_event_type", "type", "There is no event"),
        ({"type": "response.make"}, "unknown_event_type", "type", "response.create"),
        ({"type": "input_audio_buffer.commit", "event_id": "x" * 600}, "invalid_value", "event_id", "512"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio", "missing"),
        ({"type": "session.update"}, "missing_required_parameter", "session", "missing"),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item", "missing"),
        (_session(type="transcription"), "invalid_value", "session.type", "realtime"),
        (_session(instructions="x" * 32_001), "invalid_value", "session.instructions", "32000"),
        (_session(tools=[{"type": "function", "name": "a"}] * 129), "invalid_value", "session.tools", "128"),
        (_session(tools=[{"type": "mcp"}]), "invalid_value", "session.tools[0].type", "function"),
        (
            _session(tools=[{"type": "function", "name": "a b"}]),
            "invalid_value",
            "session.tools[0].name",
            "letters",
        ),
        (
            _session(tools=[{"type": "function"}]),
            "missing_required_parameter",
            "session.tools[0].name",
            "missing",
        ),
        (
            _session(audio={"input": {"format": {"type": "audio/pcm", "rate": 16000}}}),
            "invalid_value",
            "session.audio.input.format.rate",
            "24000",
        ),
        (
            _session(audio={"input": {"format": {"type": "audio/opus"}}}),
            "invalid_value",
            "session.audio.input.format.type",
            "audio/pcmu",
        ),
        (
            _session(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 1.5}}}),
            "invalid_value",
            "session.audio.input.turn_detection.threshold",
            "1.0",
        ),
        (
            _session(audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 10}}}),
            "invalid_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
            "5000",
        ),
        (
            _session(audio={"input": {"turn_detection": {"type": "none"}}}),
            "invalid_value",
            "session.audio.input.turn_detection.type",
            "semantic_vad",
        ),
        (_session(audio={"output": {"speed": 2}}), "invalid_value", "session.audio.output.speed", "1.5"),
        (_session(output_modalities=[]), "invalid_value", "session.output_modalities", "audio"),
        (_session(max_output_tokens=5000), "invalid_value", "session.max_output_tokens", "4096"),
        (_session(tool_choice="maybe"), "invalid_value", "session.tool_choice", "required"),
        (_session(prompt={"id": "pmpt_1"}), "invalid_value", "session.prompt", "instructions"),
        (_session(hocket={"events": "yes"}), "invalid_value", "session.hocket.events", "bool"),
        (_session(a=float("inf")), "invalid_event", None, "finite"),
        (_session(a=2**70), "invalid_event", None, "64 bits"),
        (_session(a="\ud800"), "invalid_event", None, "surrogate"),
        (_session(a={1: 2}), "invalid_event", None, "names"),
        (_session(a=[0] * 20_001), "invalid_event", None, "20000"),
        (
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}},
            "invalid_value",
            "item.content",
            "1",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_image", "image_url": "x"}],
                },
            },
            "invalid_value",
            "item.content[0].type",
            "input_text",
        ),
        (
            {"type": "conversation.item.create", "item": {"type": "mcp_call"}},
            "invalid_value",
            "item.type",
            "message",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "content_index": 1, "audio_end_ms": 0},
            "invalid_value",
            "content_index",
            "0",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": -1},
            "invalid_value",
            "audio_end_ms",
            "0",
        ),
        (
            {"type": "response.create", "response": {"metadata": {"a": 1}}},
            "invalid_value",
            "response.metadata[...]",
            "str",
        ),
        (
            {"type": "response.create", "response": {"conversation": "new"}},
            "invalid_value",
            "response.conversation",
            "none",
        ),
    ],
)
def test_what_is_wrong_with_an_event_is_said_with_its_place(
    event: object, code: str, param: str | None, said: str
) -> None:
    problem = _refused(event)
    assert (problem.code, problem.param) == (code, param)
    assert said in problem.message


def test_what_is_nested_too_deep_is_refused_however_deep_it_is() -> None:
    for depth in (DEEPEST + 1, 20_000):
        value: Any = 1
        for _ in range(depth):
            value = [value]
        assert _refused(_session(a=value)).code == "invalid_event"
        while isinstance(value, list):  # taken apart by hand: so deep a list overflows when it goes by itself
            value = value.pop()


_VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=8)
    | some.binary(max_size=8)
    | some.sampled_from(["realtime", "message", "user", "input_text", "function", "audio/pcm"]),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(
                [
                    "type",
                    "session",
                    "audio",
                    "input",
                    "format",
                    "rate",
                    "item",
                    "content",
                    "text",
                    "role",
                    "response",
                    "metadata",
                    "tools",
                    "name",
                    "turn_detection",
                    "id",
                ]
            )
            | some.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    kind=some.sampled_from([*KINDS, "x"]),
    fields=some.dictionaries(
        some.sampled_from(
            [
                "session",
                "item",
                "response",
                "audio",
                "item_id",
                "content_index",
                "audio_end_ms",
                "event_id",
                "previous_item_id",
                "rtt_ms",
            ]
        ),
        _VALUES,
        max_size=4,
    ),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_comes_is_a_request_or_a_problem_and_nothing_else(kind: str, fields: dict[str, Any]) -> None:
    try:
        request = understood({"type": kind, **fields})
    except WireError as refused:
        assert refused.problem.code and refused.problem.message.encode()
    else:
        assert type(request) in KINDS.values()


def test_small_events_are_what_they_say() -> None:
    assert understood({"type": "conversation.item.retrieve", "item_id": "a"}) == RetrieveItem("a")
    assert understood({"type": "input_audio_buffer.append", "audio": b"ab"}) == Append(b"ab")
    assert understood({"type": "response.create"}) == CreateResponse()
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]}
    made = understood({"type": "conversation.item.create", "item": item, "previous_item_id": None})
    assert made == CreateItem(Message("user", [InputText("a")]))
