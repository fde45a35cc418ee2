"""A load test as lines of text, at most 110 columns. Leaves out rates that too few events stand behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from .load_knee import Knee, knee, underrun
from .load_pace import TOO_LATE
from .load_score import LevelFigures
from .load_usage import Usage
from .score import WINDOW

WIDTH = 110
_HEAD = (
    f"{'sessions':>8}{'begun':>7}{'achieved':>9}{'n':>6}{'p50':>8}{'p95':>8}   {'95 % of p95':<15}"
    f"{'missed':>14}{'silent':>9}{'dry':>8}{'late':>8}"
)


def lines(levels: Sequence[LevelFigures], *, small: bool = False) -> Iterator[str]:
    """The levels for a reader, the knee last; ``small`` shows rates of fewer than 10 events too."""
    yield "voice to voice, s, by sessions at a time; open loop: no question waits for an answer"
    yield _HEAD
    for one in levels:
        yield _row(one, levels[0], small)
    yield (
        f"missed: no reply within {WINDOW:g} s, counted as {WINDOW:g} s · silent: of the replies' time · "
        "dry: sound was due, none came"
    )
    yield f"late: p99 of the generator's own ticks, ms; above {1000 * TOO_LATE:g} the level (!) is not valid"
    yield ""
    yield from _apart(levels)
    yield from _costs(levels)
    yield from troubles(levels)
    yield from wrap(knee(levels).told, WIDTH)


def _row(one: LevelFigures, first: LevelFigures, small: bool) -> str:
    late = f"{1000 * one.level.pace.p99:.1f}{' ' if one.level.pace.good or not one.begun else '!'}"
    head = f"{one.level.sessions:>8}{one.begun:>7}{one.achieved:>9.1f}"
    if one.waits is None:
        return f"{head}{0:>6}{'':>65}{late:>8}"
    p95 = one.waits.p95_interval
    floor = "≥" if one.missed.hits else ""
    return (
        f"{head}{one.waits.n:>6}{one.waits.p50:>8.3f}{floor + format(one.waits.p95, '.3f'):>8}   "
        f"{f'{p95.low:.3f}–{p95.high:.3f}' if p95 else '':<15}{_missed(one, small):>14}"
        f"{_percent(one.silent.value if one.silent else None):>9}{_percent(underrun(one, first)):>8}{late:>8}"
    )


def _missed(one: LevelFigures, small: bool) -> str:
    if one.missed.small and not small:
        return "n < 10"
    return f"{one.missed.hits} ({100 * one.missed.share:.1f} %)"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _apart(levels: Sequence[LevelFigures]) -> Iterator[str]:
    """How unlike the sessions of one level are."""
    told = [one for one in levels if len(one.sessions) > 1]
    if told:
        yield "session by session: from the best to the worst"
    for one in told:
        p50, p95 = [each.p50 for each in one.sessions], [each.p95 for each in one.sessions]
        span = f"p50 {min(p50):.3f} to {max(p50):.3f} s · p95 {min(p95):.3f} to {max(p95):.3f} s"
        missed = [each.missed for each in one.sessions]
        yield f"{one.level.sessions:>8}  {span} · missed {min(missed)} to {max(missed)}"
    if told:
        yield ""


def _costs(levels: Sequence[LevelFigures]) -> Iterator[str]:
    """What the machine spent, per session where that can be said."""
    told = [one for one in levels if one.level.generator is not None]
    if not told:
        return
    alone = told[0].level.alone
    yield "load generator, one process" if alone else "this process: load generator and all sessions together"
    for one in told:
        yield _cost(one, one.level.generator, one.level.recorded)
    loads = [f"{one.level.host['load'][0]:.1f}" for one in told if one.level.host.get("load")]
    if loads:
        yield f"the machine's load before each level, whoever made it: {', '.join(loads)}"
    if any(one.level.server for one in told):
        yield "the server's process and its children"
        for one in told:
            yield _cost(one, one.level.server, 0)
    yield ""


def _cost(one: LevelFigures, usage: Usage | None, recorded: int) -> str:
    if usage is None:
        return f"{one.level.sessions:>8}   gone"
    count = max(one.begun, 1)
    grown = max(usage.most - usage.before - recorded, 0)
    held = f" (+ {recorded / 2**20:.0f} MB recordings)" if recorded else ""
    return (
        f"{one.level.sessions:>8}{usage.cores:>8.2f} cores, {usage.cores / count:.3f} per session · "
        f"{usage.before / 2**20:.0f} MB before, {grown / 2**20 / count:.1f} MB more per session{held}"
    )


def troubles(levels: Sequence[LevelFigures]) -> Iterator[str]:
    """What was refused, broken off or odd, and where figures are floors; a line each."""
    for one in levels:
        for how, reasons in (("refused", one.refused), ("broken off", one.broken), ("odd", one.odd)):
            for reason, count in reasons.items():
                yield f"at {one.level.sessions}: {count} {how}: {_cut(reason)}"
        if one.after_missed:
            said = "replies after a missed question may be late replies to it"
            yield f"at {one.level.sessions}: {one.after_missed} {said}; p50 and p95 are floors"
        if one.dry:
            yield f"at {one.level.sessions}: {one.dry} times a reply ran dry"
        if one.failures:
            yield f"at {one.level.sessions}: {one.failures} times a session could not make its reply"
        if one.late_packets:
            yield f"at {one.level.sessions}: {one.late_packets} of the user's packets left over 20 ms late"


def _cut(reason: str) -> str:
    return reason if len(reason) <= 80 else f"{reason[:79]}…"


def progress(one: LevelFigures, bent: Knee) -> str:
    """One line when a level is over."""
    if one.waits is None:
        return f"{one.level.sessions} sessions: none could be begun"
    sure = "" if one.level.pace.good else ", not valid: the generator's own ticks came too late"
    knee_here = ", the knee" if bent.sessions == one.level.sessions else ""
    return (
        f"{one.level.sessions} sessions: p50 {one.waits.p50:.3f} s, p95 {one.waits.p95:.3f} s, "
        f"{one.missed.hits} of {one.missed.n} missed{knee_here}{sure}"
    )
