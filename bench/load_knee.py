"""The knee: the smallest number of sessions that is served badly. Pure; says why, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .load_pace import TOO_LATE
from .load_score import LevelFigures
from .stats import GROUPS, Interval

P95 = 1.0
"""Seconds of voice-to-voice that the 95th percentile may take."""
MISSED = 0.01
"""Share of questions without a reply within the window that is let pass."""
UNDERRUN = 0.005
"""Share of the replies' time, beyond what the first level has of itself, that may be silence inside them."""


@dataclass(frozen=True, slots=True)
class Knee:
    """Where a load test bent."""

    sessions: int | None
    "The first level that was served badly; None: none of those that could be judged."
    upto: int
    "The highest level that was served well; 0: none."
    reasons: tuple[str, ...]
    blind: int | None
    "A level below the knee at which the generator itself was too slow to tell; nothing above it is judged."

    @property
    def told(self) -> str:
        """In one sentence."""
        if self.sessions is not None:
            well = f"; up to {self.upto} it was served well" if self.upto else ""
            return f"knee at {_sessions(self.sessions)}: {' and '.join(self.reasons)}{well}"
        if self.blind is not None:
            well = f"not reached up to {self.upto}, and" if self.upto else "not known:"
            return (
                f"knee {well} at {_sessions(self.blind)} the load generator itself was too slow to tell "
                f"({'; '.join(self.reasons)}); give it a machine, or cores, of its own"
            )
        return f"knee not reached up to {_sessions(self.upto)}"


def knee(levels: Sequence[LevelFigures]) -> Knee:
    """Of levels in increasing order; the first is what the others' silences are compared with."""
    upto = 0
    for one in levels:
        if not one.level.pace.good and one.begun:
            late = f"p99 of its own ticks was {1000 * one.level.pace.p99:.0f} ms late"
            return Knee(None, upto, (f"{late}, {1000 * TOO_LATE:.0f} are allowed",), one.level.sessions)
        if reasons := crossed(one, levels[0]):
            return Knee(one.level.sessions, upto, reasons, None)
        upto = one.level.sessions
    return Knee(None, upto, (), None)


def crossed(one: LevelFigures, first: LevelFigures) -> tuple[str, ...]:
    """What at this level is served badly, in words with figures; empty where nothing is."""
    told = []
    away = one.level.sessions - one.begun
    if away or one.broken:
        parts = [(away, "refused"), (sum(one.broken.values()), "broken off")]
        said = [f"{count} {how}" for count, how in parts if count]
        told.append(f"of {_sessions(one.level.sessions)} {', '.join(said)}")
    if one.waits is not None and one.waits.p95 > P95:
        sure = _around(one.waits.p95_interval, P95, 1.0, " s")
        told.append(f"p95 is {one.waits.p95:.2f} s{sure}, over {P95:g} s")
    if one.missed.share > MISSED:
        some = f"{one.missed.hits} of {one.missed.n} questions missed"
        told.append(f"{some}{_around(one.missed.interval, MISSED, 100.0, ' %')}, over {100 * MISSED:g} %")
    if (dry := underrun(one, first)) is not None and dry > UNDERRUN:
        told.append(f"{100 * dry:.1f} % of the replies' time stood dry, over {100 * UNDERRUN:g} %")
    return tuple(told)


def underrun(one: LevelFigures, first: LevelFigures) -> float | None:
    """Share of the replies' time in which sound was due and none came; None where it cannot be told.

    Over a socket the loudspeaker counts it exactly. Otherwise: silence inside replies beyond the first
    level's share, where the interval over sessions lies above that share too; too few for one cannot tell.
    """
    if one.dry_share is not None:
        return one.dry_share
    if one.silent is None or one.silent.interval is None or first.silent is None or one is first:
        return None
    sure = one.silent.interval.low > first.silent.value
    return max(one.silent.value - first.silent.value, 0.0) if sure else 0.0


def _around(interval: Interval | None, limit: float, scale: float, unit: str) -> str:
    if interval is None:
        return f" (fewer than {GROUPS} sessions, so no interval)"
    low, high = scale * interval.low, scale * interval.high
    unsure = "; not certain" if interval.low <= limit else ""
    return f" (95 %: {low:.2f} to {high:.2f}{unit}{unsure})"


def _sessions(count: int) -> str:
    return f"{count} session{'s'[: count != 1]}"
