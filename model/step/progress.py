"""How far loading has come: one line on stderr where that is a terminal, otherwise nothing.

Plain text over itself, because drawing on the screen belongs to rooms above this one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from pipeline.clock import monotonic

Tell: TypeAlias = Callable[[int, int], None]
"""Called with the bytes read so far and in all."""
WIDTH = 24
"""Letters of the bar."""
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@contextmanager
def shown(name: str) -> Iterator[Tell]:
    """What to tell while the model called ``name`` is read. The line is gone when it is."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    began, drawn = monotonic(), -1

    def tell(done: int, total: int) -> None:
        nonlocal drawn
        if (share := 1000 * done // max(1, total)) != drawn:
            drawn = share
            _write(f"\r\x1b[2K{line(name, done, total, monotonic() - began)}")

    try:
        yield tell
    finally:
        _write("\r\x1b[2K")


def line(name: str, done: int, total: int, seconds: float) -> str:
    """The line after ``seconds``: a bar, how much of how much, how fast, and how long it will still take."""
    size, unit = next(((size, unit) for size, unit in UNITS if total >= size), (1, "B"))
    full = WIDTH * done // max(1, total)
    text = (
        f"loading {name}  {'█' * full}{'░' * (WIDTH - full)}  {done / size:.1f} of {total / size:.1f} {unit}"
    )
    if not done or seconds < 0.5:
        return text
    rate = done / seconds
    return f"{text}  {rate / (1 << 20):.0f} MiB/s  {(total - done) / rate:.0f} s left"


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
