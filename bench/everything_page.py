"""One page over several runs: what matters most, the gates, each run's pictures, and the way to its own page.

Pictures lie inside the page; sound does not, it is in the runs' own pages. Measures nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.errors import UserError

from .gates import Verdict, judge_run, load_gates
from .gates_command import kind_of_run
from .html_cells import table
from .html_page import PAGE

if TYPE_CHECKING:
    from .everything import Done

INDEX = "index.html"


def write_index(out: Path, names: Sequence[str], done: Sequence[Done]) -> Path:
    """Write the page; returns where it is."""
    headed = [file for pattern in _FIRST for name in names for file in sorted((out / name).glob(pattern))]
    parts = [
        "<header><h1>hocket bench</h1></header>",
        _headline(headed),
        _section("Gates", _gates(out, names)),
        *(_section(escape(name), "".join(_run(out / name, headed))) for name in names),
        _section("Commands", table("In order", ("command", "ended", "took"), _commands(done))),
    ]
    style = files(__package__).joinpath("html_page.css").read_text(encoding="utf-8")
    page = out / INDEX
    page.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>hocket bench</title><style>{style}figure img {{ width: 100%; height: auto; }}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n",
        encoding="utf-8",
    )
    return page


_GATE_HEAD = ("gate", "run", "bound", "measured", "goal", "")


_BUDGETS = "Budgets of bench/budgets.toml"
_FIRST = ("think-accuracy*.png", "yield-selectivity*.png")
"""Pictures that stand before all others."""
_WIDE = 1300
"""Pixels from which a picture takes the page's whole width."""


def _headline(pictures: Sequence[Path]) -> str:
    inside = "".join(_picture(file, file.parent.name) for file in pictures)
    return _section("Headline", f'<div class="pictures">{inside}</div>') if inside else ""


def _gates(out: Path, names: Sequence[str]) -> str:
    """How many hold, those that fail, and all of them folded away."""
    known = load_gates()
    judged: list[tuple[Verdict, str]] = []
    for name in names:
        run = read_run(out / name)
        if run and any((gate.suite, gate.clock) == run for gate in known):
            judged += [(one, name) for one in judge_run(out / name, known, *run)]
    if not judged:
        return "<p>No run here has a gate.</p>"
    failed = [(one, name) for one, name in judged if not one.good]
    told = f"{len(judged) - len(failed)} of {len(judged)} gates hold"
    every = table(_BUDGETS, _GATE_HEAD, (_gate(one, name) for one, name in judged))
    mark = ' class="bad"' if failed else ""
    return (
        f"<p><strong{mark}>{told}</strong>.</p>"
        + table("Gates that fail", _GATE_HEAD, (_gate(one, name) for one, name in failed))
        + f"<details><summary>All {len(judged)} gates, with bounds and figures</summary>{every}</details>"
    )


def _gate(one: Verdict, run: str) -> tuple[str, ...]:
    gate = one.gate
    bounds = [f"≥ {gate.least:g}"] if gate.least is not None else []
    bounds += [f"≤ {gate.most:g}"] if gate.most is not None else []
    value = "not measured" if one.value is None else f"{one.value:.4g} {gate.unit}"
    goal = "" if gate.goal is None else f"{gate.goal:g}"
    failed = f'<span class="long"><b class="bad">fails</b>: {escape(gate.why)}</span>'
    verdict = "holds" if one.good else failed
    return (escape(gate.name), escape(run), " ".join(bounds), escape(value), goal, verdict)


def read_run(folder: Path) -> tuple[str, str] | None:
    """Suite and clock of the run in a folder; None where there is no run."""
    try:
        return kind_of_run(folder)
    except UserError:
        return None


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"


def _run(folder: Path, shown: Sequence[Path]) -> Iterator[str]:
    """Its clock, ways into it, and its pictures that were not ``shown`` already."""
    links = [name for name in (PAGE, "report.md", "log.txt") if (folder / name).exists()]
    told = read_run(folder)
    clock = "" if told is None else f"{told[0]} suite, {told[1]} clock · "
    ways = " · ".join(f'<a href="{quote(f"{folder.name}/{name}")}">{name}</a>' for name in links)
    yield f"<p>{escape(clock)}{ways}</p>"
    pictures = "".join(_picture(file) for file in sorted(folder.glob("*.png")) if file not in shown)
    if pictures:
        yield f'<div class="pictures">{pictures}</div>'


def _picture(file: Path, run: str = "") -> str:
    name = escape(f"{run}: {file.stem}".removeprefix(": ").replace("-", " "))
    png = file.read_bytes()
    across = ' class="across"' if int.from_bytes(png[16:20], "big") > _WIDE else ""
    data = base64.b64encode(png).decode()
    return (
        f"<figure{across}><figcaption>{name}</figcaption>"
        f'<img alt="{name}" src="data:image/png;base64,{data}"></figure>'
    )


def _commands(done: Sequence[Done]) -> Iterator[tuple[str, ...]]:
    for one in done:
        ended = f"status {one.status}" if one.status else "well"
        yield escape(one.command), ended, f"{one.seconds:.0f} s"
