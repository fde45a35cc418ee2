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

from pipeline.errors import UserError

from . import labels as manifests
from . import recording as recordings
from .audible import JOIN, THRESHOLD
from .explain import Share, detected_ends, shares
from .hear import Hearing, hear
from .item import Actor
from .labels import Labels
from .machine import MACHINE, about_host
from .run import RUN
from .score import STOP_WINDOW, WINDOW, Score, score
from .session_run import Outcome, read_outcome
from .summary import Distribution, Rate, Summary, distribution, rate, summarise

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
    detector: Distribution | None
    "Where the detector placed the end of speech, from the labelled end."
    rest: Distribution | None
    "Voice-to-voice beyond that and the endpoint wait: brain, voice and runtime."
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
    return of_read(folder, read_folder(folder, listen=listen))


def read_folder(folder: Path, *, listen: bool = False, missed: list[str] | None = None) -> list[Read]:
    """Every conversation of a folder, scored.

    What cannot be scored goes into ``missed``, in words; without it LabelsError or SoundFileError is raised.
    """
    endpoint = settings_of(folder).get("endpoint")
    found = []
    for place in conversations(folder):
        try:
            found.append(_read(place, endpoint, listen))
        except UserError as error:
            if missed is None:
                raise
            missed.append(f"{place.relative_to(folder)}: {error}")
    return found


def settings_of(folder: Path) -> dict[str, Any]:
    """What the run in this folder was asked to do; empty for recordings that no run of ours made."""
    return _json(folder / RUN)


def of_read(folder: Path, read: list[Read]) -> Report:
    """The report of conversations that are read already."""
    found: defaultdict[str, list[Read]] = defaultdict(list)
    for one in read:
        found[one.labels.scenario or "conversation"].append(one)
    sections = {name: section(found[name]) for name in sorted(found)}
    return Report(_about(folder), sections, _json(folder / MACHINE))


def alone(recording: Path, labels: Path, *, listen: bool = False) -> tuple[Score, Report]:
    """One recording with its labels, and the report of it by itself."""
    sound = recordings.load(recording)
    told = manifests.load(labels)
    one = Read(told, score(sound, told), None, hear(sound, told) if listen else [], [])
    return one.score, Report({}, {told.scenario or "recording": section([one])})


@dataclass(frozen=True, slots=True)
class Read:
    """One conversation's folder."""

    labels: Labels
    score: Score
    outcome: Outcome | None
    heard: list[Hearing]
    shares: list[Share]
    place: Path | None = None
    "Where its files are; None for a recording that was named by itself."
    unread: str = ""
    "Why its trace explains nothing, where it cannot be read."


def _read(place: Path, endpoint: float | None, listen: bool) -> Read:
    labels = manifests.load(place / "labels.json")
    recording = recordings.load(place / "conversation.wav")
    one = score(recording, labels)
    unread, ends = "", []
    try:
        ends = detected_ends(place / "trace.jsonl")
    except UserError as error:  # a trace explains, so a broken one takes no figure away
        unread = str(error)
    parts = shares(one, labels, ends, endpoint)
    answered = labels.about.get("actor", Actor.BRAIN) == Actor.BRAIN
    heard = hear(recording, labels) if listen and answered else []
    return Read(labels, one, read_outcome(place), heard, parts, place, unread)


def section(read: list[Read]) -> Section:
    """The figures of these conversations together."""
    outcomes = [one.outcome for one in read if one.outcome is not None]
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    lags = {one.labels.conversation: [share.detector for share in one.shares] for one in read}
    rests = {
        one.labels.conversation: [share.rest for share in one.shares if share.rest is not None]
        for one in read
    }
    heard = [hearing.right for one in read for hearing in one.heard]
    return Section(
        summarise([one.score for one in read]), dict(sorted(counts.items())),
        late_ticks=sum(outcome.punctuality.late for outcome in outcomes),
        worst_tick=max((outcome.punctuality.worst for outcome in outcomes), default=0.0),
        skipped=sum(outcome.skipped for outcome in outcomes),
        failures=tuple(outcome.error for outcome in outcomes if outcome.error),
        detector=distribution(lags),
        rest=distribution(rests),
        answers=rate(heard) if heard else None,
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
