"""Callbacks of an application: called in order, and never able to hurt the session."""

from __future__ import annotations

import asyncio

import pytest
from session_scene import Room, build, inline, live

from agent.notices import (
    AgentStateChangedEvent,
    CloseEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
)
from agent.session import AgentSession
from agent.speech import SpeechHandle
from agent.subscriptions import Subscriptions
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import UserError
from pipeline.events import Listened, Sample, Span
from pipeline.ports import EarFacts, Transcript
from pipeline.prompt import Audio

BRAIN = ByText({}, Answer("Here I am.", "heard: a tone\n"))


def held(talks: tuple[tuple[float, float], ...] = ()) -> tuple[ScriptedEngine, Room]:
    return ScriptedEngine(BRAIN, first=0.01, per_token=0.001), Room(talks, seconds=60.0)


def test_events_are_asked_for_by_name_or_by_type_and_no_more_once_that_is_enough() -> None:
    told: list[object] = []
    events = Subscriptions(lambda text: pytest.fail(text))
    events.on("close", told.append)
    events.on(CloseEvent, told.append)
    events.tell(CloseEvent("one"))
    events.off("close", told.append)
    events.tell(CloseEvent("two"))
    events.tell(ErrorEvent("stage", "?"))
    assert told == [CloseEvent("one"), CloseEvent("one"), CloseEvent("two")]


def test_what_cannot_be_asked_for_is_told_with_what_can() -> None:
    async def later(event: object) -> None: ...

    events = Subscriptions(lambda text: None)
    with pytest.raises(UserError, match=r"no event 'user_left'; known are user_state_changed, agent_state"):
        events.on("user_left", print)
    with pytest.raises(UserError, match="no event <class 'int'>"):
        events.on(int, print)  # type: ignore[arg-type]  # what a user may well do
    with pytest.raises(UserError, match=r"later is a coroutine function.*give a plain function"):
        events.on("close", later)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="print was not subscribed"):
        events.off("close", print)


def test_a_callback_that_raises_is_told_and_keeps_nobody_from_being_called() -> None:
    faults: list[str] = []
    told: list[object] = []

    def breaks(event: object) -> None:
        raise ValueError("oh")

    events = Subscriptions(faults.append)
    for callback in (breaks, told.append):
        events.on("close", callback)
    events.tell(CloseEvent("one"))
    events.tell(CloseEvent("two"))
    assert told == [CloseEvent("one"), CloseEvent("two")]
    assert len(faults) == 2 and "breaks raised ValueError: oh" in faults[0]


def test_a_callback_for_errors_that_raises_is_called_once() -> None:
    events = Subscriptions(lambda text: events.tell(ErrorEvent("application", text)))
    told: list[ErrorEvent] = []

    def breaks(event: object) -> None:
        raise ValueError("oh")

    events.on("error", breaks)
    events.on("error", told.append)
    events.tell(ErrorEvent("voice", "?"))
    events.tell(ErrorEvent("voice", "!"))
    assert [event.source for event in told].count("application") == 1


def test_a_session_tells_its_events_and_survives_a_callback_that_raises() -> None:
    engine, room = held(((1.0, 2.0),))
    states: list[tuple[str, str]] = []
    created: list[SpeechHandle | None] = []
    errors: list[ErrorEvent] = []
    closed: list[CloseEvent] = []

    def breaks(event: AgentStateChangedEvent) -> None:
        states.append((event.old_state, event.new_state))
        raise RuntimeError("of the application")

    async def scene(session: AgentSession) -> None:
        session.on("agent_state_changed", breaks)
        session.on(SpeechCreatedEvent, lambda event: created.append(event.speech_handle))
        session.on("error", errors.append)
        session.on("close", closed.append)
        await asyncio.sleep(2.5)
        assert session.current_speech is created[0] is not None
        await created[0]
        assert created[0].text == "Here I am."

    live(scene, inline(engine), room)
    assert states == [("listening", "thinking"), ("thinking", "speaking"), ("speaking", "listening")]
    assert [error.source for error in errors] == 3 * ["application"]
    assert "raised RuntimeError: of the application" in errors[0].error
    assert closed == [CloseEvent("closed by the application")]


def test_a_callback_may_speak_and_interrupt() -> None:
    engine, room = held(((1.0, 2.0),))

    async def scene(session: AgentSession) -> None:
        handles: list[SpeechHandle] = []
        session.on("conversation_item_added", lambda item: (
            handles.append(session.say("And another thing.")) if item.text == "Here I am." else None
        ))  # fmt: skip
        await asyncio.sleep(8.0)
        assert [handle.text for handle in handles] == ["And another thing."]

    live(scene, inline(engine), room)


def test_a_callback_at_the_end_of_a_speech_that_raises_is_told_too() -> None:
    engine, room = held()
    errors: list[ErrorEvent] = []

    def breaks(handle: SpeechHandle) -> None:
        raise RuntimeError("too late")

    async def scene(session: AgentSession) -> None:
        session.on("error", errors.append)
        handle = session.say("Hello.")
        handle.add_done_callback(breaks)
        await handle
        called: list[SpeechHandle] = []
        handle.add_done_callback(called.append)
        assert called == [handle], "what is over already is told at once"
        await asyncio.sleep(0.1)

    live(scene, inline(engine), room)
    assert len(errors) == 1 and "too late" in errors[0].error


def test_a_callback_that_cancels_or_takes_itself_off_as_it_raises_hurts_nobody() -> None:
    engine, room = held()

    async def scene(session: AgentSession) -> None:
        def cancelled(event: object) -> None:
            raise asyncio.CancelledError

        def once(event: object) -> None:
            session.off("error", once)
            raise RuntimeError("twice")

        session.on("speech_created", cancelled)
        session.on("error", once)
        assert (await session.say("Hello.")).text == "Hello."
        await asyncio.sleep(0.1)
        assert not session.over

    live(scene, inline(engine), room)


def test_a_callback_that_asks_for_more_than_can_wait_is_told_and_hurts_nobody() -> None:
    engine, room = held()

    async def scene(session: AgentSession) -> None:
        def floods(event: object) -> None:
            session.off("speech_created", floods)
            while True:
                session._emit(Listened(Span(Sample(0), Sample(0))))

        errors: list[ErrorEvent] = []
        session.on("error", errors.append)
        session.on("speech_created", floods)
        assert (await session.say("Hello.")).text == "Hello."
        assert len(errors) == 1 and "is full" in errors[0].error

    live(scene, inline(engine), room)


def test_a_coroutine_that_a_callback_gives_back_is_told_and_not_left_lying() -> None:
    engine, room = held()

    async def later(event: object) -> None:
        return None

    async def scene(session: AgentSession) -> None:
        errors: list[ErrorEvent] = []
        session.on("error", errors.append)
        session.on("speech_created", lambda event: later(event))
        await session.say("Hello.")
        assert "gave back a coroutine, which nobody awaits" in errors[0].error

    live(scene, inline(engine), room)


def test_a_callback_can_be_given_by_a_decorator() -> None:
    engine, room = held()

    async def scene(session: AgentSession) -> None:
        turns: list[int] = []

        @session.on("speech_created")
        def created(event: SpeechCreatedEvent) -> None:
            turns.append(event.turn)

        await session.say("Hello.")
        session.off("speech_created", created)
        await session.say("Goodbye.")
        assert turns == [1]

    live(scene, inline(engine), room)


class Ear:
    """Writes down how long the sound was."""

    def facts(self) -> EarFacts:
        return EarFacts("counting ear", streams=True)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        return Transcript(f"{audio.seconds:.0f} seconds", final=final)


def test_an_ear_beside_the_brain_writes_the_users_words_down() -> None:
    engine, room = held(((1.0, 3.0),))

    async def main() -> None:
        session = build(room, inline(engine), ear=InlineCompute(Ear()))
        told: list[UserInputTranscribedEvent] = []
        items: list[tuple[str, str]] = []
        session.on("user_input_transcribed", told.append)
        session.on("conversation_item_added", lambda item: items.append((item.role, item.text)))
        async with session:
            await asyncio.sleep(8.0)
        assert [event.is_final for event in told] == [False] * (len(told) - 1) + [True]
        assert (told[-1].transcript, told[-1].source, told[-1].turn) == ("2 seconds", "counting ear", 1)
        assert items == [("user", "2 seconds"), ("assistant", "Here I am.")]

    simulate(main)
