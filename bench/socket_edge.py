"""The harness's end of a call: ticks on the running loop, each frame sent when its last sample is spoken.

Open loop: ticks keep their times whatever the agent does, and what comes late is played late. Unlike a
session's edge the agent's frame is taken at its end, so that sound is heard at the sample at which it came.
"""

from __future__ import annotations

import asyncio

from pipeline.clock import now
from pipeline.ports import PLAYOUT_RATE, Emit, PlayoutSource
from pipeline.ring import AudioRing

from .edge import TICK, BenchEdge


class SocketEdge(BenchEdge):
    """Both ends of one scripted call. For one run, on whichever loop runs it."""

    began = 0.0
    "When the recording's first sample was, on the loop's clock."

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Play the script into the ring; ends when it does."""
        self.began = now()
        while not self.script.finished:
            due = self.began + (self.punctuality.ticks + 1) * TICK
            await asyncio.sleep(max(due - now(), 0.0))
            self.punctuality.note(now() - due)
            self.tick(source)
            ring.write(self._taken)

    def position(self, moment: float | None = None) -> int:
        """A moment on the loop's clock as a sample of the recording; None: this instant."""
        return round(((now() if moment is None else moment) - self.began) * PLAYOUT_RATE)
