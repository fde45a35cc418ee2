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
    whole: list[int] = []
    if len(signs) > 2:
        whole = np.flatnonzero((signs[:-2] > 0) & (signs[1:-1] < 0) & (signs[2:] > 0)).tolist()
    marks: list[Mark] = []
    streak = 0
    for index in whole:
        start, period = int(starts[index]), int(lengths[index] + lengths[index + 1])
        first, second = int(lengths[index]) - SHORTEST, int(lengths[index + 1]) - SHORTEST
        last = marks[-1] if marks else None
        if last is not None and (last.first, last.second, last.end) == (first, second, start):
            marks[-1] = Mark(last.start, start + period, first, second)
            streak += 1
            continue
        if last is not None and streak == 1:
            marks.pop()
        marks.append(Mark(start, start + period, first, second))
        streak = 1
    if streak == 1:
        marks.pop()
    return [mark for mark in marks if 0 <= mark.first < NUMBERS and 0 <= mark.second < NUMBERS]
