"""Tools of the simulated world: one that only looks, one that does something, at declared times.

They keep a record of what was done, which the world shows to its judges. They must never know who called.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipeline.clock import now
from pipeline.prompt import ToolCall, ToolSpec

from .words import ACT, FETCH

TIMEOUT = 2.0
"""Seconds that a call may take."""
_SCHEMA = '{"properties":{"number":{"type":"integer"}},"required":["number"],"type":"object"}'


@dataclass(slots=True)
class Deed:
    """A call that was run."""

    tool: str
    arguments: str
    begun: float
    ended: float | None = None
    "None: it was cut off, or goes on."
    cut: float | None = None
    "When it was cut off."


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One tool of one conversation."""

    spec: ToolSpec
    effects: bool
    dice: random.Random
    deeds: list[Deed]
    asked: list[bool] = field(default_factory=list)
    "What whoever had to confirm has said."
    confirming: bool = False
    timeout: float = TIMEOUT
    told: list[str] = field(default_factory=list)

    @property
    def narration(self) -> str:
        """Another text each time, so that the sound of one call is told from any other's."""
        self.told.append(f"Moment {len(self.told)} of {self.spec.name}.")
        return self.told[-1]

    @property
    def confirm(self) -> Callable[[ToolCall], Awaitable[bool]] | None:
        return self._confirm if self.confirming else None

    async def _confirm(self, _call: ToolCall) -> bool:
        await asyncio.sleep(self.dice.choice([0.0, 0.3]))
        self.asked.append(self.dice.random() < 0.8)
        return self.asked[-1]

    def refused(self, arguments: str) -> str:
        return "" if "number" in json.loads(arguments) else "number missing"

    async def run(self, arguments: str) -> str:
        """Take some time; sometimes too much, or fail."""
        deed = Deed(self.spec.name, arguments, now())
        self.deeds.append(deed)
        try:
            await asyncio.sleep(self.dice.choice([0.0, 0.0, 0.05, 0.05, 0.4, 1.2, 1.9, 5.0]))
        except asyncio.CancelledError:
            deed.cut = now()
            raise
        deed.ended = now()
        if self.dice.random() < 0.1:
            raise OSError("the simulated tool broke")
        return "done"


def hands(seed: int, deeds: list[Deed]) -> tuple[Hand, Hand]:
    """Both tools of this seed's conversation."""
    dice = random.Random(f"hands {seed}")
    return (
        Hand(ToolSpec(FETCH, "Looks.", _SCHEMA), False, dice, deeds),
        Hand(ToolSpec(ACT, "Does.", _SCHEMA), True, dice, deeds, confirming=seed % 2 == 0),
    )
