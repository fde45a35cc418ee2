"""``hocket bench report`` and ``hocket bench compare``: arguments, and what is told. Prints nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .compare import compare_folders
from .compare_table import as_page, as_text
from .html_page import MARKDOWN, Limits, write_page
from .pictures import NEEDS, drawable

Tell = Callable[[str], None]


def report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket bench report DIR`` takes."""
    limits = Limits()
    parser.add_argument("folder", type=Path, help="a run's folder; the page and its pictures go into it")
    parser.add_argument("--hear", action="store_true", help="listen to the answers (needs pocketsphinx)")
    parser.add_argument("--sounds", type=int, default=limits.conversations, metavar="N",
                        help="conversations whose sound goes into the page")  # fmt: skip
    parser.add_argument("--megabytes", type=float, default=limits.megabytes, metavar="MB",
                        help="sound in the page at most; the rest is linked")  # fmt: skip


def report_command(given: argparse.Namespace, tell: Tell) -> int:
    """Write the page. Raises UserError, LabelsError, SoundFileError."""
    page = write_page(given.folder, Limits(given.sounds, given.megabytes), listen=given.hear)
    tell(f"{page} ({page.stat().st_size / 1e6:.1f} MB, everything inside)")
    tell(f"{given.folder / MARKDOWN}")
    for picture in sorted(given.folder.glob("*.png")):
        tell(f"{picture}")
    if not drawable():
        tell(f"without charts; they need matplotlib: {NEEDS}")
    return 0


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket bench compare A B`` takes."""
    parser.add_argument("first", type=Path, help="a run's folder, or one of hocket bench think")
    parser.add_argument(
        "second", type=Path, help="another, of the same stimuli; differences are second − first"
    )
    parser.add_argument("--html", type=Path, help="write the table as a page too")


def compare_command(given: argparse.Namespace, tell: Tell) -> int:
    """Tell the table of differences. Raises UserError for runs that must not be compared."""
    found = compare_folders(given.first, given.second)
    for line in as_text(found):
        tell(line)
    if given.html is not None:
        as_page(found, given.html)
        tell(f"{given.html}")
    return 0
