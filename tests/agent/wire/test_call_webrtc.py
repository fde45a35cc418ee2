"""A call whose sound comes by a track: what of it is done by events, and what is not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from call_scene import Client, Track, held, parts, saying, sound, turns

from agent.wire.listening import late

VAD = {"type": "server_vad", "silence_duration_ms": 300}


def test_a_spoken_turn_is_answered_and_its_sound_is_told_of_but_not_sent() -> None:
    async def scene(client: Client) -> list[str]:
        client.send("session.update", session=turns(VAD))
        await client.until("response.done")
        await client.until("output_audio_buffer.stopped")
        return client.kinds

    kinds = held(scene, edge=Track())
    assert "output_audio_buffer.started" in kinds
    assert "response.output_audio.delta" not in kinds


def test_sound_by_events_is_refused() -> None:
    async def scene(client: Client) -> str:
        client.send("input_audio_buffer.append", audio=sound(0.1))
        code: str = (await client.until("error"))["error"]["code"]
        return code

    assert held(scene, edge=Track()) == "invalid_event_for_transport"


def test_a_turn_by_hand_goes_from_the_clearing_of_the_buffer_to_its_commit() -> None:
    async def scene(client: Client) -> tuple[list[str], str]:
        client.send("session.update", session=turns(None))
        client.send("input_audio_buffer.commit")
        code: str = (await client.until("error"))["error"]["code"]
        await asyncio.sleep(0.9)
        client.send("input_audio_buffer.clear")
        await asyncio.sleep(1.2)
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        await client.until("response.done")
        return client.kinds, code

    kinds, code = held(scene, edge=Track())
    assert code == "input_audio_buffer_commit_empty"
    assert kinds.count("input_audio_buffer.committed") == 1
    assert kinds.index("input_audio_buffer.cleared") < kinds.index("input_audio_buffer.committed")


def test_what_is_on_its_way_to_the_ear_can_be_let_go_also_when_nothing_is() -> None:
    async def scene(client: Client) -> list[str]:
        client.send("output_audio_buffer.clear")
        client.send("session.update", session=turns(VAD))
        await client.until("output_audio_buffer.started")
        client.send("response.cancel")
        client.send("output_audio_buffer.clear")
        done: dict[str, Any] = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"
        await client.until("output_audio_buffer.cleared")
        return client.kinds

    kinds = held(scene, parts(saying("One two three four five six seven eight nine.")), edge=Track())
    assert "error" not in kinds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ((None, None, None), 0.15),
        ((100.0, 60.0, 20.0), 0.13),
        ((0.0, 0.0, 0.0), 0.04),
        ((9e9, 0.0, 0.0), 1.0),
        ((-500.0, 20.0, None), 0.04),
    ],
)
def test_how_late_a_client_says_that_it_hears_is_believed_within_bounds(
    told: tuple[float | None, ...], seconds: float
) -> None:
    assert late(*told) == pytest.approx(seconds)


def test_a_reply_in_a_session_of_text_makes_no_sound_on_the_track() -> None:
    async def scene(client: Client) -> list[str]:
        client.send("session.update", session=turns(VAD) | {"output_modalities": ["text"]})
        await client.until("response.done")
        return client.kinds

    kinds = held(scene, edge=Track())
    assert "response.output_text.done" in kinds and "output_audio_buffer.started" not in kinds
