"""Conversations that can be gone on with: a name for each call, good once, and a while after its end.

A client that comes back before we saw it go takes its conversation with it: the older call is ended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from agent.conversation import Exchange
from pipeline.clock import now

from .secrets import Passes


class Resumable(Protocol):
    """A call, as far as going on with it is concerned."""

    async def give_way(self) -> None:
        """End, for the same client has come again."""
        ...

    @property
    def exchanges(self) -> Sequence[Exchange]: ...


class Resumes:
    """One server's. ``seconds`` 0: nothing is kept."""

    def __init__(self, seconds: float, *, most: int = 1000) -> None:
        self._seconds = seconds
        self._kept: Passes[Resumable | tuple[Exchange, ...]] = Passes("re_", now, most=most)

    def begin(self, call: Resumable) -> str:
        """A name under which this call can be gone on with; empty where that is not offered."""
        return self._kept.mint(call, math.inf) if self._seconds else ""

    def ended(self, name: str, exchanges: Sequence[Exchange]) -> None:
        """Its client is gone: the conversation is kept for a while, unless it was taken already."""
        if name and self._kept.take(name) is not None:
            self.keep(name, exchanges)

    def keep(self, name: str, exchanges: Sequence[Exchange]) -> None:
        """For a while; also again, where no call came of what was taken."""
        if name and exchanges:
            self._kept.put(name, tuple(exchanges), self._seconds)

    async def take(self, name: str) -> tuple[Exchange, ...] | None:
        """What was said, once; None where there is nothing under that name any more."""
        kept = self._kept.take(name) if name else None
        if kept is None or isinstance(kept, tuple):
            return kept
        await kept.give_way()
        return tuple(kept.exchanges)
