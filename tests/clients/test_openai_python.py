"""openai's own Python client, version pinned, talks to our server: only its base URL is changed.

Real loopback sockets and real time: the client brings its own event loop's clock. Every event of every test
is held against openai's types.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("openai")

from listening_in import Listening, listening_in
from openai import AsyncOpenAI
from serve_scripted import HEARD, LONG, SHORT

from pipeline.clock import run

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BY_HAND = {"input": {"turn_detection": None}}
VAD = {"input": {"turn_detection": {"type": "server_vad"}, "transcription": {"model": "gpt-4o-transcribe"}}}
TURN = [
    "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
    "conversation.item.added", "conversation.item.done", "response.created", "response.output_item.added",
    "conversation.item.added", "response.content_part.added", "response.output_audio.delta",
    "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
    "response.output_item.done", "conversation.item.done", "response.done",
]  # fmt: skip


def talk(url: str, what: Callable[[Listening], Awaitable[None]], **session: Any) -> Listening:
    """One call from its beginning to its end."""

    async def main() -> Listening:
        async with listening_in(url, **session) as call:
            await what(call)
        return call

    return run(main)


async def typed(call: Listening, text: str) -> str:
    """Put a message of the user's; the id of its item."""
    content = [{"type": "input_text", "text": text}]
    await call.send.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    return str((await call.until("conversation.item.done"))["item"]["id"])


async def refusal(call: Listening) -> dict[str, Any]:
    """The error that comes next."""
    async with asyncio.timeout(5):
        while (event := await call.next())["type"] != "error":
            pass
    return event["error"]  # type: ignore[no-any-return]


def subsequence(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(kind in rest for kind in wanted)


def test_a_spoken_turn_is_heard_ended_and_answered_in_the_order_that_clients_know(
    scripted: str, hello: bytes
) -> None:
    async def turn(call: Listening) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call.speak(hello))
            await call.until("response.done")
        if not call.of("conversation.item.input_audio_transcription.completed"):
            await call.until("conversation.item.input_audio_transcription.completed")

    call = talk(scripted, turn, audio=VAD)
    assert subsequence(TURN, call.kinds()), call.kinds()
    begun, stopped = call.of(TURN[0])[0], call.of(TURN[1])[0]
    assert 0 <= begun["audio_start_ms"] < 450 < stopped["audio_end_ms"], "it began after 300 ms of silence"
    (done,) = call.of("response.done")
    assert done["response"]["status"] == "completed"
    (item,) = done["response"]["output"]
    assert item["content"][0]["transcript"] == SHORT
    (heard,) = call.of("conversation.item.input_audio_transcription.completed")
    assert heard["transcript"] == HEARD and heard["item_id"] == begun["item_id"]
    sound = b"".join(base64.b64decode(event["delta"]) for event in call.of("response.output_audio.delta"))
    assert 0.15 < len(sound) / 48_000 < 1.5, "one short word of tones"


def test_a_user_who_begins_to_speak_stops_the_answer(scripted: str, question: bytes) -> None:
    async def barge_in(call: Listening) -> None:
        await typed(call, "count")
        await call.send.response.create()
        first = await call.until("response.output_audio.delta")
        async with asyncio.TaskGroup() as group:
            group.create_task(call.speak(question))
            await call.until("input_audio_buffer.speech_started")
            done = await call.until("response.done")
            assert done["response"]["id"] == first["response_id"]
            assert done["response"]["status"] == "cancelled"
            assert done["response"]["status_details"]["reason"] == "turn_detected"
            await call.send.conversation.item.truncate(
                item_id=first["item_id"], content_index=0, audio_end_ms=600
            )
            await call.until("conversation.item.truncated")
            await call.send.conversation.item.retrieve(item_id=first["item_id"])
            kept = (await call.until("conversation.item.retrieved"))["item"]["content"][0]["transcript"]
            assert LONG.startswith(kept) and len(kept.split()) <= 4, kept
            assert (await call.until("response.done"))["response"]["status"] == "completed"

    talk(scripted, barge_in, audio=VAD)


def test_a_turn_by_hand_is_one_item_and_answered_when_it_is_asked_for(scripted: str, hello: bytes) -> None:
    async def by_hand(call: Listening) -> None:
        await call.send.input_audio_buffer.append(audio=base64.b64encode(hello).decode())
        await call.send.input_audio_buffer.clear()
        await call.until("input_audio_buffer.cleared")
        await call.send.input_audio_buffer.append(audio=base64.b64encode(hello).decode())
        await call.send.input_audio_buffer.commit()
        item = (await call.until("conversation.item.done"))["item"]
        assert item["role"] == "user" and item["content"][0]["type"] == "input_audio"
        assert not call.of("response.created"), "not before response.create"
        await call.send.response.create()
        assert (await call.until("response.done"))["response"]["status"] == "completed"

    call = talk(scripted, by_hand, audio=BY_HAND)
    assert not call.of("input_audio_buffer.speech_started"), "the user said when"


def test_text_is_answered_in_text_and_in_sound_as_the_session_is_told(scripted: str) -> None:
    async def text(call: Listening) -> None:
        await typed(call, "hello")
        await call.send.response.create()
        (item,) = (await call.until("response.done"))["response"]["output"]
        assert item["content"] == [{"type": "output_text", "text": SHORT}]
        written = "".join(event["delta"] for event in call.of("response.output_text.delta"))
        assert written == call.of("response.output_text.done")[0]["text"] == SHORT
        assert not call.of("response.output_audio.delta")
        await call.send.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
        assert (await call.until("session.updated"))["session"]["output_modalities"] == ["audio"]
        await typed(call, "hello again")
        await call.send.response.create()
        (item,) = (await call.until("response.done"))["response"]["output"]
        assert item["content"][0]["transcript"] == SHORT
        assert call.of("response.output_audio.delta")

    talk(scripted, text, output_modalities=["text"])


def test_a_function_is_called_in_the_client_and_its_result_spoken(scripted: str) -> None:
    async def call_it(call: Listening) -> None:
        await typed(call, "what is the weather like")
        await call.send.response.create()
        done = (await call.until("response.done"))["response"]
        assert done["status"] == "completed"
        (wanted,) = [item for item in done["output"] if item["type"] == "function_call"]
        assert (wanted["name"], json.loads(wanted["arguments"])) == ("weather", {"city": "Oslo"})
        assert call.of("response.function_call_arguments.done")[0]["arguments"] == wanted["arguments"]
        await call.send.conversation.item.create(
            item={"type": "function_call_output", "call_id": wanted["call_id"], "output": "rainy"}
        )
        await call.send.response.create()
        (item,) = (await call.until("response.done"))["response"]["output"]
        assert item["content"][0]["transcript"] == "It is rainy."

    talk(scripted, call_it, tools=[WEATHER])


def test_an_answer_can_be_cancelled_once(scripted: str) -> None:
    async def cancel(call: Listening) -> None:
        await call.send.response.create(response={"instructions": "Please count."})
        first = await call.until("response.output_audio_transcript.delta")
        assert LONG.startswith(first["delta"])
        await call.send.response.cancel()
        await call.send.conversation.item.truncate(
            item_id=first["item_id"], content_index=0, audio_end_ms=9_000_000
        )  # at once, as other clients do, and beyond its end: that is what was heard
        done = (await call.until("response.done"))["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"]["reason"] == "client_cancelled"
        await call.send.response.cancel(event_id="mine")
        told = await refusal(call)  # pipecat goes on at this code alone, livekit at these words
        assert (told["code"], told["event_id"]) == ("response_cancel_not_active", "mine")
        assert told["message"].startswith("Cancellation failed")
        await typed(call, "hello")
        await call.send.response.create()
        assert (await call.until("response.done"))["response"]["status"] == "completed"
        assert len(call.of("conversation.item.truncated")) == 1

    talk(scripted, cancel, instructions="be brief")


def test_beside_the_conversation_something_else_can_be_asked(scripted: str) -> None:
    async def beside(call: Listening) -> None:
        ask = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "count"}]}
        await call.send.response.create(
            response={
                "conversation": "none", "metadata": {"topic": "counting"}, "output_modalities": ["text"],
                "input": [ask], "instructions": "Count.",
            }  # type: ignore[typeddict-item, list-item]
        )  # fmt: skip
        done = (await call.until("response.done"))["response"]
        assert done["metadata"] == {"topic": "counting"}
        assert done["output"][0]["content"][0]["text"] == LONG
        assert not call.of("conversation.item.added"), "it is in no conversation"

    talk(scripted, beside)


def test_items_are_put_shown_and_deleted(scripted: str) -> None:
    async def items(call: Listening) -> None:
        name = await typed(call, "hello")
        await call.send.conversation.item.retrieve(item_id=name)
        shown = (await call.until("conversation.item.retrieved"))["item"]
        assert shown["content"][0]["text"] == "hello"
        await call.send.conversation.item.delete(item_id=name)
        assert (await call.until("conversation.item.deleted"))["item_id"] == name
        await call.send.conversation.item.retrieve(item_id=name, event_id="gone")
        told = await refusal(call)
        assert (told["code"], told["event_id"]) == ("item_retrieve_invalid_item_id", "gone")

    talk(scripted, items)


MISTAKES: dict[str, dict[str, Any]] = {
    "an event of a type that nobody knows": {"type": "response.dance"},
    "sound that is no base64": {"type": "input_audio_buffer.append", "audio": "§§§"},
    "half a sample": {"type": "input_audio_buffer.append", "audio": "AAAA"},
    "a turn without sound": {"type": "input_audio_buffer.commit"},
    "an item that is not there": {"type": "conversation.item.retrieve", "item_id": "item_none"},
    "a rate that is not spoken": {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}},
    },
    "a number that is a word": {
        "type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": "soon",
    },
    "no type at all": {"kind": "session.update"},
}  # fmt: skip


def test_mistakes_are_answered_by_their_name_and_harm_nothing(scripted: str) -> None:
    async def mistakes(call: Listening) -> None:
        for number, (what, event) in enumerate(MISTAKES.items()):
            await call.send.send_raw(json.dumps(event | {"event_id": f"mistake-{number}"}))
            told = await refusal(call)
            assert told["event_id"] == f"mistake-{number}", what
            assert told["type"] == "invalid_request_error" and told["code"] and told["message"], what
        await call.send.send_raw("this is no JSON")
        assert (await refusal(call))["message"]
        await typed(call, "hello")
        await call.send.response.create()
        assert (await call.until("response.done"))["response"]["status"] == "completed"

    talk(scripted, mistakes)


def test_telephone_sound_goes_both_ways(scripted: str) -> None:
    mu = {"format": {"type": "audio/pcmu"}}

    async def telephone(call: Listening) -> None:
        await call.send.input_audio_buffer.append(audio=base64.b64encode(bytes([0xFF]) * 8000).decode())
        await call.send.input_audio_buffer.commit()
        await call.send.response.create()
        await call.until("response.done")

    call = talk(scripted, telephone, audio={"input": mu | {"turn_detection": None}, "output": mu})
    stopped = call.of("response.output_audio.delta")
    sound = b"".join(base64.b64decode(event["delta"]) for event in stopped)
    assert 0.15 < len(sound) / 8000 < 1.5 and len(set(sound)) > 20


def test_a_short_lived_key_opens_one_call_with_its_session(scripted: str) -> None:
    async def main() -> None:
        async with AsyncOpenAI(api_key="any", base_url=f"{scripted}/v1") as client:
            made = await client.realtime.client_secrets.create(
                expires_after={"anchor": "created_at", "seconds": 60},
                session={"type": "realtime", "instructions": "Count slowly."},
            )
        assert made.value.startswith("ek_")
        async with listening_in(scripted, made.value) as call:
            assert call.events[0]["session"]["instructions"] == "Count slowly."

    run(main)
