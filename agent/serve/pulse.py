"""Whether the server keeps time. One that is late with all takes no more calls, and keeps those it has.

Looks at the loop only: what is late for it is late for every call.
"""

from __future__ import annotations

import asyncio
from collections import deque

from pipeline.clock import now

BEAT = 0.1
LATE = 0.1
"""Seconds after its time from which a beat is late: half of what a socket's client is sent ahead."""
SEEN = 20
"""Beats that are looked back on: 2 s."""
ENTER, LEAVE = 14, 4
"""Of these so many late ones make a server busy, and so few make it free again."""


class Pulse:
    """One server's."""

    def __init__(self) -> None:
        self._late: deque[bool] = deque(maxlen=SEEN)
        self.busy = False

    def beat(self, late: float) -> None:
        """A beat came so many seconds after its time."""
        self._late.append(late > LATE)
        found = sum(self._late)
        self.busy = found > LEAVE if self.busy else found >= ENTER

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            due = now() + BEAT
            await asyncio.sleep(BEAT)
            self.beat(now() - due)
