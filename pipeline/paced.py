"""A brain slowed to a given time per token, so that a small one shows a large one's timing.

Each stream has the pace for itself, as concurrent generations have in a batch on a large accelerator; what
it does not show is a large model's reading time. It waits on the loop's clock, real or virtual.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from .clock import now
from .ports import Compute


class PacedCompute:
    """ports.Compute over another one, which it owns: ``close`` closes that too."""

    def __init__(self, brain: Compute, pace: float) -> None:
        """``pace``: seconds per token at least. Raises ValueError unless it is positive."""
        if not pace > 0:
            raise ValueError(f"a pace is a positive number of seconds per token, got {pace}")
        self._brain = brain
        self._pace = pace

    async def call(self, method: str, *args: Any) -> Any:
        """Calls write no tokens: they take as long as they take."""
        return await self._brain.call(method, *args)

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """The same items, none before it is due; one that is late makes the following ones no faster."""
        due = now() + self._pace
        stream = self._brain.stream(method, *args)
        async with aclosing(stream) as items:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for item in items:
                if (wait := due - now()) > 0:
                    await asyncio.sleep(wait)
                if not getattr(item, "confirmed", False):  # all of these come with the first token after them
                    due = max(now(), due) + self._pace
                yield item

    async def close(self) -> None:
        await self._brain.close()
