"""EVA's turn-taking score, by its published curves: segments of both sides in, a score per turn out.

Source: github.com/ServiceNow/eva at 997ae977, ``docs/metrics/turn_taking.md`` (arXiv 2605.13841). It takes
off points for a reply within 500 ms, which people give all the time; nothing may be tuned on it alone. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from .stats import percentile

Span = tuple[float, float]
EARLIEST, SWEET = -500.0, 500.0
"""Milliseconds at which the latency curve leaves 0 and reaches 1."""
LATE = {False: (2000.0, 3500.0), True: (3000.0, 5000.0)}
"""Milliseconds at which it leaves 1 and reaches 0, without and with a tool call."""
ON_TIME = {False: (200.0, 2750.0), True: (200.0, 4000.0)}
"""Milliseconds from which a reply is on time, and from which it is late."""
CUT_IN_MOST = 0.5
"""The best score of a turn that the agent interrupted."""
OVERLAP_WORST, YIELD_WORST = 2000.0, 2000.0
"""Milliseconds of overlap, and to the yield, that score 0."""
COUNT_WORST = 3
"""Cut-ins in one turn that score 0."""
TOUCH = 0.001
"""Seconds of overlap below which two segments do not overlap."""


@dataclass(frozen=True, slots=True)
class EvaTurn:
    """One turn of the user and what the agent said after it began; seconds."""

    user: tuple[Span, ...]
    agent: tuple[Span, ...]
    "Segments that begin after the user did and before the user's next turn."
    before: float | None = None
    "When the agent's speech of the turn before ended."
    tool: bool = False

    @property
    def latency(self) -> float:
        """Milliseconds from the user's last end to the agent's first start; signed."""
        return 1000 * (self.agent[0][0] - self.user[-1][1])

    @property
    def cut_in(self) -> bool:
        """The agent began under the user."""
        return self.agent[0][0] < self.user[-1][1]

    @property
    def interrupted(self) -> bool:
        """The user began under the agent."""
        return self.before is not None and self.before > self.user[0][0]


@dataclass(frozen=True, slots=True)
class EvaScore:
    """A turn's score, which signal it came from, and the figures behind it."""

    score: float
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


def latency_score(milliseconds: float, tool: bool = False) -> float:
    """0 at -500 ms or less, up to 1 at 500, 1 to 2000 (3000 with a tool), 0 from 3500 (5000) on."""
    good, last = LATE[tool]
    if milliseconds <= EARLIEST or milliseconds >= last:
        return 0.0
    if milliseconds < SWEET:
        return (milliseconds - EARLIEST) / (SWEET - EARLIEST)
    return 1.0 if milliseconds <= good else (last - milliseconds) / (last - good)


def overlap_score(milliseconds: float) -> float:
    """0.5 * (1 - overlap / 2000 ms), at least 0."""
    return max(0.0, CUT_IN_MOST * (1 - milliseconds / OVERLAP_WORST))


def count_score(cut_ins: int) -> float:
    """0.5 * (1 - (n - 1) / 2), at least 0."""
    return max(0.0, CUT_IN_MOST * (1 - (cut_ins - 1) / (COUNT_WORST - 1)))


def yield_score(milliseconds: float) -> float:
    """1 - yield / 2000 ms, at least 0."""
    return max(0.0, 1 - milliseconds / YIELD_WORST)


def turn_score(turn: EvaTurn) -> EvaScore:
    """By EVA's table: an interruption by either side replaces the latency; by both, the lower one counts."""
    evidence: dict[str, Any] = {"has_tool_call": turn.tool}
    scores = []
    if turn.cut_in:
        scores += _cut_in(turn, evidence)
    if turn.interrupted and turn.before is not None:
        late = 1000 * (turn.before - turn.user[0][0])
        scores.append(yield_score(late))
        evidence |= {"yield_ms": late, "yield_score": scores[-1]}
    if scores:
        reasons = {(True, False): "agent_interrupt", (False, True): "user_interrupt"}
        reason = reasons.get((turn.cut_in, turn.interrupted), "dual_interrupt")
        return EvaScore(min(scores), reason, evidence)
    score = latency_score(turn.latency, turn.tool)
    return EvaScore(score, "latency", evidence | {"latency_ms": turn.latency, "latency_score": score})


def _cut_in(turn: EvaTurn, evidence: dict[str, Any]) -> list[float]:
    """Overlap, number of cut-ins, and the settled reply's latency, where there is one."""
    shared = [[max(0.0, min(u[1], a[1]) - max(u[0], a[0])) for u in turn.user] for a in turn.agent]
    overlap = 1000 * sum(sum(row) for row in shared)
    count = sum(any(part > TOUCH for part in row) for row in shared)
    evidence |= {
        "overlap_ms": overlap,
        "overlap_score": overlap_score(overlap),
        "n_interrupt_segments": count,
    }
    scores = [overlap_score(overlap)]
    if count:
        scores.append(count_score(count))
        evidence["interrupt_count_score"] = scores[-1]
    end = turn.user[-1][1]
    settled = [start for start, _ in turn.agent if start > end]
    if settled and not any(start <= end < stop for start, stop in turn.agent):
        late = 1000 * (min(settled) - end)
        scores.append(latency_score(late, turn.tool))
        evidence |= {"post_interrupt_latency_ms": late, "post_interrupt_latency_score": scores[-1]}
    return scores


def metric(turns: Sequence[EvaTurn]) -> dict[str, Any]:
    """The ``turn_taking`` metric: the mean over turns with both sides, 0 if the last was missed."""
    evaluated = {str(number): turn for number, turn in enumerate(turns, 1) if turn.user and turn.agent}
    scored = {number: turn_score(turn) for number, turn in evaluated.items()}
    missed = bool(turns) and not turns[-1].agent
    score = fmean(one.score for one in scored.values()) if scored and not missed else 0.0
    return {
        "name": "turn_taking", "score": score, "normalized_score": score,
        "details": {
            "per_turn_score": {number: one.score for number, one in scored.items()},
            "per_turn_reason": {number: one.reason for number, one in scored.items()},
            "per_turn_evidence": {number: one.evidence for number, one in scored.items()},
            "num_turns": len(turns), "num_evaluated": len(scored), "missed_turn": missed,
        },
        "sub_metrics": sub_metrics(list(evaluated.values()), list(scored.values())),
    }  # fmt: skip


def sub_metrics(turns: Sequence[EvaTurn], scored: Sequence[EvaScore]) -> dict[str, float | None]:
    """The flat figures: latency, on-time, early, late, interruptions by either side."""
    if not turns:
        return {}
    late = [turn.latency for turn in turns]
    bounds = [ON_TIME[turn.tool] for turn in turns]
    return {
        "mean_latency_ms": fmean(late),
        "p50_latency_ms": percentile(late, 0.5),
        "p90_latency_ms": percentile(late, 0.9),
        "on_time_rate": fmean(low <= one < high for one, (low, high) in zip(late, bounds, strict=True)),
        "early_rate": fmean(one < low for one, (low, _) in zip(late, bounds, strict=True)),
        "late_rate": fmean(one >= high for one, (_, high) in zip(late, bounds, strict=True)),
        "agent_interruption.rate": fmean(turn.cut_in for turn in turns),
        "agent_interruption.mean_overlap_ms": _mean(scored, "overlap_ms"),
        "user_interruption.rate": fmean(turn.interrupted for turn in turns),
        "user_interruption.mean_yield_ms": _mean(scored, "yield_ms"),
        "user_interruption.mean_yield_score": _mean(scored, "yield_score"),
    }


def _mean(scored: Sequence[EvaScore], name: str) -> float | None:
    told = [one.evidence[name] for one in scored if name in one.evidence]
    return fmean(told) if told else None
