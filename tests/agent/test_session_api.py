"""What an application does with a session: start, say, generate_reply, interrupt, close; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from session_scene import Room, build, inline, live

from agent.controls import INSTRUCTED, UNPROMPTED
from agent.notices import CloseEvent
from agent.session import CLOSING, Agent, AgentSession
from model.scripted import FACTS, Answer, ByText, ScriptedEngine
from pipeline.clock import now, simulate
from pipeline.errors import BugError, DeviceError, UserError
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    Ending,
    InterruptRequested,
    Listened,
    PlaybackStarted,
    Sample,
    Say,
    Span,
    Turn,
)
from pipeline.prompt import Human, Prompt, Text

LONG = "one two three four five six seven eight nine ten eleven twelve"
OBEYS = replace(FACTS, name="obedient", obeys_instructions=True, history_turns=9, thinks=False)


def talker(said: str = "Here I am.") -> ScriptedEngine:
    return ScriptedEngine(ByText({}, Answer(said, "heard: a tone\n")), first=0.01, per_token=0.001)


class Obedient(ScriptedEngine):
    """Takes instructions, does not think, and keeps the prompts that it was asked to continue."""

    def __init__(self, table: dict[str, str] | None = None) -> None:
        self.asked: list[Prompt] = []
        answers = {text: Answer(said) for text, said in (table or {}).items()}

        def script(prompt: Prompt) -> Answer:
            self.asked.append(prompt)
            return ByText(answers, Answer("As you wish."))(prompt)

        super().__init__(script, first=0.05, per_token=0.002, facts=OBEYS)


def talked(session: AgentSession) -> list[tuple[bool, str]]:
    return [(e.user is not None, e.reply) for e in session.conversation.exchanges]


# --- beginning and ending -----------------------------------------------------------------------------------


def test_a_session_is_live_when_start_returns_and_over_when_aclose_does() -> None:
    async def main() -> None:
        session = build(Room(seconds=60.0), inline(talker()))
        assert session.agent_state == "initializing"
        await session.start()
        assert session._running.ring.end > 0, "sound is being captured"
        assert session.agent_state == "listening" and not session.over
        await session.aclose()
        assert session.over
        await session.aclose()  # any number of times
        assert (await session.wait()).turns == 0

    simulate(main)


def test_a_device_that_cannot_be_opened_is_told_by_start() -> None:
    async def main() -> None:
        session = build(Room(breaks_at=0.0), inline(talker()))
        with pytest.raises(DeviceError, match="unplugged"):
            await session.start()
        with pytest.raises(UserError, match="is over: make another"):
            await session.start()

    simulate(main)


def test_a_device_that_is_lost_later_is_told_when_the_block_ends() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(3.0)

    with pytest.raises(DeviceError, match="unplugged"):
        live(scene, inline(talker()), Room(breaks_at=2.0))


def test_what_the_block_raises_comes_before_what_the_session_raised() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(3.0)
        raise KeyError("of the application")

    with pytest.raises(KeyError):
        live(scene, inline(talker()), Room(breaks_at=2.0))


@pytest.mark.parametrize("at", [0.5, 1.5, 2.1, 2.26, 2.4, 3.0, 3.5])
def test_a_session_closes_in_two_seconds_whatever_it_does(at: float) -> None:
    async def main() -> None:
        session = build(Room(((1.0, 2.0), (3.2, 4.0)), seconds=60.0), inline(talker(LONG)))
        await session.start()
        await asyncio.sleep(at)
        began = now()
        await session.aclose()
        assert now() - began <= CLOSING
        assert len(asyncio.all_tasks()) == 1, "nothing of it runs on"

    simulate(main)


class Slow(ScriptedEngine):
    """Takes a minute to be there."""

    def cost(self, method: str, result: Any) -> float:
        return 60.0 if method == "facts" else 0.0


def test_a_session_whose_brain_is_still_loading_closes_too() -> None:
    async def main() -> None:
        slow = Slow(ByText({}, Answer("Hm.")))
        session = build(Room(), inline(slow))
        starting = asyncio.get_running_loop().create_task(session.start())
        await asyncio.sleep(1.0)
        began = now()
        await session.aclose()
        assert now() - began <= CLOSING
        with pytest.raises(UserError, match="closed before it was live"):
            await starting

    simulate(main)


class Deaf(Room):
    """An edge that does not let itself be cancelled."""

    async def run(self, *given: Any) -> None:
        try:
            await super().run(*given)
        except asyncio.CancelledError:
            await asyncio.sleep(30.0)


def test_a_stage_that_does_not_stop_is_left_behind() -> None:
    async def main() -> None:
        session = build(Deaf(seconds=60.0), inline(talker()))
        await session.start()
        began = now()
        await session.aclose()
        assert now() - began <= CLOSING
        await asyncio.sleep(31.0)

    simulate(main)


def test_closing_before_the_start_makes_starting_an_error() -> None:
    async def main() -> None:
        session = build(Room(), inline(talker()))
        await session.aclose()
        with pytest.raises(UserError, match="started once, and this one is closed"):
            await session.start()

    simulate(main)


def test_cancelling_run_stops_all_of_it() -> None:
    async def main() -> None:
        running = asyncio.get_running_loop().create_task(build(Room(seconds=60.0), inline(talker())).run())
        await asyncio.sleep(1.0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert len(asyncio.all_tasks()) == 1

    simulate(main)


def test_a_session_whose_policy_breaks_tells_it_and_ends_like_any_other() -> None:
    async def main() -> None:
        session = build(Room(seconds=60.0), inline(talker()))
        told: list[object] = []
        session.on("error", told.append)
        session.on("close", told.append)
        await session.start()
        handle = session.say(LONG)
        await asyncio.sleep(0.5)
        session._emit(DraftFinished(Turn(1), Draft(99), Ending.COMPLETE))
        await handle
        assert handle.interrupted
        with pytest.raises(BugError, match="never ordered"):
            await session.wait()
        assert told[0].source == "conductor" and told[1:] == [CloseEvent("conductor failed")]  # type: ignore[attr-defined]
        await session.aclose()

    simulate(main)


def test_a_session_closes_even_where_nobody_takes_its_facts() -> None:
    async def main() -> None:
        session = build(Room(seconds=60.0), inline(talker()))
        await session.start()
        for _ in range(session._facts.size - len(session._facts)):  # no step of the loop lies between
            session._emit(Listened(Span(Sample(0), Sample(0))))
        began = now()
        await session.aclose()
        assert session.over and now() - began <= CLOSING

    simulate(main)


ASKS: list[Callable[[AgentSession], object]] = [
    lambda session: session.say("Hello."),
    lambda session: session.generate_reply(user_input="Hello."),
    lambda session: session.interrupt(),
]


@pytest.mark.parametrize("ask", ASKS, ids=["say", "generate_reply", "interrupt"])
def test_what_needs_a_live_session_says_so(ask: Callable[[AgentSession], object]) -> None:
    async def main() -> None:
        session = build(Room(seconds=60.0), inline(talker()))
        with pytest.raises(UserError, match=r"has not been started: await session\.start\(\)"):
            ask(session)
        await session.start()
        await session.aclose()
        with pytest.raises(UserError, match="needs a live session, and this one is over"):
            ask(session)

    simulate(main)


# --- say ----------------------------------------------------------------------------------------------------


def test_what_is_said_can_be_awaited() -> None:
    async def scene(session: AgentSession) -> None:
        handle = session.say("Good morning.")
        assert not handle.done() and handle.turn is None
        assert await handle is handle
        assert (handle.text, handle.interrupted, handle.source) == ("Good morning.", False, "say")
        assert session.current_speech is None
        assert talked(session) == [(False, "Good morning.")]

    live(scene, inline(talker()))


def test_speeches_wait_for_each_other_in_the_order_of_asking() -> None:
    async def scene(session: AgentSession) -> None:
        handles = [session.say(f"Number {name}.") for name in ("one", "two", "three")]
        for handle in handles:
            await handle.wait_for_playout()
        assert [handle.text for handle in handles] == ["Number one.", "Number two.", "Number three."]
        assert [handle.turn for handle in handles] == [1, 2, 3]

    live(scene, inline(talker()))


def test_what_is_said_while_the_user_speaks_is_heard_after_their_answer() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)  # in the middle of the user's turn
        handle = session.say("Your taxi is here.")
        await handle.wait_for_playout()
        assert talked(session) == [(True, "Here I am."), (False, "Your taxi is here.")]

    live(scene, inline(talker()), Room(((1.0, 2.0),), seconds=60.0))


def test_what_waits_too_long_is_told_at_once() -> None:
    async def scene(session: AgentSession) -> None:
        for number in range(9):
            session.say(f"{number}.")
        with pytest.raises(UserError, match="8 speeches wait for the floor already"):
            session.say("One more.")

    live(scene, inline(talker()))


def test_nothing_cannot_be_said() -> None:
    async def scene(session: AgentSession) -> None:
        with pytest.raises(UserError, match="nothing to say"):
            session.say("  ")

    live(scene, inline(talker()))


def test_a_session_that_ends_ends_what_is_awaited() -> None:
    async def scene(session: AgentSession) -> None:
        sounding, waiting = session.say(LONG), session.say("Later.")
        await asyncio.sleep(0.5)
        session.close()
        await sounding
        await waiting
        assert sounding.interrupted and LONG.startswith(sounding.text) and sounding.text
        assert waiting.interrupted and not waiting.text

    live(scene, inline(talker()))


# --- interrupt ----------------------------------------------------------------------------------------------


def test_an_interrupted_speech_ends_with_the_words_that_were_heard() -> None:
    async def scene(session: AgentSession) -> None:
        handle = session.say(LONG)
        await asyncio.sleep(1.0)
        began = now()
        assert await handle.interrupt() is handle
        assert now() - began < 0.1
        assert handle.interrupted and handle.text and LONG.startswith(handle.text)
        assert talked(session) == [(False, handle.text)]
        assert handle.interrupt().done(), "twice is once"

    live(scene, inline(talker()))


def test_interrupting_one_speech_leaves_the_next_one() -> None:
    async def scene(session: AgentSession) -> None:
        first, second = session.say(LONG), session.say("The second.")
        await asyncio.sleep(0.5)
        first.interrupt()
        await second
        assert (first.interrupted, second.text) == (True, "The second.")

    live(scene, inline(talker()))


def test_a_speech_that_waits_can_be_withdrawn() -> None:
    async def scene(session: AgentSession) -> None:
        first, second = session.say("The first."), session.say("The second.")
        second.interrupt()
        assert second.done() and second.interrupted and not second.text
        await first
        await asyncio.sleep(2.0)
        assert talked(session) == [(False, "The first.")]

    live(scene, inline(talker()))


def test_a_speech_that_is_interrupted_on_its_way_to_the_policy_is_never_heard() -> None:
    async def scene(session: AgentSession) -> None:
        began, handle = now(), session.say("Never mind.").interrupt()
        await handle
        assert now() == began
        assert handle.interrupted and not handle.text
        await asyncio.sleep(1.0)
        assert talked(session) == [], "nothing was heard: there is nothing to remember"

    live(scene, inline(talker()))


def test_interrupting_the_session_silences_all_of_it() -> None:
    async def scene(session: AgentSession) -> None:
        handles = [session.say(LONG), session.say("Later."), session.say("Later still.")]
        await asyncio.sleep(0.5)
        assert session.interrupt() is handles[0]
        for handle in handles:
            await handle
            assert handle.interrupted
        await asyncio.sleep(2.0)
        assert len(talked(session)) == 1 and session.agent_state == "listening"
        assert session.interrupt() is None, "in silence there is nothing to interrupt"

    live(scene, inline(talker()))


def test_a_reply_to_the_user_is_interrupted_likewise_and_the_next_turn_is_as_usual() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(2.8)
        handle = session.current_speech
        assert handle is not None and (handle.requested, handle.source) == (False, "generate_reply")
        await handle.interrupt()
        await asyncio.sleep(15.0)
        replies = [reply for _, reply in talked(session)]
        assert LONG.startswith(replies[0]) and 0 < len(replies[0]) < len(LONG)
        assert len(replies) == 2, "the user's next words are answered"

    live(scene, inline(talker(LONG)), Room(((1.0, 2.0), (4.0, 5.0)), seconds=60.0))


# --- generate_reply -----------------------------------------------------------------------------------------


def test_a_users_words_are_answered_and_remembered() -> None:
    brain = Obedient({"two plus two": "Four."})

    async def scene(session: AgentSession) -> None:
        handle = session.generate_reply(user_input="two plus two")
        await handle
        assert (handle.text, handle.source, handle.requested) == ("Four.", "generate_reply", True)
        assert session.conversation.exchanges[0].user == Human((Text("two plus two"),))

    live(scene, inline(brain))


def test_instructions_count_for_one_reply_and_leave_no_trace_in_the_history() -> None:
    brain = Obedient()

    async def scene(session: AgentSession) -> None:
        await session.generate_reply(user_input="and now?", instructions="Answer in one word.")
        assert session.conversation.exchanges[0].user == Human((Text("and now?"),))
        asked = brain.asked[-1].parts[-2]
        told = INSTRUCTED.format(instructions="Answer in one word.")
        assert asked == Human((Text("and now?"), Text("\n" + told)))
        await session.generate_reply(user_input="again")
        assert told not in repr(brain.asked[-1])

    live(scene, inline(brain))


def test_an_unprompted_reply_is_written_by_the_brain_and_answers_no_turn_of_the_user() -> None:
    brain = Obedient()

    async def scene(session: AgentSession) -> None:
        handle = session.generate_reply(instructions="Greet the user.")
        await handle
        assert handle.text == "As you wish." and talked(session) == [(False, "As you wish.")]
        assert brain.asked[-1].parts[-2] == Human((Text(INSTRUCTED.format(instructions="Greet the user.")),))
        await session.generate_reply()
        assert UNPROMPTED in repr(brain.asked[-1].parts[-2])

    live(scene, inline(brain))


def test_an_unprompted_reply_waits_for_the_user_and_takes_nothing_of_their_sound() -> None:
    brain = Obedient()

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        handle = session.generate_reply(instructions="Remind them.")
        await handle
        assert [user for user, _ in talked(session)] == [True, False]
        user = session.conversation.exchanges[0].user
        assert user is not None and len(user.parts) == 1

    live(scene, inline(brain), Room(((1.0, 2.0),), seconds=60.0))


def test_an_unprompted_reply_gives_way_to_a_user_who_speaks_before_it_is_heard() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(0.99)
        handle = session.generate_reply(instructions="Say something.")
        began = now()
        await handle
        assert now() - began < 0.2, "as soon as they are heard to speak"
        assert handle.interrupted and not handle.text
        await asyncio.sleep(3.0)
        assert [user for user, _ in talked(session)] == [True]

    brain = Obedient()
    brain._first = 1.0
    live(scene, inline(brain), Room(((1.0, 2.0),), seconds=60.0))


def test_a_brain_that_takes_no_instructions_is_not_given_any() -> None:
    async def scene(session: AgentSession) -> None:
        with pytest.raises(UserError, match="scripted brain takes no instructions"):
            session.generate_reply(instructions="Be brief.")
        with pytest.raises(UserError, match="takes no instructions: give user_input alone"):
            session.generate_reply()
        with pytest.raises(UserError, match="1 to 20000 characters"):
            session.generate_reply(user_input=" ")
        await session.generate_reply(user_input="hello")

    live(scene, inline(talker()))


def test_facts_and_orders_are_all_in_the_trace() -> None:
    async def scene(session: AgentSession) -> None:
        seen: list[type] = []
        session.trace.subscribe(lambda entry: seen.append(type(entry.item)))
        await session.say("Hello.")
        handle = session.generate_reply(user_input="hello")
        await asyncio.sleep(0.6)
        await handle.interrupt()
        assert [kind for kind in seen if kind in (Say, CommitDraft, InterruptRequested, PlaybackStarted)] == [
            Say, PlaybackStarted, CommitDraft, PlaybackStarted, InterruptRequested,
        ]  # fmt: skip

    live(scene, inline(talker()), agent=Agent())


def test_an_unprompted_reply_is_no_turn_of_the_user_and_has_no_latency() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(6.0)
        before = session.receipt()
        assert (before.turns, len(before.latencies)) == (1, 1)
        await session.generate_reply(instructions="Say goodbye.")
        assert (session.receipt().turns, session.receipt().latencies) == (1, before.latencies)
        await session.generate_reply(user_input="goodbye")
        assert session.receipt().turns == 2

    live(scene, inline(Obedient()), Room(((1.0, 2.0),), seconds=60.0))
