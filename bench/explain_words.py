"""What each reply said and when each word of it began: from the alignment that the runtime keeps.

The runtime reports a reply's words as their ends pass the sink, so a word begins where the one before it was
reported; where the recording is silent around there, at the next sound in it. An answer-bearing word is told
by the harness's own reading of the text. Resolution: 20 ms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.events import PlaybackStarted
from pipeline.records import Said

from .audible import WINDOW as STEP
from .audible import audible
from .explain_clock import Moment, of_kind
from .labels import Kind, Labels, UserTurn
from .numbers import spell
from .recording import Recording
from .score import WINDOW, Score
from .think_words import claim

_BEFORE, _AFTER = 0.02, 0.05
"""Seconds around a reported border in which the silence between two words is looked for."""
_FIGURES = re.compile(r"(\W*)(\d+)(\W*)")
_SPELLED = 1000
"""Numbers from here on have no spelling of ours."""
_SIGNS = {"=": "equals", "+": "plus", "-": "minus", "−": "minus"}
_NEXT = 1.0
"""Seconds of silence after a border beyond which the next sound is not looked for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the ear got of one reply."""

    turn: int
    "The session's number."
    words: tuple[str, ...]
    begins: tuple[float, ...]
    "Seconds of the recording at which each begins."
    ends: tuple[float, ...]
    "When each was reported as heard."
    onset: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reply to one turn came to, by its text."""

    turn: int
    expected: str
    said: str
    right: bool
    refused: bool
    content: float | None
    "Seconds from the labelled end to the first answer-bearing word, right or wrong; None: it had none."


def heard_replies(moments: Sequence[Moment], recording: Recording) -> list[Heard]:
    """Every reply of which anything was heard, in order."""
    loud = audible(recording.agent, recording.rate)
    onsets: dict[int, float] = {}
    for at, fact in of_kind(moments, PlaybackStarted):
        onsets.setdefault(fact.turn, at)
    told: dict[int, list[tuple[float, tuple[str, ...]]]] = {}
    for at, said in of_kind(moments, Said):
        known = told.setdefault(said.turn, [])
        words = tuple(said.text.split())
        if len(words) > (len(known[-1][1]) if known else 0):
            known.append((at, words))
    return [_heard(turn, known, onsets[turn], loud) for turn, known in told.items()
            if known and turn in onsets]  # fmt: skip


def _heard(
    turn: int, known: Sequence[tuple[float, tuple[str, ...]]], started: float, loud: NDArray[np.bool_]
) -> Heard:
    ends: list[float] = []
    for at, words in known:
        ends += [at] * (len(words) - len(ends))
    onset = _sound_from(loud, started - 2 * _BEFORE, started)
    begins = [onset, *(_begin(loud, end) for end in ends[:-1])]
    return Heard(turn, known[-1][1], tuple(begins), tuple(ends), onset)


def _begin(loud: NDArray[np.bool_], border: float) -> float:
    """Where the next word begins: after the silence that lies at the border, if one does."""
    first, last = max(0, round((border - _BEFORE) / STEP)), round((border + _AFTER) / STEP)
    quiet = np.flatnonzero(~loud[first:last])
    if not len(quiet):
        return border
    return _sound_from(loud, (first + int(quiet[0])) * STEP, border)


def _sound_from(loud: NDArray[np.bool_], start: float, otherwise: float) -> float:
    """The first audible window from here on; ``otherwise`` where none comes soon."""
    first = max(0, round(start / STEP))
    found = np.flatnonzero(loud[first : first + round(_NEXT / STEP)])
    return (first + int(found[0])) * STEP if len(found) else otherwise


def checkable(labels: Labels) -> list[tuple[UserTurn, float]]:
    """Turns with a known answer and where the next turn begins; not those that the user broke off."""
    found = []
    for place, turn in enumerate(labels.turns):
        later = labels.turns[place + 1] if place + 1 < len(labels.turns) else None
        cut = later is not None and later.kind is Kind.BARGE_IN
        if turn.reply and turn.expected is not None and not cut:
            found.append((turn, labels.seconds(later.start if later else labels.length)))
    return found


def answers_of(replies: Sequence[Heard], score: Score, labels: Labels) -> list[Answer]:
    """One per turn with a known answer; what came of it before the user's next turn.

    A reply is put down to the turn in which it became audible, and counts where it was heard after its end.
    """
    due = {turn.number for turn in score.turns if turn.voice_to_voice is not None}
    found = []
    for turn, until in checkable(labels):
        if turn.number not in due:
            continue
        start, end = labels.seconds(turn.start), labels.seconds(turn.end)
        own = [one for one in replies if start <= one.onset < until and one.ends[-1] > end]
        words = [word for one in own for word in one.words]
        begins = [at for one in own for at in one.begins]
        found.append(judged(turn, words, [at - end for at in begins]))
    return found


def judged(turn: UserTurn, words: Sequence[str], begins: Sequence[float]) -> Answer:
    """A reply's words against the known answer; a refusal is not right. ``begins`` may be empty."""
    expected = turn.expected or ""
    spelled, places = in_words(words)
    told = claim(spelled)
    if expected.isdigit():
        first = None if told.first is None else places[told.first]
        right = told.answer == int(expected)
    else:
        first = _place(words, expected.casefold().split())
        right = first is not None and not told.refused
    at = begins[first] if first is not None and first < len(begins) else None
    return Answer(turn.number, expected, " ".join(words), right, told.refused, at)


def in_words(words: Sequence[str]) -> tuple[list[str], list[int]]:
    """The same with figures and signs spelled out, as transcripts may not have them; and where each was."""
    told: list[str] = []
    places: list[int] = []
    for place, word in enumerate(words):
        found = _FIGURES.fullmatch(word)
        parts = [_SIGNS.get(word, word)]
        if found and int(found[2]) < _SPELLED:
            parts = spell(int(found[2])).split()
            parts[0], parts[-1] = f"{found[1]}{parts[0]}", f"{parts[-1]}{found[3]}"
        told += parts
        places += [place] * len(parts)
    return told, places


def _place(words: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where these words stand in a row; None where they do not."""
    bare = [word.casefold().strip(".,!?;:…\"'") for word in words]
    last = len(bare) - len(wanted) + 1
    return next((at for at in range(last) if wanted and bare[at : at + len(wanted)] == list(wanted)), None)


def latencies(answers: Sequence[Answer]) -> tuple[list[float], int]:
    """Waits for the first answer-bearing word, and how many never had one in WINDOW and count as that."""
    waits = [WINDOW if one.content is None else min(one.content, WINDOW) for one in answers]
    return waits, sum(wait >= WINDOW for wait in waits)
