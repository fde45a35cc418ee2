"""Who speaks: what an application says about its assistant, and what of it a given brain can be told.

Pure. It must never pretend: what a brain cannot do with this agent is said in a sentence (``notes``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.calling import Tool
from pipeline.calls import described
from pipeline.ports import BrainFacts
from pipeline.prompt import ToolSpec


@dataclass(frozen=True, slots=True)
class Agent:
    """What an application says about its assistant."""

    instructions: str = ""
    "Told to brains that obey instructions; the session says so where a brain does not."
    greeting: str | None = None
    "Spoken at the start; None waits for the user."
    failed: str = "Sorry, something went wrong. Please say that again."
    "Spoken instead of a reply that could not be made."
    missed: str = "Sorry, I did not catch that. Please ask me again."
    """Spoken after speech that stopped the agent's voice and then seems to want no answer; empty: the agent
    says nothing more."""
    nudge: str = "Are you still there?"
    "Spoken once into a long silence after a reply, where the turn policy is told to (``nudge_after``)."
    tools: Sequence[Tool | Callable[..., Any]] = ()
    "What the brain may call: functions with ``@function_tool``, or plain typed ones."


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a brain is told of its agent."""

    instructions: str | None
    "None: it does not take any."
    tools: tuple[ToolSpec, ...] = ()
    "Those that it calls in a form of its own."


def briefing(agent: Agent, brain: BrainFacts, tools: tuple[ToolSpec, ...]) -> Briefing:
    """What this brain can be told. ``tools`` are the agent's; one that knows no form of its own for calls is
    told ours in its instructions."""
    if brain.tools == "text":
        told = "\n\n".join(text for text in (agent.instructions, described(tools)) if text)
        return Briefing(told if brain.obeys_instructions or tools else None)
    native = tools if brain.tools != "no" else ()
    return Briefing(agent.instructions if brain.obeys_instructions or native else None, native)


def notes(agent: Agent, brain: BrainFacts, tools: tuple[ToolSpec, ...]) -> tuple[str, ...]:
    """What this brain will not do with this agent, a sentence each."""
    found = []
    if agent.instructions and not brain.obeys_instructions:
        found.append(f"{brain.name} takes no instructions: what this agent was told does not reach it")
    if tools and brain.tools == "no":
        names = ", ".join(tool.name for tool in tools)
        found.append(f"{brain.name} cannot call tools: {names} will not be used")
    return tuple(found)
