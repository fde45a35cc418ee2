"""From a folder of conversations to figures: scores them all and lays the figures out as JSON and as text.

Reads recordings and labels; what else lies in the folder only explains. A figure with too few events behind
it is left out of the text unless asked for, never out of the JSON.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import labels as manifests
from . import recording as recordings
from .audible import JOIN, THRESHOLD
from .hear import Hearing, hear
from .machine import MACHINE, about_host
from .run import RUN
from .score import STOP_WINDOW, WINDOW, Score, score
from .session_run import Outcome, read_outcome
from .summary import Rate, Summary, rate, summarise

SCHEMA = 1
REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Section:
    """One scenario's figures."""

    summary: Summary
    counts: dict[str, int]
    "Of trace entries, over all of its conversations."
    late_ticks: int
    worst_tick: float
    "Seconds."
    skipped: int
    failures: tuple[str, ...]
    answers: Rate | None
    "Answers in which the expected number was heard; None when nobody listened."
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    about: dict[str, Any]
    sections: dict[str, Section]
    machine: dict[str, Any] = field(default_factory=dict)
    "Start-up and idling, where they were measured."


def conversations(folder: Path) -> Iterator[Path]:
    """The folders below this one, or itself, that hold a recording with labels; sorted."""
    for found in sorted(folder.rglob("labels.json")):
        if (found.parent / "conversation.wav").exists():
            yield found.parent


def report(folder: Path, *, listen: bool = False) -> Report:
    """Score everything in a folder. Raises LabelsError or SoundFileError for what cannot be scored."""
    scores: defaultdict[str, list[Score]] = defaultdict(list)
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    heard: defaultdict[str, list[Hearing]] = defaultdict(list)
    for place in conversations(folder):
        labels = manifests.load(place / "labels.json")
        recording = recordings.load(place / "conversation.wav")
        name = labels.scenario or "conversation"
        scores[name].append(score(recording, labels))
        outcome = read_outcome(place)
        outcomes[name] += [outcome] if outcome else []
        heard[name] += hear(recording, labels) if listen else []
    sections = {name: _section(scores[name], outcomes[name], heard[name]) for name in sorted(scores)}
    return Report(_about(folder), sections, _json(folder / MACHINE))


def _section(scores: list[Score], outcomes: list[Outcome], heard: list[Hearing]) -> Section:
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    return Section(
        summarise(scores), dict(sorted(counts.items())),
        late_ticks=sum(outcome.punctuality.late for outcome in outcomes),
        worst_tick=max((outcome.punctuality.worst for outcome in outcomes), default=0.0),
        skipped=sum(outcome.skipped for outcome in outcomes),
        failures=tuple(outcome.error for outcome in outcomes if outcome.error),
        answers=rate(one.right for one in heard) if heard else None,
        seeds=tuple(outcome.seed for outcome in outcomes),
    )  # fmt: skip


def _about(folder: Path) -> dict[str, Any]:
    windows = {"reply": WINDOW, "stop": STOP_WINDOW, "join": JOIN, "audible_rms": THRESHOLD}
    return {"schema": SCHEMA, **about_host(), "windows": windows, "run": _json(folder / RUN)}


def _json(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def save(found: Report, folder: Path) -> Path:
    """Write ``report.json`` into the folder and return where it is."""
    file = folder / REPORT
    file.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    return file
