"""What explains the scores as lines for a terminal: one block per kind of brain. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from .counted import counted
from .explain_figures import Figures, Spread
from .kinds import KNOWN
from .report import Report, Section
from .summary import FEW, Rate
from .table_cells import WIDE

_HEAD = f"  {'':<14}{'n':>5}{'mean':>8}{'p50':>8}{'p90':>8}{'p95':>8}{'least':>8}{'most':>8}"


def explained_lines(report: Report, *, small: bool = False) -> Iterator[str]:
    """For a reader; ``small`` shows what fewer than 10 events stand behind too."""
    for kind, found in report.kinds.items():
        if kind == KNOWN:
            continue
        own = {name: one for name, one in report.sections.items() if one.kind == kind}
        told = [*_parts(found, small), *_content(found, own, small), *_stops(found, small),
                *_ahead(found, small), *_thinking(found), *_clean(found)]  # fmt: skip
        if told or found.unknown:
            yield ""
            yield f"what explains it, ms ({kind}):"
        for line in (*told, *(f"  {what}" for what in found.unknown)):
            yield from wrap(line, WIDE, subsequent_indent="    ") if len(line) > WIDE else (line,)


def _parts(found: Figures, small: bool) -> Iterator[str]:
    if found.whole is not None:
        yield "  where the time went: signed parts that sum to voice to voice, negative ones are credit"
        yield _HEAD
        yield from _spreads(found.parts, small)
        yield _spread("voice to voice", found.whole, small)
        yield f"  parts are known of {found.whole.n} of {counted(found.replies, 'reply')}"
    if found.socket:
        yield "  where the time went, as far as a server's messages tell"
        yield _HEAD
        yield from _spreads(found.socket, small)


def _content(found: Figures, sections: Mapping[str, Section], small: bool) -> Iterator[str]:
    few = []
    for name, one in sections.items():
        told = one.explained
        if told is None:
            continue
        if told.right is not None and told.right.small and one.answers is None and not small:
            few.append(f"{name} ({told.right.n})")
            continue
        if (content := told.content) is not None:
            known = content.n >= FEW or small
            figures = f"p50 {_ms(content.p50)}, p95 {_ms(content.p95)}" if known else "too few to tell"
            yield f"  {name}: to the first answer word {figures}; {content.censored} of {content.n} had none"
        if told.right is not None:
            yield f"  {name}: right by the reply's text {_rate(told.right, small)}, refused {told.refused}"
        if one.answers is not None:
            yield f"  {name}: right by ear {_rate(one.answers, small)}"
    if few:
        yield f"  right answers, first answer word: too few to tell in {', '.join(few)}"
    if found.right is not None and len(sections) > 1:
        right = _rate(found.right, small)
        yield f"  all together: right by the reply's text {right}, refused {found.refused}"


def _stops(found: Figures, small: bool) -> Iterator[str]:
    if found.socket_stop:
        yield "  what a stop consists of, as far as a server's messages tell"
        yield _HEAD
        yield from _spreads(found.socket_stop, small)
    if found.stop:
        yield "  what a stop consists of: parts that sum to the stop latency"
        yield _HEAD
        yield from _spreads(found.stop, small)


def _ahead(found: Figures, small: bool) -> Iterator[str]:
    if found.hits is not None:
        wasted = f"{100 * found.wasted / found.ahead:.1f} %" if found.ahead else "none"
        enough = found.saved is not None and (found.saved.n >= FEW or small)
        saved = f"; a hit saved {_ms(found.saved.p50)} in the median" if found.saved and enough else ""
        yield (f"  written ahead: hit {_rate(found.hits, small)}, {found.dropped} of {found.drafts} drafts "
               f"dropped, {wasted} of {found.ahead} tokens wasted{saved}")  # fmt: skip
    if found.unread is not None:
        left = f"p50 {80 * found.unread.p50:.0f} ms, p90 {80 * found.unread.p90:.0f} ms"
        yield f"  sound left to take in when the answering draft began: {left}"


def _thinking(found: Figures) -> Iterator[str]:
    if (told := found.thinking) is not None:
        span = told.interval
        around = "" if span is None else f" ({_percent(span.low)} to {_percent(span.high)})"
        yield f"  thought hidden behind speech: {_percent(told.hidden)}{around}, {told.turns} turns; tokens"
        yield (f"    while the user spoke {told.user}, while the agent spoke {told.agent}, in silence "
               f"{told.exposed}, after the first answer word {told.late}")  # fmt: skip


def _clean(found: Figures) -> Iterator[str]:
    if found.stale is not None:
        gaps = found.gaps.n if found.gaps else 0
        yield (f"  heard without leave: {found.uncommitted} uncommitted and {found.stale} stale samples; "
               f"starved {found.starved} times; {gaps} gaps at no mark")  # fmt: skip
    if found.holds and found.false_holds is not None:
        gap = f", on again after p50 {_ms(found.resume.p50)}" if found.resume else ""
        yield f"  {found.holds} holds, {found.false_holds.hits} of them with no wish for the floor{gap}"
    if found.kept is not None:
        words, exact = sum(found.kept_words.values()), found.kept_words.get(0, 0)
        yield (f"  cut replies remembered as played: {exact} of {words} to the word; remembered minus played "
               f"p50 {_ms(found.kept.p50)}, {_ms(found.kept.least)} to {_ms(found.kept.most)}")  # fmt: skip


def _spreads(terms: Mapping[str, Spread], small: bool) -> Iterator[str]:
    return (_spread(name, one, small) for name, one in terms.items())


def _spread(name: str, one: Spread, small: bool) -> str:
    if one.n < FEW and not small:
        return f"  {name:<14}{one.n:>5}   too few to tell"
    values = (one.mean, one.p50, one.p90, one.p95, one.least, one.most)
    return f"  {name:<14}{one.n:>5}" + "".join(f"{1000 * value:>8.0f}" for value in values)


def _rate(found: Rate, small: bool) -> str:
    if found.small and not small:
        return f"n {found.n}, too few to tell"
    return f"{found.hits} of {found.n} = {_percent(found.share)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"
