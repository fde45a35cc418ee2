"""Slows decoding to a given time per token, so that a small brain shows a large one's timing.

Only for an engine with a thread or process of its own: it blocks. Inline, under virtual time, the same
delay is declared as cost instead (``model.cost``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.clock import monotonic


class Pacer:
    """Holds one generation to at least ``seconds`` per token, counted from its creation."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        if not seconds > 0:
            raise ValueError(f"a pace is a positive number of seconds per token, got {seconds}")
        self._seconds, self._clock = seconds, clock
        self._wait = threading.Event().wait if wait is None else wait
        self._due = clock() + seconds

    def step(self) -> None:
        """Return when the next token is due; one that is late makes the following ones no faster."""
        now = self._clock()
        if now < self._due:
            self._wait(self._due - now)
        self._due = max(now, self._due) + self._seconds
