"""Calls of a draft, from the brain's wish to the tool's result: plain records shared by decoder and tools.

Nothing here runs a tool, and nothing decides when one may run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .events import Draft, Turn
from .prompt import Called, ToolCall, ToolResult, ToolSpec

UNDER_WAY = "This was still under way when the user went on; whether it was done is not known yet."
"""Stands in the history for a result that is not there when its turn ends, until it comes."""


class ToolError(Exception):
    """What a tool raises to tell the brain in words why there is no better result; its text is the result."""


class Tool(Protocol):
    """Something that a brain may call."""

    @property
    def spec(self) -> ToolSpec: ...

    @property
    def effects(self) -> bool:
        """It may change something in the world; False: it only reads, and may be called for a draft."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds that it may take."""
        ...

    @property
    def narration(self) -> str | None:
        """Said when it takes long; None: the usual words, empty: nothing."""
        ...

    @property
    def confirm(self) -> Callable[[ToolCall], Awaitable[bool]] | None:
        """Asked before it is run; None: nobody needs to be asked."""
        ...

    def refused(self, arguments: str) -> str:
        """Why it cannot be called with this JSON text, for the brain to read; "" where it can."""
        ...

    async def run(self, arguments: str) -> str:
        """Do it. Whatever it raises becomes a failed result that the brain reads."""
        ...


@dataclass(slots=True, eq=False)
class Pending:
    """One call, from its being told to its result."""

    turn: Turn
    draft: Draft
    call: ToolCall
    tool: Tool | None
    "None: there is no tool of that name."
    effects: bool
    "Running it may change something: its arguments can be taken, and the tool does not only read."
    news: Callable[[], None]
    "Called when its result is there."
    result: ToolResult | None = None
    begun: bool = False
    "The tool itself has been started."
    given_up: bool = False
    scope: asyncio.Timeout | None = field(default=None, repr=False)
    "While it runs: what ends the waiting."

    def abandon(self) -> None:
        """Nobody waits for it any more. What has effects and was begun goes on to its end all the same."""
        if self.given_up or self.result is not None:
            return
        self.given_up = True
        going_on = self.effects and self.begun
        if not going_on and self.scope is not None and not self.scope.expired():
            self.scope.reschedule(0.0)


@dataclass(slots=True, eq=False)
class Step:
    """A step of a draft: the calls it made at one place, after so many words."""

    said: str
    "What was said in this draft since the step before."
    words: int
    "Words said in this draft until then."
    calls: list[Pending] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Every result is there."""
        return all(pending.result is not None for pending in self.calls)

    def called(self) -> Called:
        """The step as the brain gets it back, once it is over."""
        results = tuple(pending.result for pending in self.calls if pending.result is not None)
        return Called(tuple(pending.call for pending in self.calls), results, self.said)


def remembered(steps: Sequence[Step], heard: str) -> tuple[Called, ...]:
    """What the history keeps of a reply's calls, with the words that the ear had heard before each.

    A call that never ran is left out; one whose effect is under way stands with ``UNDER_WAY``.
    """
    words, before, kept = heard.split(), 0, list[Called]()
    for step in steps:
        known = [pending for pending in step.calls if pending.result or (pending.effects and pending.begun)]
        if not known:
            continue
        upto = max(before, min(step.words, len(words)))
        results = [
            pending.result or ToolResult(pending.call.id, pending.call.name, UNDER_WAY) for pending in known
        ]
        calls = tuple(pending.call for pending in known)
        kept.append(Called(calls, tuple(results), " ".join(words[before:upto])))
        before = upto
    return tuple(kept)
