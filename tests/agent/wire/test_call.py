"""Whole calls in virtual time: a client that speaks JSON, a scripted brain, a voice of tones."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from call_scene import ABLE, Client, held, made, parts, saying, session, sound, turns, typed

from agent.persona import Agent
from model.scripted import Answer, ByText
from pipeline.clock import simulate

VAD = {"type": "server_vad", "silence_duration_ms": 300}
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."


def test_a_spoken_turn_is_answered_and_told_in_the_protocols_order() -> None:
    async def scene(client: Client) -> list[str]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 2.0)
        await client.until("response.done")
        return client.kinds

    kinds = held(scene)
    order = [
        "session.created", "session.updated", "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped", "input_audio_buffer.committed", "conversation.item.added",
        "conversation.item.done", "response.created", "response.output_item.added",
        "response.content_part.added", "response.output_audio.delta", "response.output_audio.done",
        "response.output_audio_transcript.done", "response.content_part.done", "response.output_item.done",
        "response.done",
    ]  # fmt: skip
    assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)


def test_the_words_of_a_reply_are_told_as_they_are_heard_and_are_all_there_at_its_end() -> None:
    async def scene(client: Client) -> tuple[str, str, float]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 3.0)
        done = await client.until("response.done")
        deltas = "".join(each["delta"] for each in client.of("response.output_audio_transcript.delta"))
        return deltas, done["response"]["output"][0]["content"][0]["transcript"], client.heard()

    deltas, whole, seconds = held(scene, parts(saying("Here I am.")))
    assert deltas == whole == "Here I am."
    assert seconds == pytest.approx(0.69, abs=0.05)


def test_a_barge_in_cancels_the_reply_and_a_truncate_leaves_only_what_was_heard() -> None:
    async def scene(client: Client) -> dict[str, Any]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 1.5)
        await client.until("response.output_audio.delta")
        await client.speak(1.5, 0.1)
        done = await client.until("response.done")
        item = done["response"]["output"][0]["id"]
        client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=400)
        await client.until("conversation.item.truncated")
        client.send("conversation.item.retrieve", item_id=item)
        shown = await client.until("conversation.item.retrieved")
        heard = [each.reply for each in client.call.exchanges]
        return {"status": done["response"], "item": shown["item"], "history": heard}

    found = held(scene, parts(saying(LONG)))
    assert found["status"]["status"] == "cancelled"
    assert found["status"]["status_details"]["reason"] == "turn_detected"
    words = found["item"]["content"][0]["transcript"]
    assert words == found["history"][0]
    assert LONG.startswith(words) and 1 <= len(words.split()) <= 3


def test_typed_words_are_answered_when_a_response_is_asked_for() -> None:
    async def scene(client: Client) -> str:
        item = typed("and two?")
        client.send("conversation.item.create", item=item)
        await client.until("conversation.item.done")
        assert not client.of("response.created")
        client.send("response.create")
        done = await client.until("response.done")
        return done["response"]["output"][0]["content"][0]["transcript"]

    script = ByText({"and two?": Answer("Four.")}, Answer("What?"))
    assert held(scene, parts(script)) == "Four."


def test_a_session_of_text_writes_its_replies_and_sends_no_sound() -> None:
    async def scene(client: Client) -> tuple[str, float, list[str]]:
        client.send("session.update", session=session(output_modalities=["text"]))
        item = typed("hello")
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        done = await client.until("response.done")
        return done["response"]["output"][0]["content"][0]["text"], client.heard(), client.kinds

    text, seconds, kinds = held(scene, parts(saying("Hello to you, and to all of yours.")))
    assert text == "Hello to you, and to all of yours."
    assert seconds == 0.0
    assert "response.output_text.delta" in kinds and "response.output_text.done" in kinds
    assert not [kind for kind in kinds if "audio" in kind]


def test_a_second_reply_is_refused_while_one_is_made_and_a_cancel_ends_it() -> None:
    async def scene(client: Client) -> tuple[list[str], dict[str, Any]]:
        item = typed("hi")
        client.send("response.cancel")
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        await client.until("response.output_audio.delta")
        client.send("response.create")
        client.send("response.cancel")
        done = await client.until("response.done")
        return [each["error"]["code"] for each in client.of("error")], done["response"]

    codes, response = held(scene, parts(saying(LONG)))
    assert codes == ["response_cancel_not_active", "conversation_already_has_active_response"]
    assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "client_cancelled")


def test_our_own_events_come_only_to_those_who_ask_for_them() -> None:
    async def scene(client: Client) -> tuple[list[str], list[str]]:
        client.send("session.update", session=turns(VAD))
        await client.speak(0.5, 2.0)
        await client.until("response.done")
        before = list(client.kinds)
        client.send("session.update", session=session(hocket={"events": True}))
        await client.speak(0.5, 2.0)
        await client.until("response.done", 2)
        return before, client.kinds[len(before) :]

    before, after = held(scene)
    assert not [kind for kind in before if kind.startswith("hocket.")]
    assert {"hocket.decision", "hocket.heard", "hocket.user"} <= set(after)


def test_a_finishing_call_ends_after_the_present_reply() -> None:
    async def scene(client: Client) -> dict[str, Any]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 0.6)
        await client.until("response.output_audio.delta")
        client.call.finish()
        await client.over.wait()
        return client.got[-1]

    last = held(scene)
    assert last["type"] == "response.done" and last["response"]["status"] == "completed"


def test_what_a_reply_took_is_counted_and_nothing_else_is_told() -> None:
    async def scene(client: Client) -> dict[str, Any]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 3.0)
        usage: dict[str, Any] = (await client.until("response.done"))["response"]["usage"]
        return usage

    usage = held(scene)
    assert 12 <= usage["input_token_details"]["audio_tokens"] <= 16  # a second and its edges, 80 ms each
    assert usage["input_token_details"]["text_tokens"] == 0
    assert 8 <= usage["output_tokens"] <= 40


def test_turns_that_are_not_to_be_answered_wait_until_a_response_is_asked_for() -> None:
    async def scene(client: Client) -> tuple[list[str], list[str]]:
        client.send("session.update", session=turns({**VAD, "create_response": False}))
        await client.speak(0.6, 1.0)
        await client.speak(0.6, 1.0)
        before = list(client.kinds)
        client.send("response.create")
        await client.until("response.done")
        return before, client.kinds

    before, after = held(scene)
    assert "response.created" not in before
    assert before.count("input_audio_buffer.committed") == 2
    assert after.count("response.done") == 1


def test_our_own_page_is_greeted_once_and_other_clients_are_not() -> None:
    async def page(client: Client) -> str:
        client.send("session.update", session=session(hocket={"events": True}))
        done = await client.until("response.done")
        client.send("session.update", session=session(hocket={"events": True}))
        await asyncio.sleep(5.0)
        assert len(client.of("response.created")) == 1
        words: str = done["response"]["output"][0]["content"][0]["transcript"]
        return words

    async def stock(client: Client) -> int:
        client.send("session.update", session=turns(VAD))
        await asyncio.sleep(5.0)
        return len(client.of("response.created"))

    assert held(page, greets=True).startswith("I'm a practice brain.")
    assert held(stock, greets=True) == 0


def test_a_developers_greeting_is_said_to_everybody() -> None:
    async def scene(client: Client) -> str:
        done = await client.until("response.done")
        words: str = done["response"]["output"][0]["content"][0]["transcript"]
        return words

    assert held(scene, agent=Agent(greeting="Good day.")) == "Good day."


def test_one_reply_of_a_spoken_session_can_be_written_and_the_next_is_spoken_again() -> None:
    async def scene(client: Client) -> list[dict[str, Any]]:
        for asked in ({"output_modalities": ["text"]}, {}):
            client.send("conversation.item.create", item=typed("hi"))
            client.send("response.create", response=asked)
            await client.until("response.done", 2 if not asked else 1)
        return [each["response"]["output"][0]["content"][0] for each in client.of("response.done")]

    written, spoken = held(scene)
    assert written == {"type": "output_text", "text": "Here I am."}
    assert spoken == {"type": "output_audio", "transcript": "Here I am."}


def test_a_long_silence_is_told_of_and_broken_once() -> None:
    async def scene(client: Client) -> int:
        client.send("session.update", session=turns({**VAD, "idle_timeout_ms": 5000}))
        await client.speak(0.6, 1.0)
        await client.until("response.done", 2)
        await asyncio.sleep(20.0)
        return len(client.of("input_audio_buffer.timeout_triggered"))

    assert held(scene) == 1


def test_telephone_sound_is_heard_and_answered_in_kind() -> None:
    async def scene(client: Client) -> float:
        form = {"type": "audio/pcmu"}
        asked = {"input": {"format": form, "turn_detection": None}, "output": {"format": form}}
        client.send("session.update", session=session(audio=asked))
        loud = base64.b64encode(bytes(8000)).decode()
        client.send("input_audio_buffer.append", audio=loud)
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        await client.until("response.done")
        return (
            sum(len(base64.b64decode(each["delta"])) for each in client.of("response.output_audio.delta"))
            / 8000
        )

    assert held(scene) == pytest.approx(0.69, abs=0.05)


def test_the_session_is_told_of_before_a_greeting_begins() -> None:
    async def scene(client: Client) -> list[str]:
        await client.until("response.done")
        return client.kinds

    assert held(scene, agent=Agent(greeting="Good day."))[0] == "session.created"


@pytest.mark.parametrize("how", ["heard out", "cancelled", "barge-in", "truncated"])
def test_nothing_follows_a_reply_that_is_over(how: str) -> None:
    async def scene(client: Client) -> list[str]:
        client.send("session.update", session=turns(VAD | {"create_response": how != "barge-in"}))
        client.send("conversation.item.create", item=typed("hi"))
        client.send("response.create")
        await client.until("response.output_audio_transcript.delta", 2)
        if how == "cancelled":
            client.send("response.cancel")
        if how == "barge-in":
            await client.speak(1.5, 0.5)
        if how == "truncated":
            item = client.of("response.output_item.added")[0]["item"]["id"]
            client.send("response.cancel")
            client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=200)
        await client.until("response.done")
        end = len(client.got)
        await asyncio.sleep(3.0)
        return [kind for kind in client.kinds[end:] if kind.startswith("response.")]

    assert held(scene, parts(saying("One two three four five six seven eight nine."))) == []


def test_what_is_sent_before_the_session_is_there_is_done_in_its_order() -> None:
    async def main() -> list[str]:
        client = Client(made())
        client.send("session.update", session=turns(None))
        client.send("input_audio_buffer.append", audio=sound(10.0))
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        async with asyncio.TaskGroup() as group:
            running = group.create_task(client.call.run())
            group.create_task(client.read())
            await client.until("response.done")
            client.call.close("hung up")
            await running
        return client.kinds

    kinds = simulate(main)
    assert kinds[:2] == ["session.created", "session.updated"]
    assert kinds.index("input_audio_buffer.committed") < kinds.index("response.created")
    assert "error" not in kinds


def test_a_reply_that_could_not_be_asked_for_does_not_stand_in_the_way_of_the_next() -> None:
    async def scene(client: Client) -> tuple[list[str], str]:
        session = client.call._held.session
        for _ in range(9):
            session.say("One two.")
        client.send("response.create")
        await client.until("error")
        session.interrupt()
        await asyncio.sleep(1.0)
        client.send("response.create")
        await asyncio.sleep(5.0)
        codes = [each["error"]["code"] for each in client.of("error")]
        return codes, client.of("response.done")[-1]["response"]["status"]

    assert held(scene, parts(saying(), ABLE)) == (["invalid_request"], "completed")


def test_a_reply_out_of_band_is_cancelled_by_its_own_name() -> None:
    async def scene(client: Client) -> dict[str | None, str]:
        client.send("conversation.item.create", item=typed("hello"))
        client.send("response.create")
        client.send("response.create", response={"conversation": "none", "instructions": "Sum up."})
        begun = [(await client.until("response.created", count))["response"] for count in (1, 2)]
        beside = next(each["id"] for each in begun if each["conversation_id"] is None)
        client.send("response.cancel", response_id=beside)
        await client.until("response.done", 2)
        done = [each["response"] for each in client.of("response.done")]
        return {("beside" if each["id"] == beside else "spoken"): each["status"] for each in done}

    assert held(scene, parts(saying(), ABLE, per_token=0.05)) == {
        "beside": "cancelled",
        "spoken": "completed",
    }
