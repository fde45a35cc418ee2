"""Cells and tables of the report's page: intervals beside figures, and what too few stand behind withheld."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .stats import Interval
from .summary import FEW, P99_NEEDS, Distribution, Rate

WITHHELD = "withheld"
HEAD = ("n", "p50 [95 %]", "p90", "p95 [95 %]", "p99", "longest")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row; cells are HTML already. Empty without rows."""
    found = list(rows)
    if not found:
        return ""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{cells[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in cells[1:]) + "</tr>"
        for cells in found
    )
    return (
        f'<p class="caption">{escape(caption)}</p><div class="wide"><table aria-label="{escape(caption)}">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def distribution(found: Distribution) -> tuple[str, ...]:
    """Cells under HEAD: seconds as milliseconds. Percentiles of fewer than FEW values are withheld."""
    if found.n < FEW:
        return (str(found.n), *[faint(f"{WITHHELD}, n &lt; {FEW}")] * 5)
    p99 = faint(f"{WITHHELD}, n &lt; {P99_NEEDS}") if found.p99 is None else ms(found.p99)
    return (
        str(found.n), f"{ms(found.p50)} {span(found.p50_interval)}", ms(found.p90),
        f"{ms(found.p95)} {span(found.p95_interval)}", p99, ms(found.most),
    )  # fmt: skip


def share(found: Rate) -> str:
    """A rate with its interval, or that it is withheld."""
    if found.small:
        return faint(f"{WITHHELD}, n {found.n}")
    low, high = 100 * found.interval.low, 100 * found.interval.high
    around = faint(f"[{low:.1f}, {high:.1f}]")
    return f"{100 * found.share:.1f} % {around} {faint(f'{found.hits} of {found.n}')}"


def ms(seconds: float) -> str:
    """Signed milliseconds."""
    return f"{1000 * seconds:.0f} ms".replace("-", "−")


def span(interval: Interval | None) -> str:
    """An interval in milliseconds; nothing where there is none."""
    if interval is None:
        return ""
    return faint(f"[{1000 * interval.low:.0f}, {1000 * interval.high:.0f}]".replace("-", "−"))


def faint(text: str) -> str:
    """Less than the figure itself; ``text`` is HTML already."""
    return f'<span class="faint">{text}</span>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values, escaped here."""
    told = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs if value
    )
    return f'<dl class="facts">{told}</dl>'
