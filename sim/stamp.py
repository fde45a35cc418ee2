"""Sound that says what it is: two small numbers in the run lengths of a square wave.

Gain, fades and cuts leave the numbers readable, so the world can tell from nothing but the samples which word
of which utterance was heard. It must never be fed through a resampler or a codec.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.ports import Pcm

SHORTEST = 6
"""Samples of the shortest run; number k is a run of ``SHORTEST + k``."""
NUMBERS = 64
"""Each of the two numbers is below this."""
FLOOR = 1e-6
"""Below this amplitude there is silence."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of stamped sound."""

    start: int
    "First sample, to within one period (at most 138 samples)."
    end: int
    first: int
    second: int


def stamp(first: int, second: int, count: int, *, level: float = 0.3) -> Pcm:
    """``count`` samples that carry two numbers in [0, NUMBERS)."""
    assert 0 <= first < NUMBERS and 0 <= second < NUMBERS, f"cannot stamp {first}, {second}"
    high, low = SHORTEST + first, SHORTEST + second
    phase = np.arange(count) % (high + low)
    return np.where(phase < high, level, -level).astype(np.float32)


def read(pcm: Pcm, *, floor: float = FLOOR) -> list[Mark]:
    """All stretches in which at least two whole periods of a stamp can be read, in order."""
    sign = (pcm > floor).astype(np.int8) - (pcm < -floor).astype(np.int8)
    edges = np.flatnonzero(np.diff(sign)) + 1
    starts = np.concatenate(([0], edges))
    lengths = np.diff(np.concatenate((starts, [len(pcm)])))
    signs = sign[starts] if len(pcm) else sign
    # A period is a positive run and the negative one after it; it is whole when a positive run follows that.
    if len(signs) < 3:
        return []
    whole = np.flatnonzero((signs[:-2] > 0) & (signs[1:-1] < 0) & (signs[2:] > 0))
    begins, highs, lows = starts[whole], lengths[whole], lengths[whole + 1]
    ends = begins + highs + lows
    same = (begins[1:] == ends[:-1]) & (highs[1:] == highs[:-1]) & (lows[1:] == lows[:-1])
    borders = np.flatnonzero(~same) + 1
    groups = zip([0, *borders.tolist()], [*borders.tolist(), len(whole)], strict=True)
    marks = [
        Mark(int(begins[a]), int(ends[b - 1]), int(highs[a]) - SHORTEST, int(lows[a]) - SHORTEST)
        for a, b in groups
        if b - a > 1
    ]
    return [mark for mark in marks if 0 <= mark.first < NUMBERS and 0 <= mark.second < NUMBERS]
