"""Turns that a client gives by hand over a WebSocket, in virtual time: with pauses, without, and whole."""

from __future__ import annotations

import asyncio

from call_scene import Client, held, sound, turns

from pipeline.clock import now


def test_turns_by_hand_are_committed_answered_when_asked_for_and_never_by_themselves() -> None:
    async def scene(client: Client) -> tuple[list[str], list[str]]:
        client.send("session.update", session=turns(None))
        client.send("input_audio_buffer.append", audio=sound(1.0))
        client.send("input_audio_buffer.commit")
        await client.until("conversation.item.done")
        await asyncio.sleep(3.0)
        before = list(client.kinds)
        client.send("response.create")
        await client.until("response.done")
        return before, client.kinds

    before, after = held(scene)
    assert "input_audio_buffer.committed" in before
    assert "response.created" not in before
    assert after.count("response.created") == after.count("response.done") == 1
    assert "input_audio_buffer.speech_started" not in after


def test_ten_seconds_given_by_hand_are_one_turn_and_hold_nobody_up() -> None:
    async def scene(client: Client) -> tuple[float, float]:
        client.send("session.update", session=turns(None))
        began = now()
        client.send("input_audio_buffer.append", audio=sound(10.0))
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        done = await client.until("response.done")
        tokens: float = done["response"]["usage"]["input_token_details"]["audio_tokens"]
        return now() - began, tokens

    seconds, positions = held(scene)
    assert positions == 125 and seconds < 2.0


def test_a_session_may_begin_with_turns_by_hand() -> None:
    async def scene(client: Client) -> int:
        client.send("input_audio_buffer.append", audio=sound(0.5))
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        await client.until("response.done")
        return len(client.of("input_audio_buffer.committed"))

    assert held(scene, asked=turns(None)) == 1


def test_a_stream_that_never_stops_is_answered_turn_by_turn() -> None:
    async def scene(client: Client) -> list[int]:
        async with asyncio.TaskGroup() as group:
            stream = group.create_task(client.speak(60.0))
            for count in (1, 2):
                await asyncio.sleep(2.0)
                client.send("input_audio_buffer.commit")
                await asyncio.sleep(0.5)  # the first of the next turn comes before the wish
                client.send("response.create")
                await client.until("response.done", count)
            stream.cancel()
        used = [done["response"]["usage"]["input_token_details"] for done in client.of("response.done")]
        return [each["audio_tokens"] for each in used]

    first, second = held(scene, asked=turns(None))
    assert first == 25 and second > 25  # the second turn began with the first one's end


def test_a_commit_without_speech_is_refused_while_a_detector_tells_turns() -> None:
    async def scene(client: Client) -> str:
        await client.speak(0.0, 1.0)
        client.send("input_audio_buffer.commit")
        code: str = (await client.until("error"))["error"]["code"]
        await client.speak(1.0)
        client.send("input_audio_buffer.commit")
        await client.until("input_audio_buffer.committed")
        return code

    assert held(scene) == "input_audio_buffer_commit_empty"


def test_an_item_of_sound_is_a_turn_by_hand() -> None:
    async def scene(client: Client) -> tuple[str, list[str]]:
        item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": sound(1.0)}]}
        client.send("conversation.item.create", item=item)
        refused = (await client.until("error"))["error"]["param"]
        client.send("session.update", session=turns(None))
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        await client.until("response.done")
        return refused, client.kinds

    refused, kinds = held(scene)
    assert refused == "item.content"
    assert kinds.count("conversation.item.added") == 2  # the user's and the reply's
    assert kinds.count("response.done") == 1


def test_an_item_of_sound_is_heard_whole_however_long_it_is() -> None:
    async def scene(client: Client) -> int:
        parts = [{"type": "input_audio", "audio": sound(4.0)}]
        client.send("conversation.item.create", item={"type": "message", "role": "user", "content": parts})
        client.send("response.create")
        done = await client.until("response.done")
        tokens: int = done["response"]["usage"]["input_token_details"]["audio_tokens"]
        return tokens

    assert held(scene, asked=turns(None)) == 50  # 80 ms each
