"""A server with known queueing: what a load test is measured with before it measures anyone.

So many lanes, each busy for exactly ``service`` seconds per question, first come, first served. What a
question waits is then plain arithmetic (Lindley's recursion for one lane), and whatever a load test reports
beyond it is its own error. For virtual time; it hears nothing and is told by the script where speech ends.
"""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np

from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm
from pipeline.ring import AudioRing

from .edge import BenchEdge
from .item import Item
from .nulls import beep
from .script import Script
from .session_run import Held, Target


class Lanes:
    """The queue that all sessions share. Times are the loop's, in seconds."""

    def __init__(self, service: float, lanes: int = 1, stall: tuple[float, float] = (0.0, 0.0)) -> None:
        """``service`` is at least a tick (20 ms); in ``stall`` no question is begun."""
        self._service, self._stall = service, stall
        self._free = [0.0] * lanes
        self._asked: list[tuple[float, int]] = []
        self._count = 0
        self._done: dict[int, float] = {}

    def ask(self, at: float) -> int:
        """A question that will be over at this time; returns its number."""
        self._count += 1
        heapq.heappush(self._asked, (at, self._count))
        return self._count

    def answer(self, number: int) -> float | None:
        """When a question's answer begins; None while it is not over yet."""
        while self._asked and self._asked[0][0] <= now():
            at, served = heapq.heappop(self._asked)
            start = max(at, self._free[0])
            start = self._stall[1] if self._stall[0] <= start < self._stall[1] else start
            self._done[served] = start + self._service
            heapq.heapreplace(self._free, self._done[served])
        return self._done.get(number)


class LaneAgent:
    """One session's playout: a beep whenever a lane is done with one of its questions."""

    def __init__(self, script: Script, lanes: Lanes, reply: Pcm | None = None) -> None:
        self._script, self._lanes = script, lanes
        self._reply = beep() if reply is None else reply
        self._asked: list[int] = []
        self._at = 0
        self._began: float | None = None

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE."""
        began = self._began = now() if self._began is None else self._began
        for placed in self._script.placed[len(self._asked) :]:
            self._asked.append(self._lanes.ask(began + placed.end / CAPTURE_RATE))
        out = np.zeros(count, np.float32)
        for number in self._asked:
            done = self._lanes.answer(number)
            if done is not None:
                start = round((done - began) * PLAYOUT_RATE) - self._at
                low, high = max(start, 0), min(start + len(self._reply), count)
                if low < high:
                    out[low:high] += self._reply[low - start : high - start]
        self._at += count
        return out


class LaneCarrier:
    """``load_carriers.Carrier`` to such a server, which takes at most ``capacity`` sessions at a time."""

    alone = False

    def __init__(self, target: Target, lanes: Lanes, capacity: int | None = None) -> None:
        self.target, self.names = target, target.names
        self.lanes, self._left = lanes, capacity

    async def begin(self) -> None:
        """Nothing is loaded."""

    async def ready(self, item: Item) -> LaneCarrier:
        """Raises PeerError where the server is full."""
        if self._left is not None:
            if not self._left:
                raise PeerError("the server is full (HTTP 503)")
            self._left -= 1
        return self

    async def hold(self, item: Item, script: Script, folder: Path) -> Held:
        """One session."""
        edge = BenchEdge(script, seed=item.seed)
        await edge.run(AudioRing(), LaneAgent(script, self.lanes), lambda fact: None)
        return Held(item, edge, {}, "")

    async def end(self) -> None:
        """Nothing to let go of."""
