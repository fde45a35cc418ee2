"""Paired bootstrap intervals: what one arm does better than another on the same items, and shares of sums.

Items are drawn with replacement (whole clusters: Field & Welsh 2007), so what hangs together stays together.
Pure functions of numbers with a seed of their own.
"""

from __future__ import annotations

import math
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
    "95 %; None for fewer items than was asked for: at least two."
    count: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """First minus second, of percentiles of what was watched up to a limit; None: it lies beyond that."""

    value: float | None
    low: float | None
    "95 %, over all draws; a draw in which a percentile lies beyond the limit may have been anything."
    high: float | None
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


def bounded_difference(
    first: Mapping[str, float], second: Mapping[str, float], share: float, limit: float
) -> Bounded:
    """Of the percentiles, of waits watched up to ``limit``: one that long was longer, by an unknown time.

    A percentile that lies at such a wait, or between one and a shorter, is not known, here and in every draw.
    Raises as ``percentile_difference``.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    values = _pairs(first, second)
    draws = [_bounded(values[rows], share, limit) for rows in _draws(len(values))]
    low, high = (np.concatenate(sides) for sides in zip(*draws, strict=True))
    (least,), (most,) = _bounded(values[None], share, limit)
    if len(values) < 2:
        return Bounded(_known(least) if least == most else None, None, None, len(values))
    return Bounded(
        _known(least) if least == most else None,
        _known(np.quantile(low, 0.025, method="lower")),
        _known(np.quantile(high, 0.975, method="higher")),
        len(values),
    )


def share_of(pairs: Sequence[tuple[float, float]], *, fewest: int = 2) -> Difference:
    """Sum of the firsts over that of the seconds; a pair is an item's. Raises ValueError for a sum of 0.

    ``fewest``: items below which there is no interval (``stats.GROUPS`` where an item is a conversation).
    """
    values = np.asarray(pairs, np.float64).reshape(-1, 2)
    whole = values.sum(axis=0)
    if not whole[1]:
        raise ValueError("there is nothing to have a share of")
    sums = np.concatenate([values[rows].sum(axis=1) for rows in _draws(len(values))])
    drawn = sums[sums[:, 1] > 0]
    return Difference(
        float(whole[0] / whole[1]), _interval(drawn[:, 0] / drawn[:, 1], len(values), fewest), len(values)
    )


def _pairs(first: Mapping[str, float], second: Mapping[str, float]) -> Floats:
    both = sorted(first.keys() & second.keys())
    if not both:
        raise ValueError("the two arms have no item in common")
    return np.array([(first[name], second[name]) for name in both], np.float64)


def _draws(count: int) -> list[NDArray[np.int64]]:
    random = np.random.default_rng(SEED)
    return [random.integers(0, count, size=(_PART, count)) for _ in range(RESAMPLES // _PART)]


def _bounded(values: Floats, share: float, limit: float) -> tuple[Floats, Floats]:
    """The least and the most that the difference may be, by resample; ``values`` (resamples, items, 2)."""
    place = share * (values.shape[1] - 1)
    above = np.sort(values, axis=1)[:, math.ceil(place)]
    found = np.quantile(values, share, axis=1)
    most = np.where(above >= limit, np.inf, found)
    return found[:, 0] - most[:, 1], most[:, 0] - found[:, 1]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _interval(drawn: Floats, count: int, fewest: int = 2) -> Interval | None:
    if count < fewest:
        return None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(float(low), float(high))
