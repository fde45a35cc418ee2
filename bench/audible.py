"""When a channel can be heard: the ruler under every score.

Audible means that a 10 ms window has an RMS above -45 dBFS and that at least 30 ms of the 60 ms that begin
with it do. An edge is then placed within 1 ms inside the window where it lies. Pure; knows no labels, uses no
voice activity detector (Silero on hand-labelled speech ends is itself 80 ms late at the median).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import Pcm

THRESHOLD = 10.0 ** (-45.0 / 20.0)
"""RMS of full scale 1.0 above which a window is loud."""
WINDOW = 0.010
"""Seconds per window."""
FINE = 0.001
"""Seconds over which an edge is placed inside its window."""
SUSTAIN_WINDOWS = 6
"""Windows looked at from a loud one on, itself included: 60 ms."""
SUSTAIN_LOUD = 3
"""How many of them must be loud: 30 ms."""
JOIN = 0.200
"""Seconds of silence that end a stretch; anything shorter is part of it (stop consonants, short commas)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from its first to one past its last audible sample, with no silence of 200 ms inside."""

    start: int
    end: int
    loud: float
    "Seconds of loud windows inside."


def loudness(pcm: Pcm, rate: int) -> NDArray[np.float64]:
    """RMS per whole 10 ms window, shape (windows,); a remainder at the end is padded with silence."""
    size = round(rate * WINDOW)
    count = -(-len(pcm) // size)
    padded = np.zeros(count * size)
    padded[: len(pcm)] = pcm
    return np.asarray(np.sqrt(np.mean(padded.reshape(count, size) ** 2, axis=1)))


def audible(pcm: Pcm, rate: int) -> NDArray[np.bool_]:
    """Per 10 ms window, whether it is loud and belongs to sound that is sustained (a click does not)."""
    loud = loudness(pcm, rate) > THRESHOLD
    sums = np.concatenate([[0], np.cumsum(loud)])
    index = np.arange(len(loud))
    ahead = sums[np.minimum(index + SUSTAIN_WINDOWS, len(loud))] - sums[index]
    behind = sums[index + 1] - sums[np.maximum(index + 1 - SUSTAIN_WINDOWS, 0)]
    return np.asarray(loud & ((ahead >= SUSTAIN_LOUD) | (behind >= SUSTAIN_LOUD)))


def stretches(pcm: Pcm, rate: int, *, join: float = JOIN) -> list[Stretch]:
    """All sound of a channel in order, stretches closer than ``join`` seconds made one."""
    return joined(pieces(pcm, rate), join * rate)


def pieces(pcm: Pcm, rate: int) -> list[Stretch]:
    """All sound of a channel in its smallest parts: nothing is joined but what touches within a window."""
    size = round(rate * WINDOW)
    parts = [
        Stretch(
            _rise(pcm, rate, first * size), _fall(pcm, rate, (last + 1) * size), (last + 1 - first) * WINDOW
        )
        for first, last in _runs(audible(pcm, rate))
    ]
    return joined(parts, 0)


def joined(parts: Iterable[Stretch], gap: float) -> list[Stretch]:
    """The same sound with silences of fewer than ``gap`` samples made part of it."""
    found: list[Stretch] = []
    for part in parts:
        if found and part.start - found[-1].end < gap:
            found[-1] = Stretch(found[-1].start, part.end, found[-1].loud + part.loud)
        else:
            found.append(part)
    return found


def _runs(heard: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], heard, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _rise(pcm: Pcm, rate: int, window: int) -> int:
    """First sample of the sound whose first loud window begins at ``window``.

    The sound may have begun in the window before, too late to lift that one's RMS, so both are searched.
    """
    size = round(rate * WINDOW)
    low = max(0, window - size)
    fine = _fine(pcm[low : window + size], rate)
    return low + int(fine[0]) if len(fine) else window


def _fall(pcm: Pcm, rate: int, end: int) -> int:
    """One past the last sample of the sound whose last loud window ends at ``end``."""
    size = round(rate * WINDOW)
    low = end - size
    fine = _fine(pcm[low : end + size], rate)
    return min(low + int(fine[-1]) + 1, len(pcm)) if len(fine) else min(end, len(pcm))


def _fine(piece: Pcm, rate: int) -> NDArray[np.int64]:
    """Samples over the threshold that lie in a millisecond whose RMS is over it too, as indexes."""
    size = max(1, round(rate * FINE))
    if len(piece) < size:
        return np.zeros(0, np.int64)
    power = np.cumsum(np.concatenate([[0.0], piece.astype(np.float64) ** 2]))
    mean = (power[size:] - power[:-size]) / size
    inside = np.zeros(len(piece), bool)
    for start in np.flatnonzero(mean > THRESHOLD**2):
        inside[start : start + size] = True
    return np.flatnonzero(inside & (np.abs(piece) > THRESHOLD)).astype(np.int64)
