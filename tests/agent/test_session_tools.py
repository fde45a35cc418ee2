"""Tools in whole conversations: read while the user may go on, done once when they have finished."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from session_scene import Room, build, inline

from agent.session import Agent, AgentSession
from agent.tools import function_tool
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.calling import UNDER_WAY
from pipeline.calls import OPEN, written
from pipeline.clock import now, simulate
from pipeline.events import CommitDraft, Hush, PhraseDrafted, RunTool
from pipeline.ports import BrainFacts
from pipeline.prompt import Called, Heard, Human, Prompt, Reply, System, ToolCall
from pipeline.records import ToolRan
from pipeline.trace import Entry

CALLS = replace(FACTS, tools="native", history_turns=5)
ALONE = replace(CALLS, tools="alone", holds=True)
either = pytest.mark.parametrize("facts", [CALLS, ALONE], ids=["amid words", "in place of words"])
COUNTED = "one two three four five six seven eight nine ten eleven twelve"


def call(name: str, arguments: str = "{}") -> str:
    return written(ToolCall("", name, arguments))


@dataclass
class Scripted:
    """In each turn it says the first text, and after each step the next."""

    texts: tuple[str, ...]
    prompts: list[Prompt] = field(default_factory=list)

    def __call__(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt)
        last = max(index for index, part in enumerate(prompt) if isinstance(part, Human))
        steps = sum(isinstance(part, Called) for part in prompt.parts[last:])
        return Answer(self.texts[min(steps, len(self.texts) - 1)], "heard: a tone\n")


@dataclass
class Held:
    session: AgentSession
    script: Scripted
    entries: list[tuple[float, Any]]

    def when(self, kind: type) -> float:
        return next(at for at, item in self.entries if isinstance(item, kind))

    def of(self, kind: type) -> list[Any]:
        return [item for _, item in self.entries if isinstance(item, kind)]


def hold(
    texts: tuple[str, ...], tools: Sequence[Any], room: Room | None = None, facts: BrainFacts = CALLS
) -> Held:
    async def main() -> Held:
        script = Scripted(texts)
        engine = ScriptedEngine(script, first=0.01, per_token=0.001, facts=facts)
        session = build(room or Room(((1.0, 2.0),)), inline(engine), Agent("Be kind.", tools=tools))
        entries: list[tuple[float, Any]] = []

        def see(entry: Entry) -> None:
            entries.append((now(), entry.item))

        session.trace.subscribe(see)
        await session.run()
        return Held(session, script, entries)

    return simulate(main)


@function_tool(effects=False)
async def look() -> str:
    """Looks."""
    return "rain"


@function_tool(effects=False)
async def break_off() -> str:
    """Waits for something that is cancelled."""
    raise asyncio.CancelledError


class Lamp:
    """Something that can be done, and takes a while."""

    def __init__(self, takes: float = 0.1) -> None:
        self.takes, self.lit = takes, list[float]()

    async def light(self) -> str:
        """Lights the lamp."""
        self.lit.append(now())
        await asyncio.sleep(self.takes)
        return "it is lit"


def test_what_only_reads_is_read_before_the_turn_is_known_to_be_over() -> None:
    held = hold(("Well. " + call("look"), "It rains."), [look])
    assert held.when(RunTool) < held.when(CommitDraft)
    (exchange,) = held.session.conversation.exchanges
    assert exchange.reply == "Well. It rains."
    assert [(step.said, step.results[0].content) for step in exchange.called] == [("Well.", "rain")]
    parts = held.session.conversation.history().parts
    assert [type(part) for part in parts] == [System, Human, Called, Heard]
    assert parts[-1] == Heard("It rains.")


def test_a_brain_that_calls_in_place_of_words_thinks_beside_them_with_tools_too() -> None:
    held = hold((call("look"), "It rains."), [look], facts=ALONE)
    assert held.when(RunTool) < held.when(CommitDraft)
    assert {phrase.text for phrase in held.of(PhraseDrafted)} == {"It rains."}
    (exchange,) = held.session.conversation.exchanges
    assert [(step.said, step.results[0].content) for step in exchange.called] == [("", "rain")]
    replies = [prompt.parts[-1] for prompt in held.script.prompts]
    beside = [(reply.thinking, reply.thoughts) for reply in replies if isinstance(reply, Reply)]
    assert (False, "heard: a tone\n") in beside, "words were written from a thought of their own generation"
    amid = hold((call("look"), "It rains."), [look])
    assert all(prompt.parts[-1] == Reply() for prompt in amid.script.prompts)


@either
def test_what_has_effects_is_done_once_and_only_after_the_commit_although_drafts_wanted_it_before(
    facts: BrainFacts,
) -> None:
    lamp = Lamp()
    room = Room(((1.0, 1.6), (1.8, 2.4)))
    held = hold((call("light"), "It is lit."), [lamp.light], room, facts)
    assert len(held.of(CommitDraft)) == 1
    assert len(lamp.lit) == 1
    assert lamp.lit[0] >= held.when(CommitDraft)
    assert [ran.name for ran in held.of(ToolRan)] == ["light"]


@either
def test_a_long_call_is_talked_over_and_the_words_are_in_the_history_after_the_call(
    facts: BrainFacts,
) -> None:
    slow = Lamp(3.0)
    tool = function_tool(narration="Looking for the switch.")(slow.light)
    held = hold((call("light"), "It is lit."), [tool], Room(((1.0, 2.0),), seconds=10.0), facts)
    (exchange,) = held.session.conversation.exchanges
    assert exchange.reply == "Looking for the switch. It is lit."
    assert exchange.called[0].said == ""
    assert exchange.whole


def test_an_effect_under_way_at_a_barge_in_is_done_once_and_its_result_is_known_later() -> None:
    lamp = Lamp(3.0)
    room = Room(((1.0, 2.0), (3.2, 4.4), (7.0, 8.0)), seconds=10.0)
    held = hold((f"{COUNTED} {call('light')}", "It is lit."), [function_tool(lamp.light)], room)
    assert held.of(Hush)
    first = held.session.conversation.exchanges[0]
    assert COUNTED.startswith(first.reply) and first.reply
    assert first.called[0].said == first.reply
    assert first.called[0].results[0].content == "it is lit"
    known = [
        part.results[0].content
        for prompt in held.script.prompts
        for part in prompt.parts[:3]
        if isinstance(part, Called) and part.calls[0].id == "call-1"
    ]
    assert known[0] == UNDER_WAY
    assert known[-1] == "it is lit"
    assert lamp.lit[0] < held.when(Hush)


def test_a_brain_without_a_form_of_its_own_is_told_one_and_a_brain_that_cannot_call_is_told_nothing() -> None:
    told = hold((call("look"), "It rains."), [look], facts=replace(CALLS, tools="text"))
    system = told.script.prompts[0].parts[0]
    assert isinstance(system, System)
    assert OPEN in system.text and "look: Looks." in system.text and not system.tools
    assert told.session.conversation.exchanges[0].reply == "It rains."
    deaf = hold((call("look"), "It rains."), [look], facts=replace(CALLS, tools="no"))
    assert not deaf.of(ToolRan)
    assert "look" not in str(deaf.script.prompts[0].parts[:-2])


@pytest.mark.parametrize(
    "text",
    [call("look", "[1]"), call("fly"), call("look", '{"x": 1}'), call("break_off")],
    ids=["no object", "unknown", "misfit", "cancelled from within"],
)
@either
def test_a_wrong_call_is_answered_in_words_and_nothing_of_it_is_spoken(facts: BrainFacts, text: str) -> None:
    held = hold((text, "I cannot."), [look, break_off], facts=facts)
    assert [ran.failed for ran in held.of(ToolRan)] == [True]
    assert {phrase.text for phrase in held.of(PhraseDrafted)} == {"I cannot."}
    assert held.session.conversation.exchanges[0].reply == "I cannot."
