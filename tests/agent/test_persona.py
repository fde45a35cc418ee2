"""What of an agent a brain can be told, and what is said where it cannot."""

from __future__ import annotations

from dataclasses import replace

from agent.persona import Agent, Briefing, briefing, notes
from model.scripted import FACTS
from pipeline.calls import OPEN
from pipeline.prompt import ToolSpec

TOOLS = (ToolSpec("look", "Looks something up.", '{"type": "object"}'),)
AGENT = Agent("Be brief.")
OBEYS = replace(FACTS, name="one", obeys_instructions=True)


def test_a_brain_is_told_what_it_takes() -> None:
    assert briefing(AGENT, FACTS, ()) == Briefing(None)
    assert briefing(AGENT, OBEYS, ()) == Briefing("Be brief.")
    assert briefing(AGENT, OBEYS, TOOLS) == Briefing("Be brief."), "it cannot call tools"
    assert briefing(AGENT, replace(OBEYS, tools="native"), TOOLS) == Briefing("Be brief.", TOOLS)
    assert briefing(AGENT, replace(OBEYS, tools="native"), ()) == Briefing("Be brief.")


def test_a_brain_without_a_form_of_its_own_for_calls_is_told_ours() -> None:
    told = briefing(AGENT, replace(OBEYS, tools="text"), TOOLS)
    assert told.tools == () and told.instructions is not None
    assert told.instructions.startswith("Be brief.")
    assert OPEN in told.instructions and "look" in told.instructions
    assert briefing(AGENT, replace(OBEYS, tools="text"), ()) == Briefing("Be brief.")


def test_what_a_brain_will_not_do_is_said_and_nothing_else() -> None:
    assert notes(Agent(), FACTS, ()) == ()
    assert notes(AGENT, replace(OBEYS, tools="text"), TOOLS) == ()
    told = notes(AGENT, FACTS, TOOLS)
    assert len(told) == 2
    assert "scripted brain takes no instructions" in told[0]
    assert "scripted brain cannot call tools: look will not be used" in told[1]
