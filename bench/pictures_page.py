"""Which charts a run is given: per kind of brain, where enough stands behind them; and those made elsewhere.

A chart never holds two kinds of brain. What is not drawn is said, with why.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .html_about import clock_of
from .kinds import APART, ordered
from .pictures import Picture, operating, waiting, waterfall, yielding
from .pictures_data import TAU_VOICE, contents, curve, measured, replies, rows, yield_dots
from .report import Read, Report

_ELSEWHERE = ("think-*.png", "load*.png")
"""Charts that other verbs of the harness leave in a run's folder."""
_MOST = 8
_TITLES = (("think-accuracy", "Right answers against the wait for the first answer word"),
           ("think-waiting", "Voice to voice per arm"), ("think-live", "Voice to voice per arm, wall clock"),
           ("load", "Under load"))  # fmt: skip


@dataclass(slots=True)
class Drawn:
    """What was drawn, and what was not."""

    pictures: list[Picture] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def draw_all(folder: Path, read: Sequence[Read], found: Report) -> Drawn:
    """All charts of a run, as PNGs in its folder too. Raises UserError where they cannot be written."""
    agents = measured(read)
    drawn = Drawn()
    kinds = [kind for kind in ordered({one.kind for one in agents}) if kind not in APART]
    for place, kind in enumerate(kinds):
        own = [one for one in agents if one.kind == kind]
        drawn.pictures += _of_kind(folder, own, found, kind, drawn.absent if not place else [],
                                   first=not place, several=len(kinds) > 1)  # fmt: skip
    if not kinds:
        drawn.absent.append("any chart: no conversation with an agent in it")
    return drawn


def _of_kind(
    folder: Path, read: Sequence[Read], found: Report, kind: str, absent: list[str], *, first: bool,
    several: bool,
) -> Iterator[Picture]:  # fmt: skip
    """The four charts of one kind; those after the first have its name in theirs."""
    tail = "" if first else "-" + "".join(c if c.isalnum() else "-" for c in kind)
    whose = f", {kind}" if several else ""
    sections = [one for one in found.sections.values() if one.kind == kind]
    if dots := yield_dots(sections):
        yield yielding(dots, TAU_VOICE, folder, name=f"yield-selectivity{tail}")
    else:
        absent.append("yield against selectivity (fewer than 10 interruptions, or of each sound to ignore)")
    if groups := replies(read):
        title = f"Voice to voice, {clock_of(found) or 'not told'} clock{whose}"
        yield waiting(groups, title, folder, contents(read), name=f"voice-to-voice{tail}")
    else:
        absent.append("voice to voice (fewer than 10 replies in every scenario)")
    points, own = curve(read)
    if points:
        yield operating(points, own, folder, name=f"end-of-turn{tail}")
    else:
        absent.append("the end-of-turn curve (fewer than 10 labelled pauses with a trace)")
    if parts := rows(read):
        yield waterfall(parts, folder, name=f"waterfall{tail}")
    else:
        absent.append("where the time went (no trace beside the recordings)")


def elsewhere(folder: Path) -> Iterator[tuple[str, str]]:
    """Title and data URI of charts that lie in the folder or one below it already."""
    files = [file for pattern in _ELSEWHERE for where in ("", "*/") for file in folder.glob(where + pattern)]
    for file in sorted(set(files))[:_MOST]:
        title = next((told for start, told in _TITLES if file.stem.startswith(start)), file.stem)
        packed = base64.b64encode(file.read_bytes()).decode()
        yield f"{title} ({file.relative_to(folder).as_posix()})", f"data:image/png;base64,{packed}"
