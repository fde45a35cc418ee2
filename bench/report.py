"""From a folder of conversations to figures: scores them all and lays the figures out as JSON and as text.

Reads recordings and labels; what else lies in the folder only explains. Kinds of brain never share a section.
A figure with too few events behind it is left out of the text unless asked for, never out of the JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UserError

from . import labels as manifests
from . import recording as recordings
from .broken_off import broken_off
from .edge import TICK
from .explain import Explained, explain
from .explain_figures import Figures, figures_of
from .hear import Hearing, hear
from .item import Actor
from .kinds import kind_of, ordered
from .labels import Labels
from .machine import MACHINE, about_host
from .one_run import check_folder, check_told, named_apart
from .recording import Recording
from .run import PLANNED, RUN
from .score import Score, score
from .session_run import ITEM, Outcome, read_outcome
from .socket_run import MISSING
from .summary import Distribution, Rate, Summary, distribution, rate, summarise
from .windows import WINDOWS

SCHEMA = 2
"""Of report.json. 2: sections by kind of brain, ``explained``, ``conversations``, ``missing``."""
REPORT = "report.json"
TONE = "tone"
"""How the voice without words is called: no listener hears a number in it."""


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
    "Answers in which the expected number was heard by ear; None when nobody listened."
    seeds: tuple[int, ...]
    kind: str = ""
    "Who answered: see ``kinds``."
    explained: Figures | None = None
    unasked: int = 0
    "Due turns that were never asked, for their conversations ended before, as when a session fails."


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is needed to say which recording a figure comes from."""

    conversation: str
    scenario: str
    kind: str
    seed: int | None
    seconds: float
    explained_by: str
    "``trace``, ``events``, or nothing: a recording by itself."
    user_sha256: str
    "Of the user's channel as recorded, 16-bit."
    stimuli_sha256: str
    "Of what the user said: kinds, texts, lengths and pauses in samples. Equal where the same was asked."


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    about: dict[str, Any]
    sections: dict[str, Section]
    machine: dict[str, Any] = field(default_factory=dict)
    "Start-up and idling, where they were measured."
    conversations: tuple[Conversation, ...] = ()
    missing: tuple[str, ...] = ()
    "What the folder should hold and does not, or holds and cannot be scored, and why."
    kinds: dict[str, Figures] = field(default_factory=dict)
    "What explains the scores of all scenarios of one kind of brain together, echoes left out."


def conversations(folder: Path) -> Iterator[Path]:
    """The folders below this one, or itself, that hold a recording with labels; sorted."""
    for found in sorted(folder.rglob("labels.json")):
        if (found.parent / "conversation.wav").exists():
            yield found.parent


def report(folder: Path, *, listen: bool = False) -> Report:
    """Score everything in a folder; what cannot be scored is missing in the report, with why.

    Raises UserError where nothing of what is there can be scored.
    """
    missed: list[str] = []
    read = read_folder(folder, listen=listen, missed=missed)
    if missed and not read:
        raise UserError(f"nothing in {folder} can be scored: {missed[0]}")
    return of_read(folder, read, missed)


def read_folder(folder: Path, *, listen: bool = False, missed: list[str] | None = None) -> list[Read]:
    """Every conversation of a folder, scored.

    What cannot be scored goes into ``missed``, in words; without it LabelsError or SoundFileError is raised.
    Raises UserError for a folder of several runs.
    """
    check_folder(folder)
    found = []
    for place in conversations(folder):
        try:
            found.append(_read(place, listen))
        except UserError as error:
            if missed is None:
                raise
            missed.append(f"{place.relative_to(folder)}: {error}")
    check_told(folder, found)
    return named_apart(folder, found)


def settings_of(folder: Path) -> dict[str, Any]:
    """What the run in this folder was asked to do; empty for recordings that no run of ours made."""
    found: dict[str, Any] = _json(folder / RUN)
    return found


def of_read(folder: Path, read: Sequence[Read], missed: Sequence[str] = ()) -> Report:
    """The report of conversations that are read already; ``missed`` are those that could not be."""
    found: defaultdict[tuple[str, str], list[Read]] = defaultdict(list)
    for one in read:
        found[one.labels.scenario or "conversation", one.kind].append(one)
    several = Counter(scenario for scenario, _ in found)
    sections = {
        scenario if several[scenario] == 1 else f"{scenario} ({kind})": section(found[scenario, kind])
        for scenario, kind in sorted(found)
    }
    facts = tuple(one.facts for one in read if one.facts is not None)
    unread = [f"the trace of {one.labels.conversation}: {one.explained.unread}" for one in read
              if one.explained.unread]  # fmt: skip
    missing = (*missed, *unread, *lacking(folder))
    return Report(_about(folder), sections, _json(folder / MACHINE), facts, missing, pooled(read))


def pooled(read: Sequence[Read]) -> dict[str, Figures]:
    """By kind of brain; a room with nobody in it explains nothing."""
    by_kind: defaultdict[str, list[Read]] = defaultdict(list)
    for one in read:
        if one.labels.turns:
            by_kind[one.kind].append(one)
    return {kind: figures_of([one.explained for one in by_kind[kind]], _replies(by_kind[kind]))
            for kind in ordered(set(by_kind))}  # fmt: skip


def _replies(read: Sequence[Read]) -> int:
    """How many the recordings show within the window."""
    return sum(turn.voice_to_voice is not None and not turn.censored
               for one in read for turn in one.score.turns)  # fmt: skip


def lacking(folder: Path) -> list[str]:
    """What a run could not hold, and why, has not held yet, or left with half of its files; sorted."""
    found = [*_not_yet(folder), *_halves(folder)]
    for file in sorted(folder.rglob(MISSING)):
        name = file.parent.relative_to(folder).as_posix()
        try:
            found.append(f"{name}: {json.loads(file.read_text(encoding='utf-8'))['error']}")
        except (OSError, ValueError, KeyError, TypeError):
            found.append(f"{name}: was not held, and {MISSING} does not say why")
    return sorted(found)


def _not_yet(folder: Path) -> Iterator[str]:
    """Conversations that were asked for and are neither held nor known to be impossible."""
    planned = _json(folder / PLANNED)
    for name in planned:
        if not any((folder / name / file).exists() for file in (ITEM, MISSING)):
            yield f"{name}: not held yet; the same command goes on with it"


def _halves(folder: Path) -> Iterator[str]:
    """Recordings without labels and labels without a recording."""
    for there, gone in (("conversation.wav", "labels.json"), ("labels.json", "conversation.wav")):
        for file in folder.rglob(there):
            if not (file.parent / gone).exists():
                yield f"{file.parent.relative_to(folder).as_posix()}: {there} without {gone}"


def alone(recording: Path, labels: Path, *, listen: bool = False) -> tuple[Score, Report]:
    """One recording with its labels, and the report of it by itself."""
    sound = recordings.load(recording)
    told = manifests.load(labels)
    scored = score(sound, told)
    bare = Explained(conversation=scored.conversation, spoken=scored.agent_seconds)
    one = Read(told, scored, None, hear(sound, told) if listen else [], bare)
    return one.score, Report({}, {told.scenario or "recording": section([one])})


@dataclass(frozen=True, slots=True)
class Read:
    """One conversation's folder."""

    labels: Labels
    score: Score
    outcome: Outcome | None
    heard: list[Hearing]
    explained: Explained
    place: Path | None = None
    "Where its files are; None for a recording that was named by itself."
    facts: Conversation | None = None

    @property
    def kind(self) -> str:
        """Who answered."""
        return kind_of(self.labels.about)


def _read(place: Path, listen: bool) -> Read:
    labels = manifests.load(place / "labels.json")
    recording = recordings.load(place / "conversation.wav")
    one = score(recording, labels)
    explained = explain(place, recording, one, labels)
    outcome = read_outcome(place)
    if outcome is not None and outcome.error:
        one = broken_off(one, labels)
    heard = hear(recording, labels) if listen and audibly(labels) else []
    facts = _facts(labels, recording, outcome, explained)
    return Read(labels, one, outcome, heard, explained, place, facts)


def audibly(labels: Labels) -> bool:
    """Whether a listener can hear words: a brain answered, and in a voice that has any."""
    spoke = labels.about.get("actor", Actor.BRAIN) == Actor.BRAIN
    return spoke and not labels.about.get("voice", "").startswith(TONE)


def _facts(
    labels: Labels, recording: Recording, outcome: Outcome | None, explained: Explained
) -> Conversation:
    pcm = (np.clip(recording.user, -1, 1) * 32767).round().astype("<i2").tobytes()
    asked = [[turn.kind, turn.text, turn.end - turn.start,
              *(side - turn.start for gap in turn.pauses for side in (gap.start, gap.end))]
             for turn in labels.turns]  # fmt: skip
    return Conversation(
        labels.conversation, labels.scenario, kind_of(labels.about),
        None if outcome is None else outcome.seed, recording.length / recording.rate, explained.source,
        hashlib.sha256(pcm).hexdigest(), hashlib.sha256(json.dumps(asked).encode()).hexdigest(),
    )  # fmt: skip


def section(read: Sequence[Read]) -> Section:
    """The figures of these conversations together. They must be of one kind."""
    outcomes = [one.outcome for one in read if one.outcome is not None]
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    lags = {one.labels.conversation: [part.detected for part in one.explained.parts] for one in read}
    rests = {
        one.labels.conversation: [part.total - part.decided for part in one.explained.parts] for one in read
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
        kind=read[0].kind if read else "",
        explained=figures_of([one.explained for one in read], _replies(read)),
        unasked=sum(outcome.unasked for outcome in outcomes),
    )  # fmt: skip


def _about(folder: Path) -> dict[str, Any]:
    run = _json(folder / RUN)
    ours = run and "protocol" not in run.get("target", {})
    buffers = {"capture": 1000 * TICK, "playout": 1000 * TICK, "device": 0, "network": 0} if ours else {}
    return {"schema": SCHEMA, **about_host(), "windows": WINDOWS, "buffers_ms": buffers, "run": run}


def _json(file: Path) -> Any:
    """What a file of the run says; empty where there is none. Raises UserError for one that is broken."""
    if not file.exists():
        return {}
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON ({error}); run the suite again") from error


def save(found: Report, folder: Path) -> Path:
    """Write ``report.json`` into the folder and return where it is."""
    file = folder / REPORT
    file.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    return file
