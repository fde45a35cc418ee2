"""The ablation as Markdown: one table of differences from the full arm, one of every arm's own figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .ablation import GAP, REFERENCE, SHARES, Arm, Wait, censored_percentile
from .bootstrap import Bounded, Difference, bounded_difference, mean_difference
from .stats import percentile
from .suite_core import PAUSES
from .summary import FEW, Rate
from .think_arms import plain
from .think_cells import ms, percents, points, span, table
from .think_edge import PATIENCE
from .think_live import Waited
from .think_live_rows import by_arm, waits

APART = (
    "arm", "n", "right", "voice to voice p50", "p95", "first answer word p50", "p95", "false cut-offs",
    "wasted", "hidden", f"gaps ≥ {1000 * GAP:.0f} ms", "ran dry",
)  # fmt: skip
OWN = (
    "arm", "n", "right", "voice to voice p50 / p95", "no reply", "first answer word p50 / p95",
    "no such word", "false cut-offs", f"at {' / '.join(f'{pause:g}' for pause in PAUSES)} s",
    "more must follow / would do",
)  # fmt: skip
LIVE = (
    "arm", "n", "voice to voice p50", "p90", "p95", "Δ p50", "Δ p95", "Δ mean", "no reply", "ran dry",
    "late ticks", "worst",
)  # fmt: skip


def paced(pace: float) -> str:
    """What a pace is called."""
    return f"paced to {1000 * pace:g} ms per token" if pace else "unpaced (1 ms per token, declared)"


def ablation_lines(arms: Sequence[Arm], pace: float) -> Iterator[str]:
    """Both tables of one pace; nothing where no arm was asked."""
    if not arms:
        return
    yield f"### Each mechanism left out, {paced(pace)} (virtual time)"
    yield ""
    full = plain(REFERENCE)
    yield (f"First row: what *{full}* comes to. The others: minus *{full}*, same questions, paired; "
           "wasted, hidden, gaps and ran dry are the arm's own. Beyond: one side of it is a wait for "
           f"{PATIENCE:g} s in vain.")  # fmt: skip
    yield ""
    yield from table(APART, [_apart(arm) for arm in arms])
    yield "The arms by themselves:"
    yield ""
    yield from table(OWN, [_own(arm) for arm in arms])


def live_lines(waited: Sequence[Waited]) -> Iterator[str]:
    """Voice to voice in real time, every arm minus the full one."""
    for pace, arms in by_arm(waited):
        rows = [row for ways in arms.values() for row in ways]
        beside = max(row.lanes for row in rows)
        yield f"### Live, {paced(pace) if pace else 'unpaced'} (wall clock, {beside} at a time)"
        yield ""
        yield from table(LIVE, [_live(arm, ways, arms.get(REFERENCE)) for arm, ways in arms.items()])
        ticks, late = sum(row.ticks for row in rows), sum(row.late for row in rows)
        worst = [row.worst for row in rows]
        share = f"{100 * late / ticks:.2f} % of {ticks} ticks" if ticks else f"{late} ticks"
        yield (
            f"Punctuality of the user's side: {share} were more than 5 ms late, the worst by "
            f"{ms(max(worst))}; the conversations' worst in the median by {ms(percentile(worst, 0.5))}."
        )
        yield ""


def _apart(arm: Arm) -> tuple[str, ...]:
    if arm.count < FEW:
        return (arm.name, str(arm.count), f"withheld: n < {FEW}", *[""] * (len(APART) - 3))
    own = arm.name == plain(REFERENCE)
    cuts = arm.cuts
    cut = "" if cuts is None else _rate(cuts.all) if own else _points(cuts.against)
    return (
        arm.name, str(arm.count),
        _rate(arm.right) if own else _points(arm.right_against),
        *(_level(arm.sound, own)), *(_level(arm.answer, own)), cut,
        _share(arm.wasted), _share(arm.hidden), _rate(arm.gaps, wide=False), str(arm.starved),
    )  # fmt: skip


def _level(wait: Wait, own: bool) -> tuple[str, str]:
    if own:
        return _ms(wait.p50), _ms(wait.p95)
    found = [_bounds(one) for one in wait.against]
    return (found[0], found[1]) if len(found) == len(SHARES) else ("", "")


def _own(arm: Arm) -> tuple[str, ...]:
    if arm.count < FEW:
        return (arm.name, str(arm.count), f"withheld: n < {FEW}", *[""] * (len(OWN) - 3))
    cuts = arm.cuts
    cut = ["", "", ""] if cuts is None else [
        f"{_rate(cuts.all)} of {cuts.all.n}",
        " / ".join(_rate(cuts.by_pause[one], wide=False) if one in cuts.by_pause else "" for one in PAUSES),
        f"{_rate(cuts.open, wide=False)} / {_rate(cuts.would_do, wide=False)}",
    ]  # fmt: skip
    return (
        arm.name, str(arm.count), _rate(arm.right),
        f"{_ms(arm.sound.p50)} / {_ms(arm.sound.p95)}", _rate(arm.sound.never, wide=False),
        f"{_ms(arm.answer.p50)} / {_ms(arm.answer.p95)}", _rate(arm.answer.never, wide=False), *cut,
    )  # fmt: skip


def _live(arm: str, ways: Sequence[Waited], full: Sequence[Waited] | None) -> tuple[str, ...]:
    head = plain(arm), str(len(ways))
    if len(ways) < FEW:
        return (*head, f"withheld: n < {FEW}", *[""] * (len(LIVE) - 3))
    mine = waits(ways)
    own = (censored_percentile(list(mine.values()), share) for share in (0.5, 0.9, 0.95))
    against = ["", "", ""]
    if full is not None and arm != REFERENCE:
        theirs = waits(full)
        against = [_bounds(bounded_difference(mine, theirs, share, PATIENCE)) for share in SHARES]
        against.append(span(mean_difference(mine, theirs)))
    missed = sum(row.first_sound is None or bool(row.error) for row in ways)
    return (
        *head, *(_ms(one) for one in own), *against, str(missed),
        str(sum(row.starved for row in ways)), str(sum(row.late for row in ways)),
        ms(max(row.worst for row in ways)),
    )  # fmt: skip


def _ms(seconds: float) -> str:
    """A wait; one that reached the limit is told as never."""
    return f"> {PATIENCE:g} s" if seconds >= PATIENCE else ms(seconds)


def _bounds(found: Bounded) -> str:
    """A difference of times, in ms, what is not known called so."""
    value, low, high = (
        "beyond" if one is None else f"{round(1000 * one):+d}" for one in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}] ms" if found.count > 1 else f"{value} ms"


def _rate(found: Rate, *, wide: bool = True) -> str:
    if found.n < FEW:
        return "withheld"
    return f"{100 * found.share:.1f} %" + (f" {percents(found.interval)}" if wide else "")


def _points(found: Difference | None) -> str:
    return "" if found is None else points(found) if found.count >= FEW else "withheld"


def _share(found: Difference | None) -> str:
    return "" if found is None else f"{100 * found.value:.1f} % {percents(found.interval)}"
