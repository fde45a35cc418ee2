"""Live rows put together: by arm, as waits, and as paired differences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bootstrap import Difference, mean_difference, percentile_difference
from .think_arms import ARMS
from .think_edge import PATIENCE
from .think_live import Waited

Arms = dict[str, list[Waited]]


def by_arm(waited: Sequence[Waited]) -> Iterator[tuple[float, Arms]]:
    """Each pace with its arms, in the order of ARMS; of a question asked twice the last counts."""
    for pace in sorted({row.pace for row in waited}):
        last = {(row.arm, row.item): row for row in waited if row.pace == pace}
        found: Arms = {arm: [row for (own, _), row in last.items() if own == arm] for arm in ARMS}
        yield pace, {arm: ways for arm, ways in found.items() if ways}


def waits(ways: Sequence[Waited]) -> dict[str, float]:
    """Voice to voice by question; no reply, or a session that failed, is PATIENCE."""
    return {row.item: PATIENCE if row.first_sound is None or row.error else row.first_sound for row in ways}


def apart(ways: Sequence[Waited], full: Sequence[Waited]) -> tuple[Difference, Difference, Difference]:
    """Of the medians, of the 95th percentiles and of the means, paired by question. Raises ValueError."""
    mine, theirs = waits(ways), waits(full)
    return (
        percentile_difference(mine, theirs, 0.5), percentile_difference(mine, theirs, 0.95),
        mean_difference(mine, theirs),
    )  # fmt: skip
