"""Paired bootstrap intervals: what one arm does better than another on the same items, and shares of sums.

Items are drawn with replacement (whole clusters: Field & Welsh 2007), so what hangs together stays together.
Pure functions of numbers with a seed of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stats import RESAMPLES, SEED, Interval

_PART = 100
"""Resamples drawn at a time: bounds memory."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second, over the items that both have."""

    value: float
    interval: Interval | None
    "95 %; None for fewer than two items."
    count: int


def mean_difference(first: Mapping[str, float], second: Mapping[str, float]) -> Difference:
    """Of the means. Raises ValueError when no item is in both."""
    values = _pairs(first, second)
    apart = values[:, 0] - values[:, 1]
    drawn = np.concatenate([apart[rows].mean(axis=1) for rows in _draws(len(apart))])
    return Difference(float(apart.mean()), _interval(drawn, len(apart)), len(apart))


def percentile_difference(
    first: Mapping[str, float], second: Mapping[str, float], share: float
) -> Difference:
    """Of the percentiles (type 7). Raises ValueError when no item is in both, or for a share outside 0..1."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    values = _pairs(first, second)
    found = np.quantile(values, share, axis=0)
    drawn = [np.quantile(values[rows], share, axis=1) for rows in _draws(len(values))]
    apart = np.concatenate([one[:, 0] - one[:, 1] for one in drawn])
    return Difference(float(found[0] - found[1]), _interval(apart, len(values)), len(values))


def share_of(pairs: Sequence[tuple[float, float]]) -> Difference:
    """Sum of the firsts over that of the seconds; a pair is an item's. Raises ValueError for a sum of 0."""
    values = np.asarray(pairs, np.float64).reshape(-1, 2)
    whole = values.sum(axis=0)
    if not whole[1]:
        raise ValueError("there is nothing to have a share of")
    sums = np.concatenate([values[rows].sum(axis=1) for rows in _draws(len(values))])
    drawn = sums[sums[:, 1] > 0]
    return Difference(
        float(whole[0] / whole[1]), _interval(drawn[:, 0] / drawn[:, 1], len(values)), len(values)
    )


def _pairs(first: Mapping[str, float], second: Mapping[str, float]) -> Floats:
    both = sorted(first.keys() & second.keys())
    if not both:
        raise ValueError("the two arms have no item in common")
    return np.array([(first[name], second[name]) for name in both], np.float64)


def _draws(count: int) -> list[NDArray[np.int64]]:
    random = np.random.default_rng(SEED)
    return [random.integers(0, count, size=(_PART, count)) for _ in range(RESAMPLES // _PART)]


def _interval(drawn: Floats, count: int) -> Interval | None:
    if count < 2:
        return None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(float(low), float(high))
