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


# --- heard through a carrier -------------------------------------------------------------------------------

PEAK = 0.5
"""A sample above it is a mark: stimuli with one keep all else below 0.3."""
MARK = 0.001
"""Seconds of a mark; they are the stimulus's last."""


def marked(seconds: float, seed: int) -> Pcm:
    """A user's sound whose end can be heard in the sound itself, at CAPTURE_RATE, exactly as long as asked.

    Noise at the level of speech, then a peak. So an agent at the far end of any carrier knows the true end
    without being told it beside the sound, and without waiting for silence.
    """
    count, peak = round(seconds * CAPTURE_RATE), round(MARK * CAPTURE_RATE)
    noise = np.random.default_rng(seed).normal(0.0, 0.07, count)
    sound = np.clip(noise, -0.25, 0.25)
    sound[0], sound[-peak:] = 0.2, 0.8
    return sound.astype(np.float32)


class EndMark:
    """Finds the ends of ``marked`` sound in a stream at any rate, whatever its blocks."""

    def __init__(self, rate: int) -> None:
        self._length = round(MARK * rate)
        self._at = 0
        self._deaf_until = 0
        self._begun: list[int] = []

    def hear(self, pcm: Pcm) -> list[int]:
        """One past the last sample of every mark that is over by this block's end, in stream positions."""
        for place in np.flatnonzero(pcm > PEAK) + self._at:
            if place >= self._deaf_until:
                self._deaf_until = int(place) + 4 * self._length
                self._begun.append(int(place) + self._length)
        self._at += len(pcm)
        found = [end for end in self._begun if end <= self._at]
        self._begun = [end for end in self._begun if end > self._at]
        return found
