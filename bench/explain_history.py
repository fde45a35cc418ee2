"""What the conversation says was heard of a cut reply, against what the recording shows to have been played.

The end of what was played comes from the agent's channel alone; the trace says what the session believes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.events import CommitDraft, Hold, Hush, PhraseDrafted, PlaybackStarted, Remember, Resume
from pipeline.ports import PLAYOUT_RATE

from .audible import stretches
from .explain_clock import LEEWAY, Moment, of_kind
from .explain_words import Heard
from .recording import Recording

GAP = 0.12
"""Seconds of silence inside a reply that count as a gap where no punctuation asks for one."""
_MARKS = ".,!?;:…—–-"
_NEAR = 0.08
"""Seconds by which a word's end may be reported after the gap behind it began."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One cut reply: what its conversation remembers, minus what was played."""

    turn: int
    "The session's number."
    words: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence in the middle of a reply, at no punctuation and under no order."""

    at: float
    seconds: float


def kept_of(moments: Sequence[Moment], replies: Sequence[Heard], recording: Recording) -> list[Kept]:
    """Of every reply that was cut for good without having been held and resumed before.

    A word counts as played when its end lies in the recorded sound; where a word's end was not reported it is
    taken to come at the pace of those before it.
    """
    sound = [(piece.start / recording.rate, piece.end / recording.rate)
             for piece in stretches(recording.agent, recording.rate)]  # fmt: skip
    resumed = {order.turn for _, order in of_kind(moments, Resume)}
    found = []
    for at, order in of_kind(moments, Remember):
        one = next((reply for reply in replies if reply.turn == order.turn), None)
        if order.heard_upto is None or one is None or order.turn in resumed:
            continue
        stops = [moment.at for moment in moments
                 if isinstance(moment.item, Hold | Hush) and moment.item.turn == order.turn]  # fmt: skip
        stopped = min([at, *stops])
        ends = [end for start, end in sound if one.onset - LEEWAY <= start <= stopped + LEEWAY]
        if not ends:
            continue
        played = ends[-1] - one.onset
        words = _played_words(one, _full_text(moments, order.turn), ends[-1])
        found.append(Kept(order.turn, len(one.words) - words, order.heard_upto / PLAYOUT_RATE - played))
    return found


def _full_text(moments: Sequence[Moment], turn: int) -> list[str]:
    """The words of the committed draft, said or not."""
    drafts = {order.draft for _, order in of_kind(moments, CommitDraft) if order.turn == turn}
    phrases = {fact.number: fact.text for _, fact in of_kind(moments, PhraseDrafted)
               if fact.turn == turn and fact.draft in drafts}  # fmt: skip
    return [word for number in sorted(phrases) for word in phrases[number].split()]


def _played_words(one: Heard, text: Sequence[str], end: float) -> int:
    ends = list(one.ends)
    told = sum(len(word) + 1 for word in one.words)
    pace = (ends[-1] - one.onset) / told if ends else 0.0
    for word in text[len(ends) :]:
        ends.append((ends[-1] if ends else one.onset) + pace * (len(word) + 1))
    return sum(at <= end + _NEAR / 4 for at in ends)


def gaps_of(moments: Sequence[Moment], replies: Sequence[Heard], recording: Recording) -> list[Gap]:
    """Silences of GAP or more between two sounds of one reply, unless a word before it ends with a mark.

    Between a hold and the resume after it silence is meant, so replies with one are left out.
    """
    held = {order.turn for _, order in of_kind(moments, Hold)}
    started = [(at, fact.turn) for at, fact in of_kind(moments, PlaybackStarted)]
    sound = stretches(recording.agent, recording.rate, join=GAP)
    found = []
    for earlier, later in pairwise(sound):
        start, end = earlier.end / recording.rate, later.start / recording.rate
        turns = [turn for at, turn in started if at <= start + LEEWAY]
        anew = any(start < at <= end + LEEWAY for at, _ in started)
        if not turns or anew or turns[-1] in held:
            continue
        one = next((reply for reply in replies if reply.turn == turns[-1]), None)
        if one is not None and not _marked(one, start):
            found.append(Gap(start, end - start))
    return found


def _marked(one: Heard, at: float) -> bool:
    """Whether the last word heard by then ends with a mark."""
    before = [word for word, end in zip(one.words, one.ends, strict=True) if end <= at + _NEAR]
    return bool(before) and before[-1][-1] in _MARKS
