"""The difference of a figure between paired arms, whole conversations drawn anew (Field & Welsh 2007).

Both arms of a conversation are drawn together, so what its stimuli do to both cancels. Pure functions of
numbers, with a seed of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .stats import RESAMPLES, SEED, Interval
from .summary import FEW

ENOUGH = 5
"""Conversations from which they are drawn anew: of two or three, too few different draws exist."""
Statistic: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Of values of shape (n, 2), one figure per column."""
Groups: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure in both arms."""

    first: float
    second: float
    difference: float
    "Second minus first."
    interval: Interval | None
    "95 % of the difference; None for fewer than ENOUGH conversations."
    pairs: int
    groups: int
    "Conversations that the pairs lie in."
    unpaired: int
    "Values that only one of the arms has."

    @property
    def small(self) -> bool:
        """Too few pairs to print."""
        return self.pairs < FEW

    @property
    def apart(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval is not None and (self.interval.low > 0 or self.interval.high < 0)


def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column."""
    return np.asarray(values.mean(axis=0))


def quantile(share: float) -> Statistic:
    """A percentile of each column (type 7)."""
    return partial(_quantile, share)


def _quantile(share: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.quantile(values, share, axis=0))


def paired(
    values: Iterable[tuple[str, Sequence[float], Sequence[float]]],
) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """Pairs by conversation, and how many values found no partner.

    Each item names its conversation and holds one turn's values in both arms, in order.
    """
    groups: dict[str, list[tuple[float, float]]] = {}
    lonely = 0
    for name, first, second in values:
        if len(first) == len(second):
            groups.setdefault(name, []).extend(zip(first, second, strict=True))
        else:
            lonely += max(len(first), len(second))
    return {name: pairs for name, pairs in groups.items() if pairs}, lonely


def difference(groups: Groups, statistic: Statistic, unpaired: int = 0) -> Cell:
    """A figure of both arms over the same pairs. Raises ValueError without a pair."""
    clusters = [np.array(groups[name], np.float64) for name in sorted(groups) if groups[name]]
    if not clusters:
        raise ValueError("no pairs, so there is no difference")
    whole = np.concatenate(clusters)
    first, second = statistic(whole)
    interval = None
    if len(clusters) >= ENOUGH:
        random = np.random.default_rng(SEED)
        drawn = random.integers(0, len(clusters), size=(RESAMPLES, len(clusters)))
        found = [statistic(np.concatenate([clusters[pick] for pick in row])) for row in drawn]
        low, high = np.quantile([two - one for one, two in found], (0.025, 0.975))
        interval = Interval(float(low), float(high))
    return Cell(
        float(first), float(second), float(second - first), interval, len(whole), len(clusters), unpaired
    )
