"""A loudspeaker for sound that comes as a track: every sample has its place on the sender's media clock.

What is played when follows from stamps and arrivals alone: a fixed jitter buffer over the quickest packet of
the last two seconds. Sound that comes too late for its place is heard when it comes, after silence, and all
that follows is later too; in the agent's silence the buffer is made again what it should be. So drifting
clocks and changing ways do not add up, and speech is never stretched. Plays nothing twice.
Pure: the caller says what time it is. Positions are samples at PLAYOUT_RATE since the recording began.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from pipeline.ports import PLAYOUT_RATE, Pcm

from .audible import THRESHOLD

RESYNC = PLAYOUT_RATE
"""Samples by which stamps and arrivals of two packets may differ before the sender's clock counts as set
anew: 1 s. Silence without packets is no such thing as long as the stamps go on through it."""


LATELY = 2 * PLAYOUT_RATE
"""Samples for which a packet's way counts; a sender silent for longer, without packets, begins anew."""


class TrackSink:
    """Plays one agent's track."""

    def __init__(self, jitter: float = 0.0) -> None:
        """``jitter`` seconds lie between the arrival of a packet that comes quickest and its sound."""
        self.gaps = 0
        "How often audible sound was torn: by a packet that came late or not at all."
        self.gap_samples = 0
        self.late = 0
        "Samples that came after newer ones, or twice: never played."
        self.resyncs = 0
        self._jitter = round(jitter * PLAYOUT_RATE)
        self._pieces: list[tuple[int, Pcm]] = []
        self._shift: int | None = None
        "From a stamp to its place in the recording."
        self._next = self._came = self._pulled = self._end = 0
        self._loud = False
        self._ways: deque[tuple[int, int]] = deque()
        "Of late packets: when it came, and that minus its stamp."

    def arrive(self, pcm: Pcm, at: int, stamp: int) -> None:
        """Sound whose first sample lies at ``stamp`` of the sender's clock came at position ``at``."""
        if not len(pcm):
            return
        known, shift, early = self._shift is not None, self._anchor(at, stamp), 0
        if stamp < self._next:
            self.late += len(pcm)
            return
        self._ways.append((at, at - stamp))
        while self._ways[0][0] < at - LATELY:
            self._ways.popleft()
        loud = bool((np.abs(pcm) > THRESHOLD).any())
        if not loud:
            wanted = min(way for _, way in self._ways) + self._jitter
            early = min(max(shift - wanted, 0), len(pcm))
            shift = max(shift - early, wanted)
        shift += max(max(at, self._pulled) - (stamp + early + shift), 0)
        start = stamp + early + shift
        if known and loud and self._loud and start > self._end:
            self.gaps += 1
            self.gap_samples += start - self._end
        if len(pcm) > early:
            self._pieces.append((start, pcm[early:]))
            self._end = start + len(pcm) - early
        self._shift, self._next, self._came, self._loud = shift, stamp + len(pcm), at, loud

    def pull(self, count: int) -> Pcm:
        """The next ``count`` samples; silence where nothing plays."""
        out = np.zeros(count, np.float32)
        until = self._pulled + count
        for start, pcm in self._pieces:
            low, high = max(start, self._pulled), min(start + len(pcm), until)
            if low < high:
                out[low - self._pulled : high - self._pulled] = pcm[low - start : high - start]
        self._pieces = [(start, pcm) for start, pcm in self._pieces if start + len(pcm) > until]
        self._pulled = until
        return out

    def _anchor(self, at: int, stamp: int) -> int:
        """The shift for this packet: as before, or anew for the first and after the sender's clock jumped."""
        moved = stamp - self._next
        near = moved >= -RESYNC and abs(moved - (at - self._came)) <= RESYNC
        if self._shift is not None and near and at - self._came <= LATELY:
            return self._shift
        self.resyncs += self._shift is not None and not near
        self._next = stamp
        self._ways.clear()
        return max(at + self._jitter, self._end) - stamp
