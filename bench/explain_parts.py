"""Where each reply's time went: signed parts that sum to its measured voice-to-voice, turn by turn.

Both ends come from the recording and its labels, the borders between from the trace, so that the sum is exact
by construction, and asserted; parts explain a score and never make one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.events import (
    CommitDraft,
    DraftStarted,
    PhraseDrafted,
    PlaybackReached,
    PlaybackStarted,
    SpeechPaused,
    SpeechStarted,
)
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE
from pipeline.records import Measured

from .edge import TICK
from .explain_clock import LEEWAY, Moment, of_kind
from .labels import Labels
from .score import Score

MEANING = {
    "detector": "where the detector placed the end of speech, from the labelled end",
    "endpoint": "from there to the decision that the turn is over",
    "words": "from that decision to the reply's first phrase; negative: it was written before, credit",
    "voice": "from that phrase to its first sound",
    "gate": "sound that was ready before the decision, until the decision",
    "queue": "from the later of sound and decision to the first sample at the sink",
    "head": "silence at the head of the voice's sound, to the first audible sample",
}
"""In the order of time; they sum to voice-to-voice."""
NAMES = tuple(MEANING)
_SOUND = "phrase to first sound"
_EXACT = 1e-6
"""Of a tick: rounding of floats."""
_TIED = 0.1
"""Of a tick: so much too early a trace's times may lie (see ``explain_clock.offset``)."""


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
    out: float
    "Its first sample left the sink."
    total: float
    "Voice-to-voice, from the recording."

    @property
    def terms(self) -> dict[str, float]:
        """Signed seconds by NAMES; they sum to ``total``."""
        ready = max(self.sound, self.decided)
        borders = (
            0.0, self.detected, self.decided, self.words, self.sound, ready, self.out, self.total,
        )  # fmt: skip
        found = {name: borders[place + 1] - borders[place] for place, name in enumerate(NAMES)}
        assert abs(sum(found.values()) - self.total) < 1e-9, "a decomposition that does not sum"
        return found

    @property
    def credit(self) -> float:
        """Seconds by which the reply's first sound was ready before the decision; 0 where it was not."""
        return max(0.0, self.decided - self.sound)


def parts_of(moments: Sequence[Moment], score: Score, labels: Labels) -> list[Parts]:
    """Of every turn with a reply whose commit, words and sound the trace tells.

    A canned sentence ("say that again") was never drafted and has no parts.
    """
    found = []
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.voice_to_voice is None or turn.censored:
            continue
        end = labels.seconds(said.end)
        borders = _borders(moments, end + turn.voice_to_voice)
        if borders is not None:
            detected, decided, began, words, sound, out = (at - end for at in borders)
            found.append(Parts(score.conversation, turn.number, detected, decided, began, words, sound, out,
                               turn.voice_to_voice))  # fmt: skip
    return found


def reply_at(moments: Sequence[Moment], onset: float) -> int | None:
    """The session's number of the turn whose reply became audible at this place of the recording."""
    near = [(abs(at - onset), fact.turn) for at, fact in of_kind(moments, PlaybackStarted)
            if abs(at - onset) <= LEEWAY]  # fmt: skip
    return min(near)[1] if near else None


def _borders(moments: Sequence[Moment], onset: float) -> tuple[float, ...] | None:
    """Detected, decided, begun, words, sound, out; None where the trace lacks one of them."""
    turn = reply_at(moments, onset)
    commits = [(at, order) for at, order in of_kind(moments, CommitDraft)
               if order.turn == turn and at <= onset + LEEWAY]  # fmt: skip
    if turn is None or not commits:
        return None
    decided, commit = commits[-1]
    began = words = sound = out = None
    for one in moments:
        match one.item:
            case DraftStarted(_, draft, _) if draft == commit.draft:
                began = one.at
            case PhraseDrafted(_, draft, 0, _) if draft == commit.draft:
                words = one.at
            case Measured(of, name, _) if (of, name) == (turn, _SOUND) and words is not None:
                sound = one.at if sound is None else sound
            case PlaybackReached(of, 0, sample) if of == turn and one.at >= decided and out is None:
                out = one.at - sample / PLAYOUT_RATE
            case _:
                pass
    if began is None or words is None or sound is None:
        return None
    return _detected(moments, decided), decided, began, words, sound, _left(out, max(sound, decided), onset)


def _left(out: float | None, ready: float, onset: float) -> float:
    """When the first sample left: the edge pulls whole ticks, and one is told of up to a tick before."""
    if out is None:
        return max(ready, onset)
    pulled = min(math.floor(out / TICK + _TIED) + 1, math.floor(onset / TICK + _EXACT)) * TICK
    return min(max(pulled, ready), max(onset, ready))


def _detected(moments: Sequence[Moment], decided: float) -> float:
    """The end of speech that was last detected before the decision; the decision where it waited for none."""
    paused = decided
    for one in moments:
        if one.at > decided:
            break
        if isinstance(one.item, SpeechStarted):
            paused = decided
        elif isinstance(one.item, SpeechPaused):
            paused = one.item.at / CAPTURE_RATE
    return paused
