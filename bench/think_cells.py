"""Figures as text for a table: shares, times, differences with their intervals. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .bootstrap import Difference
from .stats import Interval, percentile


def points(found: Difference) -> str:
    """A difference of shares, in points."""
    return f"{100 * found.value:+.1f} {percents(found.interval, sign=True)} points"


def span(found: Difference) -> str:
    """A difference of times, in ms."""
    if found.interval is None:
        return ms(found.value)
    low, high = round(1000 * found.interval.low), round(1000 * found.interval.high)
    return f"{round(1000 * found.value):+d} [{low:+d}, {high:+d}] ms"


def percents(interval: Interval | None, *, sign: bool = False) -> str:
    """An interval of shares; empty for none."""
    if interval is None:
        return ""
    low, high = 100 * interval.low, 100 * interval.high
    return f"[{low:+.1f}, {high:+.1f}]" if sign else f"[{low:.1f}, {high:.1f}]"


def share(part: float, whole: float) -> str:
    """In percent; empty of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def two(values: Sequence[float], low: float, high: float) -> str:
    """Two percentiles of times; empty for none."""
    return f"{ms(percentile(values, low))} / {ms(percentile(values, high))}" if values else ""


def ms(seconds: float) -> str:
    """A time in ms."""
    return f"{1000 * seconds:.0f} ms"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of Markdown, an empty one last."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
