"""What a client does wrong: each is answered by an error, and the session goes on."""

from __future__ import annotations

from typing import Any

import pytest
from call_scene import ABLE, Client, held, parts, saying, session, sound, turns, typed

from agent.persona import Agent
from agent.tools import function_tool
from agent.wire.refusal import WireError

VAD = {"type": "server_vad", "silence_duration_ms": 300}
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."


def _error(client: Client, count: int = 1) -> dict[str, Any]:
    return client.of("error")[count - 1]["error"]


def test_an_empty_commit_is_an_error_and_a_cleared_buffer_is_empty() -> None:
    async def scene(client: Client) -> list[str]:
        client.send("session.update", session=turns(None))
        client.send("input_audio_buffer.commit", event_id="first")
        client.send("input_audio_buffer.append", audio=sound(1.0))
        client.send("input_audio_buffer.clear")
        client.send("input_audio_buffer.commit", event_id="second")
        await client.until("error", 2)
        assert client.of("input_audio_buffer.cleared")
        return [f"{each['error']['code']} {each['error']['event_id']}" for each in client.of("error")]

    assert held(scene) == [
        "input_audio_buffer_commit_empty first", "input_audio_buffer_commit_empty second",
    ]  # fmt: skip


def test_a_bad_session_is_refused_before_there_is_a_call() -> None:
    async def nothing(client: Client) -> None:
        return None

    with pytest.raises(WireError) as refused:
        held(nothing, asked={"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}})
    assert refused.value.problem.param == "session.audio.input.format.rate"


def test_a_tool_named_like_one_of_the_servers_is_refused_and_the_session_goes_on() -> None:
    @function_tool
    def weather() -> str:
        """The weather."""
        return "rain"

    async def scene(client: Client) -> tuple[str, str]:
        client.send("session.update", session=session(tools=[{"type": "function", "name": "weather"}]))
        refused = await client.until("error")
        client.send("session.update", session=session(instructions="Hi."))
        shown = await client.until("session.updated")
        return refused["error"]["param"], shown["session"]["instructions"]

    found = held(scene, parts(saying(), ABLE), agent=Agent("x", tools=(weather,)))
    assert found == ("session.tools", "Hi.")


def test_a_client_that_takes_nothing_is_cut_off_and_holds_no_memory() -> None:
    async def flood(client: Client) -> tuple[bool, int]:
        for _ in range(5000):
            client.send("response.cancel")
        return client.call.events.closed, len(client.call.events)

    closed, waiting = held(flood)
    assert closed and waiting <= 2048


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({"type": "nonsense"}, "unknown_event_type", "type"),
        ({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text", "audio"]}},
         "invalid_value", "session.output_modalities"),
        ({"type": "input_audio_buffer.append", "audio": "%%%"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "AAA="}, None, None),
        ({"type": "input_audio_buffer.append", "audio": "AA=="}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": 7}, "invalid_value", "audio"),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id", "item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
        ({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
         "item_truncate_invalid_item_id", "item_id"),
        ({"type": "conversation.item.create", "item": {
            "type": "function_call_output", "call_id": "c", "output": ""}}, "item_not_found", "item.call_id"),
        ({"type": "conversation.item.create", "previous_item_id": "x", "item": {
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]}},
         "item_not_found", "previous_item_id"),
        ({"type": "output_audio_buffer.clear"}, "invalid_event_for_transport", None),
        ({"type": "response.create"}, "nothing_to_answer", None),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_by_an_error_that_names_it_and_harms_nothing(
    event: dict[str, Any], code: str | None, param: str | None
) -> None:
    async def scene(client: Client) -> None:
        client.call.take({**event, "event_id": "mine"})
        client.send("session.update", session=turns(VAD))
        await client.until("session.updated")
        if code is None:
            assert not client.of("error")
        else:
            found = _error(client)
            assert (found["code"], found["param"], found["event_id"]) == (code, param, "mine")
        await client.speak(0.5, 2.0)
        await client.until("response.done")

    held(scene)


def test_what_waits_and_what_instructs_has_bounds() -> None:
    async def scene(client: Client) -> list[str]:
        for _ in range(70):
            client.send("conversation.item.create", item=typed("again"))
        for _ in range(5):
            client.send("conversation.item.create", item=typed("x" * 9000) | {"role": "system"})
        client.send("conversation.item.create", item=typed("y" * 1001))
        await client.until("error", 8)
        return sorted({each["error"]["code"] for each in client.of("error")})

    assert held(scene) == ["string_above_max_length", "too_many_items"]
