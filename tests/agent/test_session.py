"""One conversation from its first sample to its receipt, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from session_scene import MISSED, SAID, Room, build, hold, inline, live

from agent.session import AgentSession
from model.scripted import Answer, ByText, ByTurn, ScriptedEngine
from pipeline.clock import simulate
from pipeline.errors import BugError, DeviceError
from pipeline.events import CommitDraft, Hush, PlaybackStarted, SpeechStarted, StartDraft


def test_a_spoken_question_is_answered_after_the_endpoint() -> None:
    room = Room(((1.0, 2.0),))
    held = hold(room)
    assert held.receipt is not None
    assert held.receipt.turns == 1
    assert [e.reply for e in held.session.conversation.exchanges] == ["Here I am."]
    assert 2.2 <= room.heard_at()[0] <= 2.31
    assert held.receipt.latencies == (pytest.approx(0.27, abs=0.05),)


def test_nothing_is_heard_before_the_turn_is_over() -> None:
    room = Room(((1.0, 1.6), (1.8, 2.4)))
    held = hold(room)
    assert held.count(StartDraft) == 2
    assert held.count(CommitDraft) == 1
    assert room.heard_at()[0] >= 2.4 + 0.25 - 0.032  # the detector tells ends to one window of 32 ms


def test_the_greeting_is_spoken_without_being_asked_for() -> None:
    room = Room()
    held = hold(room, greeting="Hello.")
    assert room.heard_at()[0] < 0.2
    assert [(e.user, e.reply) for e in held.session.conversation.exchanges] == [(None, "Hello.")]


def test_a_barge_in_stops_the_voice_and_only_heard_words_are_remembered() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    engine = ScriptedEngine(ByText({}, Answer(words, SAID)), first=0.01, per_token=0.001)
    room = Room(((1.0, 2.0), (3.2, 4.6)), seconds=5.0)
    held = hold(room, engine)
    assert held.count(Hush) >= 1
    reply = held.session.conversation.exchanges[0].reply
    assert words.startswith(reply)
    assert 0 < len(reply) < len(words)
    assert max(t for t in room.heard_at() if t < 4.7) < 3.2 + 0.45


def test_without_echo_cancellation_the_agent_is_not_interrupted_by_its_own_voice() -> None:
    words = "one two three four five six seven eight nine ten"
    engine = ScriptedEngine(ByText({}, Answer(words, SAID)), first=0.01, per_token=0.001)
    held = hold(Room(((1.0, 2.0), (3.0, 4.5)), seconds=9.0, echo="open"), engine)
    assert held.count(Hush) == 0
    assert held.session.conversation.exchanges[0].reply == words


def test_typed_words_are_answered_aloud() -> None:
    engine = ScriptedEngine(ByText({"two plus two": Answer("Four.")}, Answer("What?")), first=0.01)
    room = Room(does={1.0: lambda session: session.type("two plus two")})  # type: ignore[misc]
    held = hold(room, engine)
    assert [e.reply for e in held.session.conversation.exchanges] == ["Four."]
    assert held.count(PlaybackStarted) == 1


def test_closing_ends_within_two_seconds_in_the_middle_of_a_reply() -> None:
    room = Room(((1.0, 2.0),), seconds=60.0, does={2.6: lambda session: session.close("enough")})  # type: ignore[misc]
    held = hold(room)
    assert held.error is None
    assert held.seconds <= 4.7
    assert len(held.session.conversation.exchanges) == 1


def test_a_lost_device_is_an_error_and_no_lost_conversation() -> None:
    held = hold(Room(((1.0, 2.0),), breaks_at=5.0))
    assert isinstance(held.error, DeviceError)
    assert [e.reply for e in held.session.conversation.exchanges] == ["Here I am."]
    assert held.count(SpeechStarted) == 1


def test_a_session_that_was_not_run_has_no_conversation() -> None:
    engine = ScriptedEngine(ByText({}, Answer("Hm.")))

    async def main() -> None:
        session = build(Room(), inline(engine))
        with pytest.raises(BugError, match="has not been started"):
            _ = session.conversation

    simulate(main)


def test_another_device_after_a_gap_changes_latency_and_barge_in() -> None:
    words = "one two three four five six seven eight nine ten"
    engine = ScriptedEngine(ByText({}, Answer(words, SAID)), first=0.01, per_token=0.001)
    room = Room(((1.0, 2.0), (3.6, 5.0)), seconds=9.0, gap_at=0.5)
    held = hold(room, engine)
    assert held.count(Hush) == 0
    assert held.session._running.speaking.output_latency == 0.1


def test_another_brain_knows_of_the_other_device_too() -> None:
    words = "one two three four five six seven eight nine ten"
    engine = ScriptedEngine(ByText({}, Answer(words, SAID)), first=0.01, per_token=0.001)
    hushed: list[Hush] = []

    async def scene(session: AgentSession) -> None:
        session.trace.subscribe(
            lambda entry: hushed.append(entry.item) if isinstance(entry.item, Hush) else None
        )
        await asyncio.sleep(0.7)  # after the gap
        await session.use_brain(inline(engine))
        await session.wait()
        assert session.conversation.exchanges[0].reply == words

    live(scene, inline(engine), Room(((1.0, 2.0), (3.6, 5.0)), seconds=9.0, gap_at=0.5))
    assert not hushed


def test_speech_that_stopped_the_voice_and_is_taken_for_a_nod_is_asked_for_again() -> None:
    """A sum whose last word was cut off by the agent, and misheard for *right*: it got no answer, once."""
    words = "one two three four five six seven eight nine ten eleven twelve"
    nod = ByTurn((Answer(words, SAID), Answer("", "heard: right\n")))
    engine = ScriptedEngine(nod, first=0.01, per_token=0.001)
    room = Room(((1.0, 2.0), (3.2, 4.2)), seconds=9.0)
    held = hold(room, engine)
    assert held.count(Hush) >= 1
    first, second = held.session.conversation.exchanges
    assert words.startswith(first.reply) and len(first.reply) < len(words)
    assert (second.reply, second.whole) == (MISSED, True)
    assert second.user is not None and second.user.parts


def test_an_agent_without_words_for_what_it_missed_says_nothing_more() -> None:
    nod = ByTurn((Answer("one two three four five six seven eight", SAID), Answer("", "heard: right\n")))
    held = hold(Room(((1.0, 2.0), (3.2, 4.2)), seconds=9.0), ScriptedEngine(nod, first=0.01), missed="")
    assert [e.reply for e in held.session.conversation.exchanges[1:]] == [""]
    assert held.error is None
