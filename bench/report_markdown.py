"""``report.md``: the page's figures for who reads in a terminal or on a forge; pictures are linked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .html_about import banner_words, facts_of, troubles_of
from .html_figures import groups, load_groups
from .pictures_page import Drawn
from .report import Report


def markdown(folder: Path, found: Report, drawn: Drawn) -> str:
    """The whole text."""
    return "\n".join(_lines(folder, found, drawn)) + "\n"


def _lines(folder: Path, found: Report, drawn: Drawn) -> Iterator[str]:
    clock, means = banner_words(found)
    yield f"# hocket bench: {folder.resolve().name}"
    yield ""
    yield f"**{clock}.** {means}"
    yield ""
    for name, value in facts_of(found):
        if value:
            yield f"* {name}: {_text(value)}"
    yield ""
    for one in drawn.pictures:
        yield f"![{_text(one.title)}]({one.name}.png)"
        yield ""
    for group in (*load_groups(folder), *groups(found)):
        yield f"## {_text(group.title)}"
        yield ""
        for note in group.notes:
            yield f"{_text(note)}"
            yield ""
        for table in group.tables:
            yield table.markdown()
    yield "## Missing, late or failed"
    yield ""
    troubles = troubles_of(found)
    yield from (f"* {_text(line)}" for line in troubles)
    if not troubles:
        yield "Nothing failed, was late, skipped or left unscored."
    yield ""
    yield "All figures: report.json. To listen: report.html."


def _text(told: str) -> str:
    """What a server or a label wrote is no markup."""
    return told.replace("<", "&lt;").replace("\n", " ")
