"""Percentiles and rates with what they stand on: n, censored values, 95 % intervals. Pure; hides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .stats import Interval, bootstrap_percentiles, percentile, wilson

FEW = 10
"""Events below which a rate is not printed unless asked for."""
P99_NEEDS = 300
"""Values below which there is no 99th percentile."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Durations in seconds. Censored ones count as their window, so a high percentile may be a floor."""

    n: int
    censored: int
    p50: float
    p90: float
    p95: float
    p99: float | None
    least: float
    most: float
    p50_interval: Interval | None
    "95 %, bootstrap over conversations; None with fewer than five (``stats.GROUPS``)."
    p95_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened out of how many times it could have."""

    hits: int
    n: int
    interval: Interval
    "95 %, Wilson."

    @property
    def share(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def small(self) -> bool:
        return self.n < FEW


def distribution(groups: Mapping[str, Sequence[float]], censored: int = 0) -> Distribution | None:
    """Percentiles of values grouped by conversation; None without values."""
    values = [value for group in groups.values() for value in group]
    if not values:
        return None
    intervals = bootstrap_percentiles(groups, (0.5, 0.95))
    return Distribution(
        n=len(values),
        censored=censored,
        p50=percentile(values, 0.5),
        p90=percentile(values, 0.9),
        p95=percentile(values, 0.95),
        p99=percentile(values, 0.99) if len(values) >= P99_NEEDS else None,
        least=min(values),
        most=max(values),
        p50_interval=intervals[0] if intervals else None,
        p95_interval=intervals[1] if intervals else None,
    )


def rate(events: Iterable[bool]) -> Rate:
    """A rate from one truth value per event."""
    told = list(events)
    return Rate(sum(told), len(told), wilson(sum(told), len(told)))
