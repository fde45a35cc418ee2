"""Speeches that are asked for at awkward moments: none is lost, said twice or waited for in vain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from session_scene import Room, inline, live

from agent.session import Agent, AgentSession
from agent.speech import SpeechHandle
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.clock import now
from pipeline.errors import ModelError


def engine(first: float = 0.01) -> ScriptedEngine:
    return ScriptedEngine(ByText({}, Answer("Here I am.", "heard: a tone\n")), first=first, per_token=0.001)


def room(*talks: tuple[float, float]) -> Room:
    return Room(talks, seconds=60.0)


def replies(session: AgentSession) -> list[str]:
    return [exchange.reply for exchange in session.conversation.exchanges]


async def looked_at() -> None:
    """The policy has seen what was asked, and nothing has happened since."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_the_policy_passed_over_comes_before_what_is_asked_for_after_it() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        one = session.say("One.")
        await looked_at()
        await session.say("Two.")
        assert one.done() and replies(session) == ["Here I am.", "One.", "Two."]

    live(scene, inline(engine()), room((1.0, 2.0)))


@pytest.mark.parametrize("seen", [False, True], ids=["on its way", "passed over"])
@pytest.mark.parametrize("whole", [False, True], ids=["the speech", "the session"])
def test_what_waits_for_the_user_is_withdrawn_at_once(seen: bool, whole: bool) -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        handle = session.say("Never mind.")
        if seen:
            await looked_at()
        (session if whole else handle).interrupt()
        began = now()
        await handle
        assert handle.interrupted and now() - began < 0.5, "not only when the floor is free"
        await asyncio.sleep(6.0)
        assert replies(session) == ["Here I am."]

    live(scene, inline(engine()), room((1.0, 2.0)))


def test_a_reply_that_gives_way_to_typed_words_in_the_same_turn_is_over() -> None:
    async def scene(session: AgentSession) -> None:
        handles: list[SpeechHandle] = []
        session.on("speech_created", lambda created: handles.append(created.speech_handle))
        await asyncio.sleep(2.55)  # committed, not heard yet, and the user goes on
        typed = session.generate_reply(user_input="hello")
        assert [handle.turn for handle in handles] == [1]
        await typed
        assert typed.turn == 1 and handles[0].done() and handles[0].interrupted

    live(scene, inline(engine(first=0.6)), room((1.0, 2.0), (2.45, 3.5)))


@pytest.mark.parametrize("whole", [False, True], ids=["the speech", "the session"])
def test_a_reply_that_is_interrupted_when_the_user_has_gone_on_is_over_and_their_turn_is_answered(
    whole: bool,
) -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(2.55)
        handle, began = session.current_speech, now()
        assert handle is not None and session.user_state == "speaking"
        assert handle.interrupt() is handle if not whole else session.interrupt() is None
        await handle
        assert now() == began and handle.interrupted
        await asyncio.sleep(1.6)
        assert session.current_speech not in (None, handle)
        await asyncio.sleep(3.0)
        assert replies(session) == ["Here I am."]

    live(scene, inline(engine(first=0.6)), room((1.0, 2.0), (2.45, 3.5)))


@pytest.mark.parametrize("text", ["greeting", "failed", "nudge"])
def test_words_are_said_as_they_are_given_whatever_they_mean_elsewhere(text: str) -> None:
    async def scene(session: AgentSession) -> None:
        assert (await session.say(text)).text == text
        assert replies(session) == ["Good morning.", text]

    live(scene, inline(engine()), agent=Agent(greeting="Good morning."))


class Gone(ScriptedEngine):
    """Cannot write."""

    def generate(self, *given: Any, **named: Any) -> Any:
        raise ModelError("its weights are gone")


def test_an_agent_without_an_excuse_makes_none() -> None:
    async def scene(session: AgentSession) -> None:
        handle = await session.generate_reply(user_input="hello")
        assert (handle.text, session.agent_state) == ("", "listening")
        assert (await session.say("Hello.")).text == "Hello."

    live(scene, inline(Gone(lambda prompt: Answer("?"))), agent=Agent(failed=""))


def test_what_the_application_cuts_is_not_counted_as_cut_by_the_user() -> None:
    async def scene(session: AgentSession) -> None:
        handle = session.say("One two three four five six seven eight nine ten.")
        await asyncio.sleep(1.0)
        assert (await handle.interrupt()).text and session.receipt().interrupted == 0

    live(scene, inline(engine()))
