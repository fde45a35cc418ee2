"""Files of one JSON object per line that go on where a run was stopped, or killed in the middle of a line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO


def rows_to(file: Path) -> TextIO:
    """The file, open to add lines. A line that was cut off is ended first: else the next would be lost too.

    Readers pass over a line that is not whole, so what it was about is asked again.
    """
    cut = _tail(file) not in (b"", b"\n")
    kept = file.open("a", encoding="utf-8")
    if cut:
        kept.write("\n")
    return kept


def _tail(file: Path) -> bytes:
    """The last byte; empty where there is none."""
    if not file.exists() or not file.stat().st_size:
        return b""
    with file.open("rb") as found:
        found.seek(-1, os.SEEK_END)
        return found.read()
