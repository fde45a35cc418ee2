"""A load test's levels on the page: from ``load.json``, which the load suite left beside its recordings.

Scores nothing and judges nothing: the figures and the knee are those that the load suite told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from html import escape
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from .html_cells import Table, faint, ms, share, span
from .kinds import kind_of
from .load_knee import Knee, underrun
from .load_pace import TOO_LATE
from .load_run import LOAD
from .load_score import LevelFigures
from .load_table import troubles
from .load_usage import Usage
from .score import WINDOW
from .summary import FEW

_SHORT = 160
"""Characters of one trouble on the page."""


@dataclass(frozen=True, slots=True)
class LoadTold:
    """What a load test told of itself."""

    kind: str
    "Who answered: see ``kinds``."
    knee: Knee
    levels: tuple[LevelFigures, ...]
    unread: str = ""
    "Why there are no figures, although there is a file."


def load_told(folder: Path) -> LoadTold | None:
    """Of a load run's folder; None for any other. A file that cannot be read is told, never raised."""
    file = folder / LOAD
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        levels = tuple(_made(LevelFigures, one) for one in found["levels"])
        bent: Knee = _made(Knee, found["knee"])
        return LoadTold(kind_of(found["run"].get("target", {})), bent, levels)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{LOAD} cannot be read ({type(error).__name__}: {error}); the same run again writes it anew"
        return LoadTold("", Knee(None, 0, (), None), (), said)


def _made(kind: Any, told: Any) -> Any:
    """The value of a declared type that ``dataclasses.asdict`` and JSON turned into ``told``."""
    if isinstance(kind, UnionType):
        (one,) = (each for each in get_args(kind) if each is not NoneType)
        return None if told is None else _made(one, told)
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], one) for one in told)
    if not is_dataclass(kind) or not isinstance(kind, type):
        return told
    hints = get_type_hints(kind)
    known = [one.name for one in fields(kind) if one.name in told]  # what came later has a default
    return kind(**{name: _made(hints[name], told[name]) for name in known})


def knee_card(told: LoadTold) -> tuple[str, str] | None:
    """For the head of the page: the knee in short, and the sentence; HTML. None without levels."""
    if not told.levels:
        return None
    bent = told.knee
    short = "not known" if bent.blind is not None else f"none up to {bent.upto}"
    if bent.sessions is not None:
        short = f"{bent.sessions} session{'s'[: bent.sessions != 1]}"
    return short, escape(bent.told)


def load_tables(told: LoadTold) -> Iterator[Table]:
    """Service and cost by level; without levels none."""
    if told.levels:
        yield _served(told.levels)
        yield _spent("What the load generator's process spent" if told.levels[0].level.alone else
                     "What the process spent, load generator and sessions together",
                     [(one, one.level.generator) for one in told.levels])  # fmt: skip
        yield _spent("What the server's process and its children spent",
                     [(one, one.level.server) for one in told.levels])  # fmt: skip


def load_notes(told: LoadTold) -> tuple[str, ...]:
    """What went wrong at which level, and the knee, in sentences."""
    if told.unread:
        return (told.unread,)
    return (told.knee.told + ".", *(line[:_SHORT] for line in troubles(told.levels)))


def _served(levels: Sequence[LevelFigures]) -> Table:
    head = ("sessions", "begun", "refused", "achieved", "n", "p50 [95 %]", "p95 [95 %]", "missed", "silent",
            "dry", "generator late")  # fmt: skip
    note = (
        "Open loop: no question waits for an answer. Achieved: mean number of sessions at a time. "
        f"Missed: no reply within {WINDOW:g} s, counted as {WINDOW:g} s; ≥: a floor. Silent: of the replies' "
        "time. Dry: sound was due and none came. Generator late: 99 % of its own ticks, above "
        f"{1000 * TOO_LATE:g} ms the level is not valid."
    )
    return Table("Voice to voice by sessions at a time", head,
                 tuple(_level(one, levels[0]) for one in levels), note)  # fmt: skip


def _level(one: LevelFigures, first: LevelFigures) -> tuple[str, ...]:
    late = f"{1000 * one.level.pace.p99:.1f} ms"
    if one.begun and not one.level.pace.good:
        late = f'<strong class="bad">{late}, not valid</strong>'
    away = sum(one.refused.values())
    waits = _waits(one)
    return (
        str(one.level.sessions), str(one.begun), f'<strong class="bad">{away}</strong>' if away else "0",
        f"{one.achieved:.1f}", *waits, share(one.missed) if one.missed.n else "",
        _percent(one.silent.value if one.silent else None), _percent(underrun(one, first)), late,
    )  # fmt: skip


def _waits(one: LevelFigures) -> tuple[str, str, str]:
    """n, p50 and p95; percentiles of fewer than FEW are withheld."""
    found = one.waits
    if found is None:
        return "0", "", ""
    if found.n < FEW:
        return str(found.n), faint(f"withheld, n &lt; {FEW}"), faint("–")
    floor = "≥ " if one.missed.hits else ""
    return (str(found.n), f"{ms(found.p50)} {span(found.p50_interval)}",
            f"{floor}{ms(found.p95)} {span(found.p95_interval)}")  # fmt: skip


def _percent(part: float | None) -> str:
    return faint("–") if part is None else f"{100 * part:.1f} %"


def _spent(caption: str, told: Sequence[tuple[LevelFigures, Usage | None]]) -> Table:
    """Empty where nobody metered the process."""
    rows = []
    for one, usage in told:
        if usage is not None:
            count = max(one.begun, 1)
            recorded = one.level.recorded if usage is one.level.generator else 0
            grown = max(usage.most - usage.before - recorded, 0)
            rows.append((str(one.level.sessions), f"{usage.cores:.2f}", f"{usage.cores / count:.3f}",
                         _mb(usage.before), _mb(grown / count), _mb(recorded)))  # fmt: skip
    head = ("sessions", "cores", "per session", "memory before", "more per session", "recordings held")
    return Table(caption, head, tuple(rows))


def _mb(count: float) -> str:
    return f"{count / 2**20:.1f} MB" if count else "–"
