"""The text report's tables of sounds over the agent's voice: stopping, ignoring, holding, going on."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from .rates import FEW
from .score_overlap import RESPOND_WINDOW, RESUME_WINDOW, STOP_WINDOW, YIELD_WINDOW
from .summary_overlap import FALSE, MISS, NAMES, Ignoring, Overlaps, together
from .table_cells import (
    TAG,
    WIDE,
    WITHHELD,
    brief,
    caption,
    count,
    durations,
    head,
    name,
    name_width,
    share,
)
from .table_turns import Sections


def stops(sections: Sections, small: bool) -> Iterator[str]:
    """How soon barge-ins silence the agent, and by how long it had been speaking."""
    told = {title: one.summary for title, one in sections.items() if one.summary.stop is not None}
    if not told:
        return
    width = name_width([*told, *(f"  after {band}" for one in told.values()
                                 for band in one.overlaps.stop_by_offset)])  # fmt: skip
    yield from caption("stop latency, s: from the user's true onset to the agent's silence")
    yield head(width, "never")
    for title, one in told.items():
        if one.stop is None:
            continue
        row = f"{'':<{TAG}}{durations(one.stop, small)}{one.stop.censored} of {one.stop.n}"
        yield name(title, width) + row
        bands = one.overlaps.stop_by_offset
        for band, found in bands.items() if len(bands) > 1 else ():
            after = name(f"  after {band}", width)
            yield f"{after}{'':<{TAG}}{durations(found, small)}{found.censored} of {found.n}"
        given = share(one.overlaps.barge_ins, small)
        yield f"{'':<{width}}yielded within {STOP_WINDOW:g} s, to the user's end: {given}"
        yield f"{'':<{width}}resumed under the user: {share(one.resumed, small)}"


def ignoring(sections: Sections, small: bool) -> Iterator[str]:
    """What the agent made of each kind of sound that wanted nothing."""
    rows = {
        title if len(one.summary.overlaps.kinds) == 1 else f"{title}: {kind}": found
        for title, one in sections.items()
        for kind, found in one.summary.overlaps.kinds.items()
    }
    if not rows:
        return
    width = name_width(rows)
    yield from caption(
        "sounds that want nothing: ignored, % [95 %] of n. Over the agent's voice it yielded within "
        f"{YIELD_WINDOW:g} s, then was heard again (a false hold, or an answer to it) or never within "
        f"{RESUME_WINDOW:g} s; in its silence it answered within {RESPOND_WINDOW:g} s"
    )
    columns = f"{'yielded':>8}{'again':>8}{'never':>8}{'silence p50':>13}{'answered':>10}"
    yield f"{'':<{width}}{'ignored':<28}{columns}"
    for title, found in rows.items():
        yield name(title, width) + _kind(found, small)


def _kind(found: Ignoring, small: bool) -> str:
    silence = "-"
    if found.resume is not None:
        silence = f"{found.resume.p50:.2f} s" if found.resume.n >= FEW or small else WITHHELD
    return (
        f"{brief(found.ignored, small):<28}{count(found.yielded):>8}{count(found.held):>8}"
        f"{count(found.never):>8}{silence:>13}{count(found.answered):>10}"
    )


def selectivity(sections: Sections, small: bool) -> Iterator[str]:
    """Yielding and ignoring side by side, and what the errors cost, over all these scenarios."""
    panel = together([one.summary.overlaps for one in sections.values()])
    if not panel.kinds and not panel.barge_ins.n:
        return
    yield from caption("yield against selectivity, all scenarios above together, % [95 %] of n")
    yield f"{'R_Y':<9}{'yields to barge-ins':<26}{brief(panel.barge_ins, small)}"
    for kind, found in panel.kinds.items():
        short = next(short for one, short in NAMES.items() if str(one) == kind)
        yield f"{short:<9}{f'ignores: {kind}':<26}{brief(found.ignored, small)}"
    yield f"{'':<9}{'mean selectivity':<26}{_mean(panel, small)}"
    yield from wrap(f"{'':<9}{'penalty':<26}{_penalty(panel, small)}", WIDE, subsequent_indent=35 * " ")


def _mean(panel: Overlaps, small: bool) -> str:
    if panel.selectivity is None:
        return "-"
    if panel.small and not small:
        return f"{WITHHELD}, a kind has n {panel.fewest}"
    kinds = sum(bool(one.ignored.n) for one in panel.kinds.values())
    return f"{100 * panel.selectivity:.1f} of {kinds} kind{'s'[: kinds != 1]}, each kind alike"


def _penalty(panel: Overlaps, small: bool) -> str:
    lost = panel.penalty
    if lost is None:
        return "-"
    if lost.n < FEW and not small:
        return f"{WITHHELD}, n {lost.n}"
    return (
        f"{lost.seconds:.2f} s per sound over the voice: mean of the stops of {lost.barge_ins} barge-ins "
        f"({MISS:g} s for the {lost.missed} not yielded to) and of {FALSE:g} s for {lost.false} false yields "
        f"to {lost.others} other sounds"
    )
