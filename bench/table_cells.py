"""Cells of the text report: columns that keep their width, and what too few events stand behind withheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from .rates import FEW, P99_NEEDS, Distribution, Rate
from .stats import Interval

WIDE = 110
"""Columns of a line at most."""
NAME = 26
"""Columns of a scenario's name at most."""
TAG = 8
WITHHELD = "withheld"
TOO_FEW = "too few to tell"


def caption(text: str) -> Iterator[str]:
    """An empty line, then what the table below it shows."""
    yield ""
    yield from wrap(text, WIDE)


def name_width(names: Iterable[str]) -> int:
    """Columns that hold every name, up to NAME, and a space after."""
    return min(max((len(name) for name in names), default=0), NAME) + 1


def name(text: str, width: int) -> str:
    """A name in its column; one that is longer ends with an ellipsis."""
    kept = text if len(text) < width else text[: width - 2] + "…"
    return f"{kept:<{width}}"


def head(width: int, last: str) -> str:
    """Above rows of ``durations``."""
    shown = f"{'n':>5}{'p50':>8}{'p90':>8}{'p95':>8}{'p99':>8}{'max':>8}"
    return f"{'':<{width + TAG}}{shown}   {'95 % of p50':<18}{last}"


def durations(found: Distribution, small: bool = False) -> str:
    """Seconds under ``head``, up to its last column."""
    if found.n < FEW and not small:
        return f"{found.n:>5}   {f'{WITHHELD}, fewer than {FEW}':<58}"
    p99 = f"{f'n<{P99_NEEDS}':>8}" if found.p99 is None else f"{found.p99:8.3f}"
    shown = f"{found.n:>5}{found.p50:8.3f}{found.p90:8.3f}{found.p95:8.3f}{p99}{found.most:8.3f}"
    return f"{shown}   {span(found.p50_interval):<18}"


def span(interval: Interval | None) -> str:
    """An interval in seconds; nothing where there is none."""
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"


def share(found: Rate, small: bool = False) -> str:
    """A rate in words, with its interval."""
    if found.small and not small:
        return f"n {found.n}, {TOO_FEW}"
    low, high = found.interval.low, found.interval.high
    return f"{found.hits} of {found.n} = {100 * found.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def brief(found: Rate, small: bool = False) -> str:
    """A rate for a column of percents: at most 27 characters."""
    if not found.n:
        return "-"
    if found.small and not small:
        return f"{WITHHELD}, n {found.n}"
    low, high = 100 * found.interval.low, 100 * found.interval.high
    return f"{100 * found.share:.1f} [{low:.1f}, {high:.1f}] {found.hits}/{found.n}"


def count(found: Rate) -> str:
    """How many of how many: no rate, so never withheld."""
    return f"{found.hits}/{found.n}" if found.n else "-"


def ms(seconds: float) -> str:
    """Signed whole milliseconds."""
    return f"{1000 * seconds:.0f} ms"
