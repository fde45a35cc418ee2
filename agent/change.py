"""What of a live session is to be another from the next free floor on. Decides and does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from agent.persona import Agent
from pipeline.ports import BrainFacts, Compute


@dataclass(slots=True, eq=False)
class Change:
    """Another brain, or another agent, that waits for the end of the present turn.

    What is None stays as it is then, which may be what a change before this one made of it.
    """

    brain: Compute | None = None
    facts: BrainFacts | None = None
    agent: Agent | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    problem: Exception | None = None
    "Why it could not be made."
    before: Compute | None = None
    "The brain that went; None while the change waits."
    leaving: list[asyncio.Task[None]] = field(default_factory=list)
    "Tasks of its mind."
