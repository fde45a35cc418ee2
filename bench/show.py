"""A report as lines for a terminal, and where all of its figures lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .explain_table import explained_lines
from .report import Report, report, save
from .table import lines

Tell = Callable[[str], None]


def show_report(folder: Path, tell: Tell, *, listen: bool, small: bool) -> None:
    """Score a folder and tell its figures. Raises UserError where nothing in it can be scored."""
    show(report(folder, listen=listen), folder, tell, small=small)


def show(found: Report, folder: Path, tell: Tell, *, small: bool) -> None:
    """Save a report into its folder and tell its figures."""
    file = save(found, folder)
    for line in (*lines(found, small=small), *explained_lines(found, small=small)):
        tell(line)
    tell("")
    tell(f"all figures: {file}")
