"""Whether a folder is one run: what two runs found must never meet in one figure.

Recordings that no run of ours made say nothing of a clock or a brain, and may lie together as they please.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError

from .run import RUN

if TYPE_CHECKING:
    from .report import Read

ALIKE = ("clock", "brain", "target", "endpoint")
"""What the labels of one run's conversations say alike, where they say it."""
SHOWN = 6


def check_folder(folder: Path) -> None:
    """Raises UserError that names the runs where there are several in or below a folder."""
    runs = sorted(file.parent for file in folder.rglob(RUN))
    if len(runs) > 1:
        _refuse(folder, [f"{place} ({_of(place)})" for place in runs])


def check_told(folder: Path, read: Sequence[Read]) -> None:
    """Raises UserError where conversations say that they were not held alike; names one of each kind."""
    for name in ALIKE:
        found: dict[str, Path | None] = {}
        for one in read:
            if (told := one.labels.about.get(name)) is not None:
                found.setdefault(told, one.place)
        if len(found) > 1:
            _refuse(folder, [f"{place} ({name}: {told})" for told, place in found.items()])


def _refuse(folder: Path, what: Sequence[str]) -> None:
    few = "; ".join(what[:SHOWN]) + (f"; and {len(what) - SHOWN} more" if len(what) > SHOWN else "")
    raise UserError(
        f"{folder} holds several runs, whose figures must not be put together: {few}; name one of them"
    )


def _of(place: Path) -> str:
    """What a run says of itself, in few words."""
    try:
        found = json.loads((place / RUN).read_text(encoding="utf-8"))
        return f"{found['suite']}, {found['clock']} clock"
    except (OSError, ValueError, KeyError, TypeError):
        return f"{RUN} cannot be read"


def named_apart(folder: Path, read: Sequence[Read]) -> list[Read]:
    """The same; where two have one name, all are called by their paths: they are not one conversation."""
    times = Counter(one.labels.conversation for one in read)
    if all(count == 1 for count in times.values()):
        return list(read)
    return [one if one.place is None else _called(one, one.place.relative_to(folder).as_posix())
            for one in read]  # fmt: skip


def _called(one: Read, name: str) -> Read:
    return replace(
        one, labels=replace(one.labels, conversation=name), score=replace(one.score, conversation=name),
        explained=replace(one.explained, conversation=name),
        facts=None if one.facts is None else replace(one.facts, conversation=name),
    )  # fmt: skip
