"""How loud: of captured sound, of the quiet before a burst, and of the agent's own voice at the sink.

``Meter.pull`` runs in a device's thread: it must never wait, lock or raise, and it changes no sample.
"""

from __future__ import annotations

import math
from collections import deque
from typing import cast

import numpy as np

from .levels import SILENCE, decibels
from .ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, FollowedSource, Pcm, PlayoutProgress, PlayoutSource

_QUIET = 20
"""Percentile of the 20 ms frames that counts as background: speech before a burst does not raise it."""
_BLOCKS = 256
"""Pulls that are remembered: 2.5 s of a device that pulls 10 ms at a time."""


def background(pcm: Pcm) -> float:
    """Level in dBFS of the quieter fifth of captured sound; SILENCE where it is shorter than 100 ms."""
    frames = pcm[len(pcm) % FRAME :].reshape(-1, FRAME)
    if len(frames) < CAPTURE_RATE // FRAME // 10:
        return SILENCE
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    power = float(np.percentile(powers, _QUIET))
    return max(SILENCE, 10.0 * math.log10(power)) if power > 0.0 else SILENCE


class Meter:
    """A ``PlayoutSource`` that passes another one's sound on and remembers how loud it was."""

    def __init__(self, source: PlayoutSource, latency: float = 0.0) -> None:
        self.latency = latency
        "Seconds from a pull to the ear."
        self._source = source
        # Only the sink appends, in one C call under the GIL; the loop copies it in another.
        self._blocks: deque[tuple[int, float]] = deque(maxlen=_BLOCKS)

    @property
    def progress(self) -> PlayoutProgress:
        """As the source's, which must be one that is followed."""
        return cast(FollowedSource, self._source).progress

    def pull(self, count: int) -> Pcm:
        """As the source: exactly ``count`` samples at PLAYOUT_RATE."""
        pcm = self._source.pull(count)
        self._blocks.append((count, decibels(pcm)))
        return pcm

    def loudest(self, since: float, until: float = 0.0) -> float:
        """The loudest pull in dBFS that the ear may have heard between so many seconds ago and so many.

        Time is counted in samples pulled: a sink pulls as fast as it plays.
        """
        first, last = (since + self.latency) * PLAYOUT_RATE, until * PLAYOUT_RATE
        loudest, ago = SILENCE, 0
        for count, level in reversed(tuple(self._blocks)):
            if ago >= first:
                break
            if ago + count > last:
                loudest = max(loudest, level)
            ago += count
        return loudest
