"""A comparison as lines of text and as a page. Withholds figures of fewer than 10 pairs and says so."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from pipeline.errors import UserError

from .compare import Compared, Figure
from .html_cells import WITHHELD, faint, table
from .summary import FEW

_HEAD = f"{'':<34}{'pairs':>6}{'first':>10}{'second':>10}{'second − first':>16}   95 %"


def as_text(found: Compared) -> Iterator[str]:
    """The table for a terminal."""
    yield f"first   {found.first}"
    yield f"second  {found.second}"
    yield f"{found.clock} clock ({_clock(found.clock)}), {found.pairs} pairs of turns"
    for name, one, two in found.differs:
        yield f"differs: {name}, {one} → {two}"
    for scenario, figures in groupby(found.figures, key=lambda one: one.scenario):
        yield ""
        yield f"{scenario}"
        yield _HEAD
        for figure in figures:
            yield _line(figure)
    yield ""
    for line in found.unpaired:
        yield f"unpaired: {line}"
    yield (
        "differences are over the same stimuli; 95 % by drawing whole conversations anew; "
        "* the interval leaves out zero"
    )


def _line(figure: Figure) -> str:
    cell = figure.cell
    start = f"  {figure.name:<32}{cell.pairs:>6}"
    if cell.small:
        return f"{start}   {WITHHELD}, fewer than {FEW} pairs{_lonely(figure)}"
    first, second, apart = (
        _value(value, figure.unit) for value in (cell.first, cell.second, cell.difference)
    )
    sign = "+" if cell.difference > 0 else ""
    return f"{start}{first:>10}{second:>10}{sign + apart:>16}   {_span(figure)}{_lonely(figure)}"


def _value(value: float, unit: str) -> str:
    told = f"{1000 * value:.0f} ms" if unit == "ms" else f"{100 * value:.1f} %"
    return told.replace("-", "−")


def _span(figure: Figure) -> str:
    interval = figure.cell.interval
    if interval is None:
        return f"{figure.cell.groups} conversations, too few"
    scale, places = (1000, 0) if figure.unit == "ms" else (100, 1)
    low, high = f"{scale * interval.low:+.{places}f}", f"{scale * interval.high:+.{places}f}"
    return f"[{low}, {high}]{' *' if figure.cell.apart else ''}".replace("-", "−")


def _lonely(figure: Figure) -> str:
    count = figure.cell.unpaired
    return f"   ({count} without a partner)" if count else ""


def as_page(found: Compared, file: Path) -> None:
    """The same as one page. Raises UserError where it cannot be written."""
    title = f"{Path(found.first).name} and {Path(found.second).name}"
    differs = "".join(
        f"<li>{escape(name)}: {escape(one)} → {escape(two)}</li>" for name, one, two in found.differs
    )
    unpaired = "".join(f"<li>{escape(line)}</li>" for line in found.unpaired)
    tables = "".join(
        table(
            scenario,
            ("figure", "pairs", "first", "second", "second − first", "95 %", ""),
            map(_cells, figures),
        )
        for scenario, figures in groupby(found.figures, key=lambda one: one.scenario)
    )
    style = files(__package__).joinpath("html_page.css").read_text(encoding="utf-8")
    kind = found.clock if found.clock in ("wall", "virtual") else ""
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>hocket bench compare: {escape(title)}</title><style>{style}</style></head><body>"
        f"<h1>hocket bench compare</h1><p>First: {escape(found.first)}<br>Second: {escape(found.second)}</p>"
        f'<div class="clock {kind}"><strong>{escape(found.clock.capitalize())} clock</strong>'
        f"{_clock(found.clock).capitalize()}. {found.pairs} pairs of turns over the same stimuli.</div>"
        f"<h2>Settings that differ</h2><ul>{differs or '<li>none</li>'}</ul>"
        f"<h2>Differences</h2>{tables}"
        f"<h2>Unpaired</h2><ul>{unpaired or '<li>nothing</li>'}</ul>"
        '<p class="faint">Intervals are 95 %, drawing whole conversations anew with both runs together. An '
        "interval in bold leaves out zero; with many figures some do by chance.</p></body></html>\n"
    )
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}; choose another place with --html") from None


def _cells(figure: Figure) -> tuple[str, ...]:
    cell, lonely = figure.cell, faint(escape(_lonely(figure).strip()))
    if cell.small:
        return (escape(figure.name), str(cell.pairs), *[faint(WITHHELD)] * 4, lonely)
    apart = ("+" if cell.difference > 0 else "") + _value(cell.difference, figure.unit)
    told = _span(figure).removesuffix(" *")
    return (
        escape(figure.name), str(cell.pairs), _value(cell.first, figure.unit),
        _value(cell.second, figure.unit), apart, f"<strong>{told}</strong>" if cell.apart else told, lonely,
    )  # fmt: skip


def _clock(clock: str) -> str:
    return "latency is real" if clock == "wall" else "latency is declared, not measured"
