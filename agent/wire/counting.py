"""What a call's replies take of its brain: counted where it passes, and bounded where the client asked.

It must never guess: what is not counted here is not told. The brain is shared with other calls, and is closed
by whoever owns it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pipeline.events import CommitDraft, Order, StartDraft
from pipeline.ports import Compute, Limits, Piece
from pipeline.prompt import BLOCK

from .told import Spent

_KEPT = 32
"""Drafts whose sound is remembered."""


class Counting:
    """ports.Compute over another one, which it does not own."""

    def __init__(self, brain: Compute, quiet: Callable[[], None] = lambda: None) -> None:
        """``quiet`` is called whenever nothing is being generated any more."""
        self._brain, self._quiet = brain, quiet
        self.generating = 0
        "Generations that go on."
        self.most: int | None = None
        "Pieces of one generation, at most; None: as many as whoever asks allows."
        self._only: int | None = None
        self._written = 0
        self._told = 0
        self._drafts: dict[int, int] = {}
        "Positions of sound that a draft is over."
        self._heard: dict[int, int] = {}
        "The same of a turn's committed draft."

    def for_one(self, most: int | None) -> None:
        """The same for the reply that is made next, until told otherwise; None: as the session."""
        self._only = most

    async def call(self, method: str, *args: Any) -> Any:
        """As the brain's."""
        return await self._brain.call(method, *args)

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """As the brain's; what is generated is counted."""
        if method == "generate":
            args = tuple(self._bounded(each) for each in args)
        stream = self._brain.stream(method, *args)
        self.generating += method == "generate"
        try:
            async with aclosing(stream) as items:  # type: ignore[type-var]  # every Compute.stream is a generator
                async for item in items:
                    self._written += isinstance(item, Piece)
                    yield item
        finally:
            self.generating -= method == "generate"
            if not self.generating:
                self._quiet()

    async def close(self) -> None:
        """The brain is its owner's."""

    def see(self, order: Order) -> None:
        """What is drafted and committed, for the account of a turn."""
        match order:
            case StartDraft(_, draft, listened):
                self._drafts[draft] = -(-len(listened) // BLOCK)
                while len(self._drafts) > _KEPT:
                    del self._drafts[next(iter(self._drafts))]
            case CommitDraft(turn, draft):
                self._heard = {turn: self._drafts.get(draft, 0)}

    def spent(self, turn: int) -> Spent:
        """What was written since this was asked last, thoughts and drafts that were dropped included, and the
        positions of sound that the turn's reply is made over."""
        written, self._told = self._written - self._told, self._written
        sound = self._heard.get(turn, 0)
        return Spent(turn, input_tokens=sound, audio_tokens=sound, output_tokens=written)

    def _bounded(self, given: Any) -> Any:
        most = self.most if self._only is None else self._only
        if isinstance(given, Limits) and most is not None:
            return replace(given, max_tokens=min(given.max_tokens, most))
        return given
