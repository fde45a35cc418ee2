"""Cells and tables of the report's page: intervals beside figures, and what too few stand behind withheld."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape

from .stats import Interval
from .summary import FEW, P99_NEEDS, Distribution, Rate

WITHHELD = "withheld"
MOST_FEW = 3
_P99 = "p99"
HEAD = ("n", "p50 [95 %]", "p90", "p95 [95 %]", _P99, "longest")


@dataclass(frozen=True, slots=True)
class Table:
    """A table for the page and for Markdown. Cells are HTML; the first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    "Plain text below it."

    def html(self) -> str:
        """Empty without rows."""
        told = f'<p class="note">{escape(self.note)}</p>' if self.note and self.rows else ""
        return table(self.caption, self.head, self.rows) + told

    def markdown(self) -> str:
        """Lines of Markdown; empty without rows."""
        if not self.rows:
            return ""
        lines = [f"**{self.caption}**", "", f"| {' | '.join(self.head)} |", "|" + "---|" * len(self.head)]
        lines += [f"| {' | '.join(map(plain, row))} |" for row in self.rows]
        note = [self.note.replace("<", "&lt;"), ""] if self.note else []
        return "\n".join([*lines, "", *note]) + "\n"


def timed(
    caption: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]], note: str = ""
) -> Table:  # fmt: skip
    """A table with HEAD's columns; where every 99th percentile is withheld a note says so, and no column."""
    found = tuple(rows)
    place = head.index(_P99)
    if found and all(WITHHELD in row[place] or row[place] == _DASH for row in found):
        head = head[:place] + head[place + 1 :]
        found = tuple(row[:place] + row[place + 1 :] for row in found)
        note = f"{note.strip()} No 99th percentile: n < {P99_NEEDS} in every row.".strip()
    return Table(caption, head, found, note)


def enough(counts: Mapping[str, int]) -> tuple[set[str], str]:
    """Names that get a row, and a sentence for the others: many rows that are all withheld hide the rest.

    Up to MOST_FEW names with fewer than FEW events get a row all the same.
    """
    few = [name for name, count in counts.items() if count < FEW]
    if len(few) <= MOST_FEW:
        return set(counts), ""
    told = ", ".join(f"{name} ({counts[name]})" for name in few)
    return set(counts) - set(few), f"Withheld, n < {FEW}: {told}. "


def faint(text: str) -> str:
    """Less than the figure itself; ``text`` is HTML already."""
    return f'<span class="faint">{text}</span>'


_DASH = faint("–")


def plain(cell: str) -> str:
    """A cell without its markup, safe between the bars of a Markdown table."""
    told = unescape(re.sub(r"<[^>]+>", "", cell))
    return told.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row; cells are HTML already. Empty without rows."""
    found = list(rows)
    if not found:
        return ""
    top = "".join(f'<th scope="col"{_aside(name)}>{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{cells[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in cells[1:]) + "</tr>"
        for cells in found
    )
    return (
        f'<p class="caption">{escape(caption)}</p><div class="wide"><table aria-label="{escape(caption)}">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


WORDS = "what it is"
"""Head of a column of sentences."""


def _aside(name: str) -> str:
    return ' class="words"' if name == WORDS else ""


def distribution(found: Distribution) -> tuple[str, ...]:
    """Cells under HEAD: seconds as milliseconds. Percentiles of fewer than FEW values are withheld."""
    if found.n < FEW:
        return (str(found.n), faint(f"{WITHHELD}, n &lt; {FEW}"), *[_DASH] * 4)
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
    return f"{100 * found.share:.1f} % {around} <wbr>{faint(f'{found.hits} of {found.n}')}"


def ms(seconds: float) -> str:
    """Signed milliseconds."""
    return f"{1000 * seconds:.0f} ms".replace("-", "−")


def span(interval: Interval | None) -> str:
    """An interval in milliseconds; nothing where there is none."""
    if interval is None:
        return ""
    return faint(f"[{1000 * interval.low:.0f}, {1000 * interval.high:.0f}]".replace("-", "−"))


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values, escaped here."""
    told = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs if value
    )
    return f'<dl class="facts">{told}</dl>'
