"""Memory of calls that are over, given back at once.

The parts of a call know each other, so that only Python's search for circles finds them; and it searches
seldom, for it counts objects where most of a call is one minute of sound. Must never search through all that
the program holds: that stops every call for a fifth of a second.
"""

from __future__ import annotations

import asyncio
import gc

SOON = 1.0
"""Seconds after a call's end: several that end together cost one search."""


class Tidying:
    """One server's."""

    def __init__(self) -> None:
        self._due: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """A call is over."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(SOON, self._search)

    def stop(self) -> None:
        """Search no more. Idempotent."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _search(self) -> None:
        self._due = None
        gc.collect(2 if gc.get_freeze_count() else 1)


def set_aside() -> None:
    """What is there now stays for good and is not searched again. For a program that only serves."""
    gc.collect()
    gc.freeze()
