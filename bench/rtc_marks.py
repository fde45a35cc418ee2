"""Marks that survive a speech codec: a chirp whose place can be found again to a fraction of a millisecond.

A click, as sockets carry it, does not: Opus smears it. Used on both ways of a null call, and to measure what
the codec itself delays. Pure.
"""

from __future__ import annotations

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

LENGTH = 0.030
"""Seconds of a chirp."""
BAND = (500.0, 3500.0)
"""Hertz from its first sample to its last: inside every speech codec's band."""
LEVEL = 0.4
ALIKE = 0.6
"""Correlation with the chirp from which it counts as found; speech and noise stay below 0.3."""


def chirp(rate: int) -> Pcm:
    """The mark itself, loud from its first sample on."""
    at = np.arange(round(LENGTH * rate)) / rate
    low, high = BAND
    phase = 2 * np.pi * (low * at + (high - low) * at**2 / (2 * LENGTH))
    return np.asarray(LEVEL * np.cos(phase), np.float32)


def chirped(seconds: float, seed: int) -> Pcm:
    """A user's sound at CAPTURE_RATE that ends with a chirp, exactly as long as asked."""
    mark = chirp(CAPTURE_RATE)
    noise = np.random.default_rng(seed).normal(0.0, 0.07, round(seconds * CAPTURE_RATE) - len(mark))
    sound = np.concatenate((np.clip(noise, -0.25, 0.25), mark)).astype(np.float32)
    sound[0] = 0.2
    return sound


def reply(seconds: float = 0.8, hertz: float = 440.0) -> Pcm:
    """A null agent's answer at PLAYOUT_RATE: a chirp, then a tone."""
    mark = chirp(PLAYOUT_RATE)
    count = round(seconds * PLAYOUT_RATE) - len(mark)
    tone = 0.3 * np.cos(2 * np.pi * hertz * np.arange(count) / PLAYOUT_RATE)
    return np.concatenate((mark, tone)).astype(np.float32)


def alike(pcm: Pcm, rate: int) -> np.ndarray:
    """Correlation of the chirp with the sound that begins at each sample, -1 to 1; empty for less sound."""
    mark = chirp(rate).astype(np.float64)
    if len(pcm) < len(mark):
        return np.zeros(0)
    sound = pcm.astype(np.float64)
    power = np.cumsum(np.concatenate(([0.0], sound**2)))
    around = np.sqrt(np.maximum(power[len(mark) :] - power[: -len(mark)], 1e-6))
    return np.asarray(np.correlate(sound, mark, "valid") / (around * np.linalg.norm(mark)))


def found(pcm: Pcm, rate: int) -> int | None:
    """The first sample of the chirp that is heard best; None where none is."""
    how = alike(pcm, rate)
    if not len(how) or how.max() < ALIKE:
        return None
    return int(how.argmax())


class ChirpMark:
    """Finds the ends of ``chirped`` sound in a track at PLAYOUT_RATE, as soon as they have come."""

    def __init__(self) -> None:
        self._length = round(LENGTH * PLAYOUT_RATE)
        self._sound: Pcm = np.zeros(0, np.float32)
        self._next: int | None = None
        self._deaf_until = -(2**62)

    def hear(self, stamp: int, pcm: Pcm) -> list[int]:
        """One past the last sample of each mark that is whole with this sound, as stamps."""
        if stamp != self._next:
            self._sound = np.zeros(0, np.float32)
        self._next = stamp + len(pcm)
        self._sound = np.concatenate((self._sound, pcm))
        begun = self._next - len(self._sound)
        how = alike(self._sound, PLAYOUT_RATE)
        keep = self._length + len(pcm)  # a mark whose best place lay at the very edge is found a packet later
        self._sound = self._sound[-keep:]
        if not len(how) or how.max() < ALIKE:
            return []
        place = begun + int(how.argmax())
        if place < self._deaf_until:
            return []
        self._deaf_until = place + 4 * self._length
        return [place + self._length]
