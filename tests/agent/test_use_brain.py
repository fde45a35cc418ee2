"""Another brain in mid-conversation: the heard history stays, and nothing is lost; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from session_scene import Room, build, inline, live

from agent.line import SessionConfig, _left
from agent.notices import CloseEvent
from agent.session import Agent, AgentSession
from agent.tools import function_tool
from agent.turn import TurnConfig
from model.checkpoint import bundled
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.calls import written
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError, UserError
from pipeline.events import CommitDraft, Draft, DraftFinished, Ending, SpeechPaused, StartDraft, Turn
from pipeline.ports import BrainFacts, Judgement
from pipeline.prompt import Audio, Called, Heard, Human, Prompt, System, ToolCall
from pipeline.records import Thought
from pipeline.speculation import SpeculationConfig

HEARS = replace(FACTS, name="hearing", history_turns=1, thinks_while_listening="notes")
READS = replace(
    FACTS, name="reading", obeys_instructions=True, history_turns=20, thinks=False, tools="native", rate=60.0
)
TALKS = ((1.0, 2.0), (7.0, 8.0), (13.0, 14.0), (19.0, 20.0))


class Recorder(ScriptedEngine):
    """Says its name and a number, and keeps every prompt that it was given."""

    def __init__(self, facts: BrainFacts, thoughts: str = "heard: a tone\n") -> None:
        self.asked: list[Prompt] = []
        super().__init__(self._answer, first=0.02, per_token=0.001, facts=facts)
        self._thoughts = thoughts if facts.thinks else ""

    def _answer(self, prompt: Prompt) -> Answer:
        self.asked.append(prompt)
        turns = sum(isinstance(part, Human) for part in prompt)
        return Answer(f"This is the {self._facts.name} brain in turn {turns}.", self._thoughts)

    def history(self) -> tuple[object, ...]:
        """What the newest prompt held before the open turn, instructions aside."""
        return tuple(part for part in self.asked[-1].parts[:-2] if not isinstance(part, System))

    def judge(self, prompt: Prompt, onset: int) -> Judgement:
        return Judgement(0.5, 0.9, 0.05, 0.05)


def replies(session: AgentSession) -> list[str]:
    return [exchange.reply for exchange in session.conversation.exchanges]


def test_brains_take_turns_and_the_history_goes_on() -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)
    first, second = inline(hears), inline(reads)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(5.5)
        assert session.brain.name == "hearing" and session.notes()
        began = now()
        assert await session.use_brain(second) is first
        assert now() == began, "at once, where nobody has the floor"
        assert session.brain.name == "reading" and session.notes() == ()
        await asyncio.sleep(12.0)
        heard = session.conversation.exchanges
        assert [reply.split()[3] for reply in replies(session)] == ["hearing", "reading", "reading"]
        pairs = [part for e in heard[:2] if e.user is not None for part in (e.user, Heard(e.reply))]
        assert reads.history() == tuple(pairs), "sound and words of all that was heard"
        assert all(isinstance(part, Audio) for e in heard if e.user for part in e.user.parts)
        assert reads.asked[-1].parts[0] == System("Be brief.")
        await session.use_brain(first)
        await asyncio.sleep(6.0)
        names = [reply.split()[3] for reply in replies(session)]
        assert names == ["hearing", "reading", "reading", "hearing"]
        assert hears.history() == (heard[2].user, Heard(heard[2].reply)), "as deep as this one reads"
        assert not any(isinstance(part, System) for part in hears.asked[-1])

    live(scene, first, Room(TALKS, seconds=60.0), Agent("Be brief."))


def test_the_new_brain_hears_turns_that_the_old_one_had_no_use_for_any_more() -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(17.5)
        assert len(hears.history()) == 2, "this one reads one pair"
        await session.use_brain(inline(reads))
        await asyncio.sleep(3.5)
        sounds = [part for part in reads.history() if isinstance(part, Human) and part.parts]
        assert len(sounds) == len(replies(session)) - (session.agent_state == "listening") == 3

    live(scene, inline(hears), Room(TALKS, seconds=60.0))


def test_a_reply_in_progress_is_finished_by_the_brain_that_began_it() -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(2.6)
        assert session.agent_state == "speaking"
        speech = session.current_speech
        await session.use_brain(inline(reads))
        assert speech is not None and speech.done() and not speech.interrupted
        assert session.agent_state == "listening" and not reads.asked
        assert replies(session) == ["This is the hearing brain in turn 1."]
        await asyncio.sleep(5.0)
        assert len(replies(session)) == 2 or session.agent_state == "speaking"
        assert reads.asked

    live(scene, inline(hears), Room(TALKS, seconds=60.0))


@pytest.mark.parametrize("at", [1.5, 2.1, 2.27], ids=["while they speak", "in a pause", "when it is due"])
def test_a_turn_that_has_begun_is_answered_by_the_brain_that_heard_it(at: float) -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(at)
        await session.use_brain(inline(reads))
        assert replies(session) == ["This is the hearing brain in turn 1."]

    live(scene, inline(hears), Room(TALKS, seconds=60.0))


def test_what_depends_on_the_brain_is_made_anew() -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)

    async def scene(session: AgentSession) -> None:
        thoughts: list[int] = []
        session.trace.subscribe(
            lambda entry: thoughts.append(entry.item.turn) if isinstance(entry.item, Thought) else None
        )
        await asyncio.sleep(5.5)
        assert set(thoughts) == {1}
        await session.use_brain(inline(reads))
        await asyncio.sleep(6.0)
        assert set(thoughts) == {1}, "this one does not think"
        assert reads.asked[-1].parts[-1] != hears.asked[-1].parts[-1], "nor is it asked to"

    live(scene, inline(hears), Room(TALKS, seconds=60.0))


def test_claps_before_a_question_are_for_brains_that_hear_them() -> None:
    def left(hears: str) -> float:
        mind = SimpleNamespace(ahead=SimpleNamespace(guesses=True), facts=replace(FACTS, hears=hears))
        return _left(TurnConfig(sounds=5.0), mind, "none").sounds  # type: ignore[arg-type]

    assert [left(hears) for hears in ("audio", "speech", "text", "text via whisper")] == [5.0, 0.0, 0.0, 0.0]


def test_only_where_the_voice_can_come_back_is_its_echo_waited_for() -> None:
    mind = SimpleNamespace(ahead=SimpleNamespace(guesses=True), facts=FACTS)

    def left(echo: str) -> float:
        return _left(TurnConfig(), mind, echo).lingers  # type: ignore[arg-type]

    assert [left(echo) for echo in ("none", "cancelled", "open")] == [0.0, *[TurnConfig().lingers] * 2]


def test_a_brain_that_judges_is_asked_to_and_the_next_one_is_not() -> None:
    judges = Recorder(replace(HEARS, judges=True))
    asked: list[float] = []
    judges.judge = lambda prompt, onset: asked.append(now()) or Judgement(0.5, 0.9, 0.05, 0.05)  # type: ignore[func-returns-value,method-assign]

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(5.5)
        assert asked
        count = len(asked)
        await session.use_brain(inline(Recorder(READS)))
        await asyncio.sleep(6.0)
        assert len(asked) == count
        await session.use_brain(inline(judges))
        await asyncio.sleep(6.0)
        assert len(asked) > count

    live(scene, inline(judges), Room(TALKS, seconds=60.0))


def test_words_that_the_agent_said_unasked_reach_a_brain_that_can_use_them() -> None:
    reads = Recorder(READS)

    async def scene(session: AgentSession) -> None:
        await session.say("Your parcel is here.")
        await session.use_brain(inline(reads))
        await session.generate_reply(user_input="what did you say")
        assert Heard("Your parcel is here.") in reads.history()

    live(scene, inline(Recorder(HEARS)))


def test_another_agent_takes_over_between_turns_with_words_and_instructions_of_its_own() -> None:
    reads = Recorder(READS)

    async def scene(session: AgentSession) -> None:
        await session.generate_reply(user_input="hello")
        assert reads.asked[-1].parts[0] == System("One.")
        await session.update_agent(replace(session.agent, instructions="Two."))
        await session.generate_reply(user_input="hello")
        assert reads.asked[-1].parts[0] == System("Two.")
        assert len(replies(session)) == 2 and len(reads.history()) == 2

    live(scene, inline(reads), agent=Agent("One."))


Ask = Callable[[AgentSession, Recorder], Coroutine[Any, Any, Any]]
BOTH: list[Ask] = [
    lambda session, reads: session.use_brain(inline(reads)),
    lambda session, reads: session.update_agent(Agent("Two.")),
]


@pytest.mark.parametrize("asks", [BOTH, BOTH[::-1]], ids=["brain first", "agent first"])
def test_a_brain_and_an_agent_that_wait_together_both_come(asks: list[Ask]) -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)  # while the user speaks
        await asyncio.gather(*(ask(session, Recorder(READS)) for ask in asks))
        assert (session.brain.name, session.agent.instructions) == ("reading", "Two.")

    live(scene, inline(Recorder(HEARS)), Room(TALKS, seconds=60.0), Agent("One."))


@pytest.mark.parametrize("at", [0.5, 1.5], ids=["in silence", "while they speak"])
def test_an_agent_that_cannot_be_changes_nothing(at: float) -> None:
    def undocumented(x: str) -> str:
        return x

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(at)
        with pytest.raises(UserError, match="no docstring"):
            await session.update_agent(Agent("Two.", tools=[undocumented]))
        assert session.agent.instructions == "One."

    live(scene, inline(Recorder(HEARS)), Room(TALKS, seconds=60.0), Agent("One."))


@pytest.mark.parametrize("at", [0.5, 1.5], ids=["in silence", "while they speak"])
def test_a_brain_that_no_mind_can_be_built_of_changes_nothing(at: float) -> None:
    odd = Recorder(replace(READS, thinks=True, continues=True, speaking="by telepathy"))

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(at)
        with pytest.raises(KeyError, match="telepathy"):
            await session.use_brain(inline(odd))
        assert session.brain.name == "hearing"
        await asyncio.sleep(4.0)
        assert replies(session)[0] == "This is the hearing brain in turn 1.", "and it goes on"

    live(scene, inline(Recorder(HEARS)), Room(TALKS, seconds=60.0))


class Silent(ScriptedEngine):
    """Never says what it is."""

    def cost(self, method: str, result: Any) -> float:
        return 1e6


def test_a_session_that_ends_while_a_brain_is_asked_what_it_is_says_so() -> None:
    async def scene(session: AgentSession) -> None:
        changing = asyncio.get_running_loop().create_task(
            session.use_brain(inline(Silent(lambda prompt: Answer("?"))))
        )
        await asyncio.sleep(0.5)
        began = now()
        await session.aclose()
        with pytest.raises(UserError, match="session ended before the change"):
            await changing
        assert now() - began <= 2.0
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1, "nor is it asked any longer"

    live(scene, inline(Recorder(HEARS)))


def test_a_session_that_is_stopping_takes_no_other_brain() -> None:
    class Deaf(Room):
        async def run(self, *given: Any) -> None:
            try:
                await super().run(*given)
            except asyncio.CancelledError:
                await asyncio.sleep(30.0)

    async def main() -> None:
        session = build(Deaf(seconds=60.0), inline(Recorder(HEARS)))
        await session.start()
        session._emit(DraftFinished(Turn(1), Draft(99), Ending.COMPLETE))  # the policy breaks
        await asyncio.sleep(0.5)
        with pytest.raises(UserError, match="session ended before the change"):
            await session.use_brain(inline(Recorder(READS)))
        await asyncio.sleep(31.0)
        assert len(asyncio.all_tasks()) == 1, "no task of a new mind is left behind"

    simulate(main)


def test_instructions_that_wait_are_not_given_to_a_brain_that_takes_none() -> None:
    hears = Recorder(HEARS)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        handle = session.generate_reply(instructions="Sing.")
        await session.use_brain(inline(hears))
        assert (await handle).interrupted and not handle.text
        await asyncio.sleep(4.5)
        assert hears.asked and "Sing." not in repr(hears.asked)

    live(scene, inline(Recorder(READS)), Room(TALKS, seconds=60.0))


def test_a_session_that_ends_first_says_that_nothing_was_changed() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        changing = asyncio.get_running_loop().create_task(session.use_brain(inline(Recorder(READS))))
        await asyncio.sleep(0.1)
        session.close()
        with pytest.raises(UserError, match="session ended before the change"):
            await changing
        with pytest.raises(UserError, match="needs a live session"):
            await session.use_brain(inline(Recorder(READS)))

    live(scene, inline(Recorder(HEARS)), Room(TALKS, seconds=60.0))


def test_a_change_that_nobody_waits_for_any_more_is_not_made() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await session.use_brain(inline(Recorder(READS)))
        await asyncio.sleep(5.0)
        assert session.brain.name == "hearing"

    live(scene, inline(Recorder(HEARS)), Room(TALKS, seconds=60.0))


class Broken(ScriptedEngine):
    """Cannot even say what it is."""

    def facts(self) -> BrainFacts:
        raise ModelError("its weights are gone")


def test_a_brain_that_cannot_be_used_changes_nothing() -> None:
    async def scene(session: AgentSession) -> None:
        with pytest.raises(ModelError, match="its weights are gone"):
            await session.use_brain(inline(Broken(lambda prompt: Answer("?"))))
        assert session.brain.name == "hearing"

    live(scene, inline(Recorder(HEARS)))


def test_the_old_brain_can_be_closed_at_once() -> None:
    hears, reads = Recorder(HEARS), Recorder(READS)
    first = inline(hears)

    async def scene(session: AgentSession) -> None:
        errors: list[object] = []
        session.on("error", errors.append)
        await asyncio.sleep(5.5)
        await session.use_brain(inline(reads))
        await first.close()
        await asyncio.sleep(6.0)
        assert len(replies(session)) == 2 and not errors

    live(scene, first, Room(TALKS, seconds=60.0))


def test_a_session_closes_in_the_midst_of_a_change() -> None:
    async def scene(session: AgentSession) -> None:
        closed: list[CloseEvent] = []
        session.on("close", closed.append)
        await session.use_brain(inline(Recorder(READS)))
        began = now()
        await session.aclose()
        assert now() - began <= 2.0 and len(closed) == 1
        assert len(asyncio.all_tasks()) == 1, "nothing of either mind runs on"

    live(scene, inline(Recorder(HEARS)))


def test_the_bundled_brain_makes_way_and_comes_back() -> None:
    if not (bundled() / "config.json").exists():
        pytest.skip("the bundled model is not here; train it (make train)")
    from model.engine import load_bundled

    engine, reads = load_bundled(), Recorder(READS)
    practice = InlineCompute(engine, engine.cost)

    async def scene(session: AgentSession) -> None:
        await session.generate_reply(user_input="what is two plus two")
        await session.use_brain(inline(reads))
        await session.generate_reply(user_input="and now")
        await session.use_brain(practice)
        await session.generate_reply(user_input="what is three plus four")
        said = replies(session)
        assert len(said) == 3 and said[0] and said[2] and said[1].startswith("This is the reading brain")
        assert reads.history() == (session.conversation.exchanges[0].user, Heard(said[0]))

    live(scene, practice)


# --- a brain that costs money, or is slow -------------------------------------------------------------------


def drafted(facts: BrainFacts, speculation: SpeculationConfig | None = None) -> tuple[list[str], int, int]:
    """In which order pause, draft and commit came, prompts before the commit, and prompts read ahead."""
    brain = Recorder(facts)
    counts: list[int] = []
    read: list[Prompt] = []
    brain.prefill = lambda prompt, session="": read.append(prompt) or 0  # type: ignore[func-returns-value,method-assign]

    async def scene(session: AgentSession) -> list[str]:
        order: list[str] = []

        def see(kind: type) -> None:
            if kind is CommitDraft:
                counts.append(len(brain.asked))
            if kind in (SpeechPaused, StartDraft, CommitDraft):
                order.append(kind.__name__)

        session.trace.subscribe(lambda entry: see(type(entry.item)))
        await asyncio.sleep(5.0)
        assert replies(session), "it is answered all the same"
        return order

    config = SessionConfig(turn=TurnConfig.fixed(0.25), speculation=speculation or SpeculationConfig())
    order = live(scene, inline(brain), Room(((1.0, 2.0),), seconds=60.0), config=config)
    return order, counts[0], len(read)


def test_a_paid_brain_is_asked_nothing_before_the_turn_is_over() -> None:
    order, before, read = drafted(replace(HEARS, paid=True, price=10.0))
    assert (order[-1], before, read) == ("CommitDraft", 0, 0)


def test_a_paid_brain_with_a_budget_drafts_as_any_other() -> None:
    budget = SpeculationConfig(money=0.01)
    assert drafted(replace(HEARS, paid=True, price=10.0), budget)[1:] == drafted(HEARS)[1:]
    assert drafted(HEARS)[1] > 0 < drafted(HEARS)[2]


def test_a_session_says_what_limits_its_working_ahead() -> None:
    async def scene(session: AgentSession) -> None:
        assert any("costs money" in note for note in session.notes())
        await session.use_brain(inline(Recorder(replace(READS, rate=5.0, first=0.5))))
        assert any("takes 2.9 s to a first phrase" in note for note in session.notes())

    live(scene, inline(Recorder(replace(HEARS, paid=True))))


def test_an_effect_that_was_begun_is_finished_and_known_after_the_change() -> None:
    done: list[str] = []

    @function_tool(effects=True)
    async def book(what: str) -> str:
        """Book this."""
        await asyncio.sleep(2.0)
        done.append(what)
        return f"Booked {what}."

    reads, call = Recorder(READS), written(ToolCall("", "book", '{"what": "a table"}'))
    books = ScriptedEngine(lambda prompt: Answer(f"I will. {call}"), first=0.02, facts=READS)

    async def scene(session: AgentSession) -> None:
        handle = session.generate_reply(user_input="a table, please")
        await asyncio.sleep(0.5)
        await handle.interrupt()
        await session.use_brain(inline(reads))
        assert not done
        await asyncio.sleep(3.0)
        assert done == ["a table"], "once, although nobody waits for it"
        await session.generate_reply(user_input="is it booked")
        (step,) = [part for part in reads.asked[-1] if isinstance(part, Called)]
        assert step.results[0].content == "Booked a table."

    live(scene, inline(books), agent=Agent(tools=[book]))
