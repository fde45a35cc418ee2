"""Agents that answer after an exactly known delay: what the harness is measured with before it measures.

They hear nothing; they are told by the script where the user's speech ends. What the harness then reports
beyond the delay is its own error.
"""

from __future__ import annotations

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from .script import Script

DELAYS = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Seconds at which the harness is checked."""


class NullAgent:
    """A playout source that sounds ``reply`` from ``delay`` seconds after the end of every stimulus."""

    def __init__(self, script: Script, delay: float, reply: Pcm) -> None:
        """``reply`` is at PLAYOUT_RATE and must be audible from its first sample."""
        self._script = script
        self._delay = round(delay * PLAYOUT_RATE)
        self._reply = reply
        self._at = 0

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE."""
        out = np.zeros(count, np.float32)
        for placed in self._script.placed:
            start = placed.end * PLAYOUT_RATE // CAPTURE_RATE + self._delay - self._at
            low, high = max(start, 0), min(start + len(self._reply), count)
            if low < high:
                out[low:high] += self._reply[low - start : high - start]
        self._at += count
        return out


def beep(seconds: float = 0.8, hertz: float = 440.0) -> Pcm:
    """A tone that is loud from its first sample on, at PLAYOUT_RATE."""
    phase = 2 * np.pi * hertz * np.arange(round(seconds * PLAYOUT_RATE)) / PLAYOUT_RATE
    return np.asarray(0.3 * np.cos(phase), np.float32)
