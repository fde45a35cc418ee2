"""Order statistics and intervals for scores. Pure functions of numbers; never hides a value by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
"""Bootstrap resamples per interval."""
GROUPS = 5
"""Groups below which a bootstrap gives no interval: of two or four, drawn anew, one of "95 %" holds the truth
far less often than that."""
SEED = 20_071
"""The bootstrap's own seed, so that a score is a function of its input alone."""
Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the values lie, linear between order statistics (type 7).

    Raises ValueError for no values or a share outside 0..1.
    """
    if not values:
        raise ValueError("no values, so there is no percentile")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def wilson(hits: int, count: int) -> Interval:
    """Wilson's score interval (1927) for a rate of ``hits`` out of ``count``; (0, 1) when count is 0."""
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} hits out of {count} is impossible")
    if count == 0:
        return Interval(0.0, 1.0)
    rate, square = hits / count, Z95 * Z95
    middle = rate + square / (2 * count)
    half = Z95 * math.sqrt(rate * (1 - rate) / count + square / (4 * count * count))
    scale = 1 + square / count
    low = 0.0 if hits == 0 else (middle - half) / scale
    high = 1.0 if hits == count else (middle + half) / scale
    return Interval(low, high)


def bootstrap(
    groups: Mapping[str, Sequence[float]], statistic: Callable[[Sequence[float]], float]
) -> Interval | None:
    """95 % percentile interval of ``statistic``, whole groups drawn with replacement (Field & Welsh 2007).

    Turns of one conversation are not independent, so the group is the conversation. None when fewer than
    GROUPS groups hold values: there is too little to draw from.
    """
    filled = [list(values) for _, values in sorted(groups.items()) if values]
    if len(filled) < GROUPS:
        return None
    random = np.random.default_rng(SEED)
    drawn = random.integers(0, len(filled), size=(RESAMPLES, len(filled)))
    results = sorted(statistic([value for pick in row for value in filled[pick]]) for row in drawn)
    return Interval(percentile(results, 0.025), percentile(results, 0.975))


def bootstrap_percentiles(
    groups: Mapping[str, Sequence[float]], shares: Sequence[float]
) -> list[Interval] | None:
    """What ``bootstrap`` gives for each percentile, from the same draws, without sorting every resample.

    A resample is a weight per value, so its percentiles are read from the values' order and summed weights.
    None as there.
    """
    filled = [list(values) for _, values in sorted(groups.items()) if values]
    if len(filled) < GROUPS:
        return None
    values = np.array([value for group in filled for value in group], np.float64)
    owner = np.repeat(np.arange(len(filled)), [len(group) for group in filled])
    order = np.argsort(values, kind="stable")
    values, owner = values[order], owner[order]
    drawn = np.random.default_rng(SEED).integers(0, len(filled), size=(RESAMPLES, len(filled)))
    found: list[list[float]] = [[] for _ in shares]
    for row in drawn:
        weight = np.bincount(row, minlength=len(filled))[owner]
        reached = np.cumsum(weight)
        for told, share in zip(found, shares, strict=True):
            place = share * (int(reached[-1]) - 1)
            below = math.floor(place)
            above = min(below + 1, int(reached[-1]) - 1)
            low, high = values[np.searchsorted(reached, (below, above), side="right")]
            told.append(float(low + (high - low) * (place - below)))
    return [Interval(percentile(told, 0.025), percentile(told, 0.975)) for told in found]
