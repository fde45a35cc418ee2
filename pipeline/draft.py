"""A wanted draft and what became of it: the decoder's own account, shared by its lanes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .calling import Step
from .events import StartDraft
from .notebook import Taken
from .prompt import Human, Prompt
from .reading import Reader
from .telling import Telling


@dataclass(slots=True, eq=False)
class Job:
    """One draft, from its order to its end."""

    order: StartDraft
    history: Prompt
    typed: str | None
    notes: tuple[Taken, ...] = ()
    aside: str = ""
    "What the application asks of this reply alone."
    predicted: str = ""
    "How its thought is believed to begin."
    user: Human | None = None
    "What the user gave; None until all of its sound was captured."
    committed: bool = False
    dropped: bool = False
    failed: bool = False
    "The brain could not write it."
    deferred: bool = False
    "Not begun before its commit: speculation is off, or the turn has spent what it may."
    doubt: bool = False
    judged: bool = False
    "What was heard has been read, and found good enough to answer."
    answers: bool = False
    "A word of an answer was written."
    scored: bool = False
    "The policy has been told what the whole thought says of the turn's end."
    phrases: int = 0
    words: int = 0
    steps: list[Step] = field(default_factory=list)
    "Where it called tools."
    said: list[str] = field(default_factory=list)
    "Its phrases since the newest of these."
    reader: Reader = field(default_factory=Reader)
    "Its thought."
    thought_tokens: int = 0
    "Of it, written in this draft."
    telling: Telling | None = None
    "Tells of its thought; None before it has begun."
    thought_over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    "Set whenever something about it changed."
    wait: asyncio.Timeout | None = None
    "While a token is awaited: what ends the waiting."

    def give_up(self) -> None:
        """Write no more; a wait for the engine ends at once."""
        self.dropped = True
        for step in self.steps:
            for pending in step.calls:
                pending.abandon()
        self.news.set()
        self.await_until(0.0)

    def await_until(self, deadline: float | None) -> None:
        """Move the deadline of the present wait, if it has not come already; None: there is none.

        A dropped draft waits for nothing any more.
        """
        if self.wait is not None and not self.wait.expired():
            self.wait.reschedule(0.0 if self.dropped else deadline)
