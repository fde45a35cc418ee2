"""The operating curve of an end-of-turn detector: how often it cuts a pause off, for how long a wait. Pure.

Scores are replayed over labelled pauses and ends; no session is run. A policy ends the turn once a score of
its threshold or more stands, though not before its floor, and after its patience whatever was scored.
Policies are chosen on one half of the conversations and told for the other, both ways round, so that no
figure is the best of many tries on the same sound. Silence alone is patience alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .stats import RESAMPLES, SEED, Interval
from .summary import FEW

THRESHOLDS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
NEVER = 2.0
"""A threshold that no probability reaches: silence alone."""
FLOORS = (0.0, 0.2, 0.3)
PATIENCES = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.6, 2.0, 3.0)
"""Seconds, as the floors."""
BUDGETS = (0.3, 0.6)
"""Mean seconds of waiting at which cut-offs are told."""
TARGETS = (0.05, 0.1)
"""Shares of pauses cut off at which the wait is told."""
FINEST = 20
"""Pauses below which five in a hundred of them is not a number."""
_PART = 250
"""Resamples drawn at a time: bounds memory."""
Floats: TypeAlias = NDArray[np.float64]
Curve: TypeAlias = tuple[tuple[float, float], ...]
"""(seconds after the last sample of speech, probability that the turn is over), in order of time."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One labelled silence and what a detector said in it."""

    conversation: str
    curve: Curve
    seconds: float | None
    "Its labelled length; None: the turn was over."


@dataclass(frozen=True, slots=True)
class Policy:
    """When a turn is taken to be over."""

    threshold: float
    floor: float
    "Seconds of silence that it takes at least."
    patience: float

    def decides(self, curve: Curve) -> float:
        """Seconds after the last sample of speech. Each score stands until the next one."""
        until = [at for at, _ in curve[1:]] + [math.inf]
        for (at, likely), gone in zip(curve, until, strict=False):
            if likely >= self.threshold and gone > self.floor:
                return min(max(at, self.floor), self.patience)
        return self.patience


@dataclass(frozen=True, slots=True)
class Known:
    """A figure with its 95 % interval, conversations drawn anew and policies chosen anew in every draw."""

    value: float
    interval: Interval | None
    "None for fewer than FEW conversations with pauses."


@dataclass(frozen=True, slots=True)
class Points:
    """What a detector comes to."""

    name: str
    pauses: int
    ends: int
    cut_at: dict[float, Known]
    "Share of pauses cut off, by the mean wait that was allowed (BUDGETS)."
    wait_at: dict[float, Known | None]
    "Mean seconds of waiting, by the share of pauses that may be cut off (TARGETS); None: too few pauses."
    cut_in_fact: dict[float, float]
    "The share that was then cut off in the half it is told for."
    band: tuple[tuple[float, Known], ...]
    "Share of pauses cut off by the wait allowed, for a picture."


GRID = tuple(round(0.2 + 0.1 * step, 1) for step in range(13))
"""Seconds of the picture's band."""


def operating(silences: Sequence[Silence], name: str, *, scores: bool = True) -> Points:
    """Sweep one detector. ``scores`` False: silence alone. Raises ValueError without a pause and an end."""
    policies = [Policy(NEVER, 0.0, patience) for patience in PATIENCES[::-1]]
    if scores:  # the most careful first: of equals the first is taken
        grid = product(THRESHOLDS[::-1], FLOORS[::-1], PATIENCES[::-1])
        policies += [Policy(*each) for each in grid if each[1] < each[2]]
    sums = _Sums.of(silences, policies)
    whole = sums.points(np.ones((1, sums.count)))
    drawn: list[Mapping[str, Floats]] = []
    if sums.paused >= FEW:
        random = np.random.default_rng(SEED)
        for _ in range(RESAMPLES // _PART):
            picks = random.integers(0, sums.count, size=(_PART, sums.count))
            weights = np.stack([np.bincount(row, minlength=sums.count) for row in picks])
            drawn.append(sums.points(weights.astype(np.float64)))

    def known(key: str) -> Known:
        found = np.concatenate([part[key] for part in drawn]) if drawn else np.zeros(0)
        found = found[np.isfinite(found)]
        interval = None
        if len(found):
            low, high = np.quantile(found, (0.025, 0.975))
            interval = Interval(float(low), float(high))
        return Known(float(whole[key][0]), interval)

    fine = sums.pauses >= FINEST
    return Points(
        name, sums.pauses, sums.ends,
        {budget: known(f"cut {budget}") for budget in BUDGETS},
        {target: known(f"wait {target}") if fine else None for target in TARGETS},
        {target: float(whole[f"fact {target}"][0]) for target in TARGETS},
        tuple((budget, known(f"cut {budget}")) for budget in GRID),
    )  # fmt: skip


def fixed(silences: Sequence[Silence], decided: Sequence[float]) -> tuple[float, float]:
    """Mean wait at ends, and share of pauses cut off, of decisions made elsewhere, in the same order."""
    waits = [at for one, at in zip(silences, decided, strict=True) if one.seconds is None]
    cuts = [at < one.seconds for one, at in zip(silences, decided, strict=True) if one.seconds is not None]
    return float(np.mean(waits)), float(np.mean(cuts))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Waits and cut-offs of every policy, summed by conversation, because conversations are drawn."""

    wait: Floats
    "(conversations, policies)"
    cut: Floats
    each: Floats
    """(conversations, 2): how many ends and pauses. Those with pauses come first, so that taking every second
    one halves them too."""

    @classmethod
    def of(cls, silences: Sequence[Silence], policies: Sequence[Policy]) -> _Sums:
        paused = {one.conversation for one in silences if one.seconds is not None}
        names = sorted({one.conversation for one in silences}, key=lambda name: (name not in paused, name))
        rows = {name: place for place, name in enumerate(names)}
        wait, cut = np.zeros((len(names), len(policies))), np.zeros((len(names), len(policies)))
        each = np.zeros((len(names), 2))
        for one in silences:
            row = rows[one.conversation]
            decided = np.array([policy.decides(one.curve) for policy in policies])
            if one.seconds is None:
                wait[row] += decided
                each[row, 0] += 1
            else:
                cut[row] += decided < one.seconds
                each[row, 1] += 1
        found = cls(wait, cut, each)
        if found.ends < 2 or len(paused) < 2:
            raise ValueError("an operating curve needs labelled pauses in two conversations, and their ends")
        return found

    @property
    def count(self) -> int:
        return len(self.each)

    @property
    def paused(self) -> int:
        """Conversations with a pause."""
        return int((self.each[:, 1] > 0).sum())

    @property
    def ends(self) -> int:
        return int(self.each[:, 0].sum())

    @property
    def pauses(self) -> int:
        return int(self.each[:, 1].sum())

    def points(self, weights: Floats) -> dict[str, Floats]:
        """Every figure for each row of weights: (draws, conversations) -> (draws,) each."""
        halves = [self._half(weights, half) for half in (0, 1)]
        found: dict[str, Floats] = {}
        for budget in {*BUDGETS, *GRID}:
            found[f"cut {budget}"] = _told(halves, budget, limited="wait", told="cut")[0]
        for target in TARGETS:
            wait, cut = _told(halves, target, limited="cut", told="wait")
            found[f"wait {target}"], found[f"fact {target}"] = wait, cut
        return found

    def _half(self, weights: Floats, half: int) -> dict[str, Floats]:
        mine = weights.copy()
        mine[:, 1 - half :: 2] = 0.0
        ends, pauses = (mine @ self.each).T
        with np.errstate(invalid="ignore", divide="ignore"):
            return {  # 0 / 0 where a draw left a half empty
                "wait": mine @ self.wait / ends[:, None], "cut": mine @ self.cut / pauses[:, None],
                "weight wait": ends, "weight cut": pauses,
            }  # fmt: skip


def _told(
    halves: Sequence[Mapping[str, Floats]], limit: float, *, limited: str, told: str
) -> tuple[Floats, Floats]:
    """The policy with the least ``told`` whose ``limited`` keeps the limit on one half, on the other half.

    Both ways round, weighted by what each half holds: (draws,) of ``told`` and of ``limited``. Of equals the
    one with the least ``limited`` is taken, and of those the first; where no policy keeps the limit, the one
    that comes nearest to it. Not a number for a draw in which a half holds no pause or no end.
    """
    sums, whole = np.zeros((2, len(halves[0][told]))), np.zeros((2, len(halves[0][told])))
    for chosen, other in (halves, halves[::-1]):
        allowed = chosen[limited] <= limit + 1e-9
        cost = np.where(allowed, chosen[told] + 1e-6 * chosen[limited], 1e3 + chosen[limited])
        pick = np.argmin(cost, axis=1)[:, None]
        for place, name in enumerate((told, limited)):
            value = np.take_along_axis(other[name], pick, axis=1)[:, 0]
            weight = other[f"weight {name}"]
            sums[place] += value * weight
            whole[place] += weight
    found = sums / whole
    return found[0], found[1]
