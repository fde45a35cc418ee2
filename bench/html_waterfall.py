"""Where each reply's time went, and what the session gave as its reasons: read from its own trace.

The parts of a reply add up to its measured voice-to-voice, by construction and asserted: borders come from
the trace, both ends from the recording. They explain a score and never make one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from agent.story import Decision, tell
from pipeline.events import (
    CommitDraft,
    DraftStarted,
    EndOfTurnScored,
    Listened,
    PhraseDrafted,
    PlaybackStarted,
    SpeechPaused,
)
from pipeline.ports import CAPTURE_RATE, Measured
from pipeline.trace import Entry, read

from .labels import Labels
from .score import Score

NAMES = ("detector", "wait", "words", "voice", "playing")
MEANING = {
    "detector": "where the detector placed the end of speech, from the labelled end",
    "wait": "from there to the decision that the turn is over",
    "words": "from that decision to the first phrase; negative where it was written before: credit",
    "voice": "from the first phrase to its first sound",
    "playing": "from that sound to the first audible sample: held until the decision, head silence, queue",
}
NEAR = 0.5
"""Seconds before the labelled end from which a detected end counts as its."""
_SOUND = "phrase to first sound"


@dataclass(frozen=True, slots=True)
class Parts:
    """One reply. All in seconds from the labelled end of the user's speech; negative is before it."""

    conversation: str
    turn: int
    detected: float
    "The detector's end of speech."
    decided: float
    "The turn was taken to be over."
    began: float
    "The draft that was heard was begun."
    words: float
    "Its first phrase was written."
    sound: float
    "That phrase's first sound was made."
    total: float
    "Voice-to-voice, from the recording."

    @property
    def terms(self) -> dict[str, float]:
        """Signed seconds by NAMES; they sum to ``total``."""
        borders = (0.0, self.detected, self.decided, self.words, self.sound, self.total)
        found = {name: borders[place + 1] - borders[place] for place, name in enumerate(NAMES)}
        assert abs(sum(found.values()) - self.total) < 1e-9, "a decomposition that does not sum"
        return found

    @property
    def credit(self) -> float:
        """Seconds by which the reply's first sound was ready before the decision; 0 where it was not."""
        return max(0.0, self.decided - self.sound)


@dataclass(frozen=True, slots=True)
class Explained:
    """What a conversation's trace tells beside its recording. Seconds count from the recording's start."""

    parts: tuple[Parts, ...] = ()
    reasons: tuple[Decision, ...] = ()
    scored: tuple[tuple[float, float], ...] = ()
    "When the session said how likely the turn was over, and how likely."
    scenario: str = ""


Told: TypeAlias = Mapping[Path | None, Explained]
"""By the folder of each conversation."""


def explain(place: Path | None, score: Score, labels: Labels) -> Explained:
    """Read the trace beside a recording; nothing where there is none."""
    file = None if place is None else place / "trace.jsonl"
    if file is None or not file.exists():
        return Explained(scenario=labels.scenario)
    return of_entries(read(file), score, labels)


def of_entries(entries: Sequence[Entry], score: Score, labels: Labels) -> Explained:
    """The same from the trace's entries."""
    late = offset(entries)
    if late is None:
        return Explained(scenario=labels.scenario)
    found = []
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.voice_to_voice is None or turn.censored or turn.cut_in:
            continue
        one = _parts(entries, late, labels.seconds(said.end), turn.voice_to_voice)
        if one is not None:
            found.append(Parts(score.conversation, turn.number, *one, turn.voice_to_voice))
    probable = [(entry.at + late, entry.item.probability) for entry in entries
                if isinstance(entry.item, EndOfTurnScored) and entry.item.source != "level"]  # fmt: skip
    reasons = tuple(tell(entries, offset=late).marks)
    return Explained(tuple(found), reasons, tuple(probable), labels.scenario)


def offset(entries: Iterable[Entry]) -> float | None:
    """Seconds to add to a trace's times to get the recording's; None where nothing ties the two.

    Sound cannot be taken in before it is captured, so the promptest taking in shows where the trace began;
    what is left of error is that one's delay, one tick of 20 ms or less.
    """
    ahead = [entry.item.span.end / CAPTURE_RATE - entry.at for entry in entries
             if isinstance(entry.item, Listened)]  # fmt: skip
    return max(ahead, default=None)


def _parts(
    entries: Sequence[Entry], late: float, end: float, total: float
) -> tuple[float, float, float, float, float] | None:
    """Detected, decided, begun, words, sound of the reply that became audible ``total`` after ``end``.

    None where the trace lacks one of them, as with a reply that no turn asked for.
    """
    decided, heard = _reply(entries, late, end, total)
    if decided is None or heard is None:
        return None
    commit = decided.item
    assert isinstance(commit, CommitDraft)
    paused = [entry.item.at / CAPTURE_RATE for entry in entries[: entries.index(decided)]
              if isinstance(entry.item, SpeechPaused)]  # fmt: skip
    began = words = sound = None
    for entry in entries[: entries.index(heard) + 1]:
        match entry.item:
            case DraftStarted(_, draft, _) if draft == commit.draft:
                began = entry.at
            case PhraseDrafted(_, draft, number, _) if draft == commit.draft and number == 0:
                words = entry.at
            case Measured(turn, name, _) if (turn, name) == (commit.turn, _SOUND) and words is not None:
                sound = entry.at if sound is None else sound
            case _:
                pass
    if not paused or began is None or words is None or sound is None or paused[-1] - end < -NEAR:
        return None
    since = late - end
    return paused[-1] - end, decided.at + since, began + since, words + since, sound + since


def _reply(
    entries: Sequence[Entry], late: float, end: float, total: float
) -> tuple[Entry | None, Entry | None]:
    """The commit and the start of playing that belong to what became audible ``total`` after ``end``."""
    commit: Entry | None = None
    for entry in entries:
        since = entry.at + late - end
        if isinstance(entry.item, CommitDraft) and -NEAR < since <= total + 0.02:
            commit = entry
        elif commit is not None and isinstance(entry.item, PlaybackStarted) and since > -NEAR:
            assert isinstance(commit.item, CommitDraft)
            return (commit, entry) if entry.item.turn == commit.item.turn else (None, None)
    return None, None
