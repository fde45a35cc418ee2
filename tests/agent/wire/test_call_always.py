"""Whatever a client sends, in whatever order: a call answers, raises nothing, and goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from call_scene import ABLE, Client, Track, held, parts, session, sound, turns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from model.scripted import Answer
from pipeline.prompt import Prompt, Text

MANY = 6
"""Orders that are tried; hundreds were, by hand."""
_TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}


def _message(role: str, kind: str) -> dict[str, Any]:
    return {
        "type": "message",
        "role": role,
        "content": [{"type": kind, "text": "call" if role == "user" else "x"}],
    }


_EVENTS: list[dict[str, Any]] = [
    {"type": "session.update", "session": turns(None)},
    {"type": "session.update", "session": turns({"type": "server_vad", "silence_duration_ms": 200})},
    {"type": "session.update", "session": turns({"type": "semantic_vad", "create_response": False})},
    {"type": "session.update", "session": session(output_modalities=["text"])},
    {"type": "session.update", "session": session(output_modalities=["audio"], tools=[_TOOL])},
    {"type": "session.update", "session": session(instructions="Be brief.", hocket={"events": True})},
    {"type": "session.update", "session": session(tool_choice="none")},
    {"type": "session.update", "session": session(audio={"output": {"format": {"type": "audio/pcmu"}}})},
    {"type": "input_audio_buffer.append", "audio": sound(0.4)},
    {"type": "input_audio_buffer.append", "audio": sound(0.4, 0.0)},
    {"type": "input_audio_buffer.append", "audio": "!"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "conversation.item.create", "item": _message("user", "input_text")},
    {"type": "conversation.item.create", "item": _message("assistant", "output_text"),
     "previous_item_id": "root"},
    {"type": "conversation.item.create", "item": _message("system", "input_text")},
    {"type": "conversation.item.create", "item": {
        "type": "message", "role": "user", "content": [{"type": "input_audio", "audio": sound(0.3)}]}},
    {"type": "response.create"},
    {"type": "response.create", "response": {"output_modalities": ["text"], "metadata": {"a": "b"}}},
    {"type": "response.create", "response": {"conversation": "none", "instructions": "Sum up."}},
    {"type": "response.cancel"},
    {"type": "response.cancel", "response_id": "@response"},
    {"type": "conversation.item.retrieve", "item_id": "@item"},
    {"type": "conversation.item.delete", "item_id": "@item"},
    {"type": "conversation.item.truncate", "item_id": "@item", "content_index": 0, "audio_end_ms": 200},
    {"type": "conversation.item.create", "item": {
        "type": "function_call_output", "call_id": "@call", "output": "1"}},
    {"type": "conversation.item.create", "item": _message("user", "input_text"), "previous_item_id": "@item"},
    {"type": "output_audio_buffer.clear"},
    {"type": "hocket.playout", "rtt_ms": 80.0, "jitter_buffer_ms": -3.0},
    {"type": "nonsense"},
]  # fmt: skip


def _script(prompt: Prompt) -> Answer:
    typed = [each.text for part in prompt for each in getattr(part, "parts", ()) if isinstance(each, Text)]
    if typed and typed[-1].startswith("call") and not any(type(part).__name__ == "Called" for part in prompt):
        return Answer("<tool_call>function\nlook\n{}</tool_call>", "heard: a tone\n")
    return Answer("One two three four five.", "heard: a tone\n")


def _filled(event: dict[str, Any], client: Client) -> dict[str, Any]:
    """The event with what the client knows by now in the place of names."""
    items = [each["item"]["id"] for each in client.of("conversation.item.added")]
    responses = [each["response"]["id"] for each in client.of("response.created")]
    calls = [each["call_id"] for each in client.of("response.function_call_arguments.done")]
    known = {"@item": items, "@response": responses, "@call": calls}

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: put(each) for name, each in value.items()}
        return (known[value] or ["none"])[-1] if isinstance(value, str) and value in known else value

    return {name: put(value) for name, value in event.items()}


_STEPS = some.lists(
    some.tuples(some.sampled_from(_EVENTS), some.sampled_from([0.0, 0.0, 0.05, 0.5, 2.5])),
    min_size=4,
    max_size=24,
)


@given(steps=_STEPS, able=some.booleans(), track=some.booleans())
@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_order_of_events_breaks_a_call(
    steps: list[tuple[dict[str, Any], float]], able: bool, track: bool
) -> None:
    async def scene(client: Client) -> None:
        for event, pause in steps:
            client.call.take(_filled(event, client))
            await asyncio.sleep(pause)
        await asyncio.sleep(6.0)  # longer than any reply
        for _ in range(39):  # longer than a tool's patience, where one is waited for
            if len(client.of("response.done")) == len(client.of("response.created")):
                break
            await asyncio.sleep(1.0)
        begun, done = client.of("response.created"), client.of("response.done")
        assert [each["response"]["id"] for each in done] == [
            each["response"]["id"] for each in sorted(begun, key=lambda e: _place(done, e))
        ]
        client.send("conversation.item.retrieve", item_id="none", event_id="alive")
        await asyncio.sleep(0.1)
        assert any(each["error"].get("event_id") == "alive" for each in client.of("error"))
        assert not [each for each in client.of("error") if each["error"]["type"] != "invalid_request_error"]

    facts = replace(ABLE, obeys_instructions=able)
    held(scene, parts(_script, facts), edge=Track(0.5, 1.2) if track else None)


def _place(done: list[dict[str, Any]], begun: dict[str, Any]) -> int:
    """Where among the ended ones this response is."""
    return [each["response"]["id"] for each in done].index(begun["response"]["id"])
