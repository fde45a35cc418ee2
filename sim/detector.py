"""A voice detector that is late by declared amounts: loudness with lags drawn as Silero's were measured.

Silero sees an onset 57 ms late in the median and 108 ms at the 90th percentile, an end 80 and 161 ms. The
lags come from a seed and from nothing else.
"""

from __future__ import annotations

import math
import random
from collections import deque

import numpy as np

from pipeline.ports import CAPTURE_RATE, Pcm

ONSET = (0.057, 0.108)
OFFSET = (0.080, 0.161)
"""Median and 90th percentile of the lag in seconds."""
LOUD = 0.005
"""Amplitude from which there is voice: an echo at -20 dB passes for it, room noise does not."""
_DECILE = 1.2816
"""The 90th percentile of a standard normal distribution."""


class LateDetector:
    """ports.VoiceDetector on 32 ms windows."""

    window = 512

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._at = 0
        self._loud = False
        self._voiced = False
        self._changes: deque[tuple[int, bool]] = deque()

    def score(self, window: Pcm) -> float:
        """0.98 or 0.02: whether there was voice, one lag ago."""
        half = self.window // 2
        for start in (0, half):
            self._hear(float(np.abs(window[start : start + half : 4]).max()) > LOUD)
            self._at += half
        while self._changes and self._changes[0][0] <= self._at:
            self._voiced = self._changes.popleft()[1]
        return 0.98 if self._voiced else 0.02

    def reset(self) -> None:
        """Forget what was heard; the lags go on."""
        self._loud = self._voiced = False
        self._changes.clear()

    def _hear(self, loud: bool) -> None:
        if loud == self._loud:
            return
        self._loud = loud
        due = self._at + round(lag(self._dice, ONSET if loud else OFFSET) * CAPTURE_RATE)
        latest = self._changes[-1][0] if self._changes else 0
        self._changes.append((max(due, latest + self.window), loud))


def lag(dice: random.Random, quantiles: tuple[float, float]) -> float:
    """Seconds from a log-normal distribution with this median and 90th percentile."""
    median, decile = quantiles
    return median * math.exp(dice.gauss(0, 1) * math.log(decile / median) / _DECILE)
