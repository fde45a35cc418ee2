"""A level's figures: from the recordings of its sessions and their labels, by the ruler of ``score``.

What ``level.json`` and ``item.json`` tell (who was refused, how late the ticks were, what the machine spent)
stands beside the scores and changes none, but for one thing: a question that a broken session could no more
ask, or that nobody could still answer, is a missed turn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pipeline.errors import UserError
from pipeline.ports import PLAYOUT_RATE

from . import labels as manifests
from . import recording as recordings
from .bootstrap import Difference, share_of
from .load_gaps import silences
from .load_hold import Level, State, Told, folder_of, read_level
from .score import WINDOW, score
from .session_run import read_outcome
from .stats import GROUPS, percentile
from .summary import Distribution, Rate, distribution, rate


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session that was begun."""

    number: int
    n: int
    missed: int
    p50: float
    p95: float
    "Seconds, voice-to-voice; missed turns stand at the window."


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One level."""

    level: Level
    begun: int
    refused: dict[str, int]
    "Reasons and how often."
    broken: dict[str, int]
    odd: dict[str, int]
    "What was said of sessions that were held to their end."
    achieved: float
    "Mean number of sessions that were there while the level lasted."
    waits: Distribution | None
    "Voice-to-voice of all questions of begun sessions; missed ones at the window."
    missed: Rate
    after_missed: int
    "Replies to the question after a missed one: each may be the late reply to that."
    sessions: tuple[SessionFigures, ...]
    silent: Difference | None
    "Share of the replies' time that is silence inside them; interval over GROUPS or more sessions."
    dry: int
    "Times an unfinished reply had no sound to play: told by the loudspeaker, or in process by the session."
    dry_share: float | None
    "Share of the replies' time that the loudspeaker stood dry; None in process, where nobody counts it."
    failures: int
    "Times a stage failed inside a session that went on; in process only."
    late_packets: int
    "Of the user's, that left more than 20 ms late."


@dataclass(frozen=True, slots=True)
class _Scored:
    waits: list[float]
    missed: int
    after_missed: int
    silent: tuple[float, float]
    seconds: float
    counts: Counter[str]


def figures(sessions: int, out: Path) -> LevelFigures:
    """Of a finished level. Raises UserError where it is not, LabelsError or SoundFileError for its files."""
    level = read_level(sessions, out)
    folder = folder_of(sessions, out)
    if level is None:
        raise UserError(f"{folder} holds no finished level; run the load suite into it again")
    begun = [told for told in level.told if told.state is not State.REFUSED]
    scored = {told.number: _scored(told, folder / f"{told.number:03d}") for told in begun}
    waits = {f"{number:03d}": one.waits for number, one in scored.items()}
    missed = [number < one.missed for one in scored.values() for number in range(len(one.waits))]
    counts: Counter[str] = Counter()
    for one in scored.values():
        counts.update(one.counts)
    talk = sum(one.silent[1] for one in scored.values())
    dry = counts["GapSamples"] / PLAYOUT_RATE
    return LevelFigures(
        level, len(begun), _reasons(level, State.REFUSED), _reasons(level, State.BROKEN),
        odd=_reasons(level, State.HELD),
        achieved=sum(min(scored[told.number].seconds / told.seconds, 1.0) for told in begun),
        waits=distribution(waits, sum(missed)),
        missed=rate(missed),
        after_missed=sum(one.after_missed for one in scored.values()),
        sessions=tuple(_session(number, one) for number, one in scored.items() if one.waits),
        silent=share_of([one.silent for one in scored.values()], fewest=GROUPS) if talk else None,
        dry=counts["Gaps"] + counts["PlaybackStarved"],
        dry_share=dry / talk if level.alone and talk else None,
        failures=counts["StageFailed"],
        late_packets=counts["LatePackets"],
    )  # fmt: skip


def _scored(told: Told, folder: Path) -> _Scored:
    recording = recordings.load(folder / "conversation.wav")
    labels = manifests.load(folder / "labels.json")
    turns = [turn for turn in score(recording, labels).turns if turn.voice_to_voice is not None]
    lost = max(told.planned - len(turns), 0)
    waits = [turn.voice_to_voice for turn in turns if turn.voice_to_voice is not None] + lost * [WINDOW]
    missed = [turn.censored for turn in turns]
    after = sum(before and not own for before, own in pairwise(missed))
    outcome = read_outcome(folder)
    counts = Counter(outcome.counts) if outcome else Counter()
    seconds = recording.length / recording.rate
    return _Scored(waits, sum(missed) + lost, after, silences(recording, labels), seconds, counts)


def _session(number: int, one: _Scored) -> SessionFigures:
    return SessionFigures(
        number, len(one.waits), one.missed, percentile(one.waits, 0.5), percentile(one.waits, 0.95)
    )


def _reasons(level: Level, state: State) -> dict[str, int]:
    return dict(
        Counter(told.reason for told in level.told if told.state is state and told.reason).most_common()
    )
