"""What was thought and written ahead, what it brought, and when it was thought: from the session's trace.

The ledger's own figures are taken as they stand; when a thought token was written is laid over the recording,
so that what was hidden behind speech is told by the labels and by what was audible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agent.streams import TELL, Streams
from pipeline.events import CommitDraft, DraftStarted, DropDraft, Listened
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Speculated

from .audible import stretches
from .explain_clock import Moment, of_kind
from .explain_parts import reply_at
from .explain_words import Answer
from .labels import Labels
from .recording import Recording
from .score import Score
from .think_score import Hidden, hidden

POSITION = 0.08
"""Seconds of sound per position that a brain takes in."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Speculation in one conversation: one entry per answered turn."""

    hits: tuple[bool, ...]
    "The committed draft had begun before the commit."
    tokens: int
    "Written before the commits: thoughts of listening and drafts."
    wasted: int
    "Of these, in nothing that the answers rest on."
    saved: tuple[float, ...]
    "Seconds by which each hit had its first phrase earlier than a draft begun at the commit."
    drafts: int
    dropped: int
    unread: tuple[int, ...]
    "Positions of the turn's sound that the answering draft still had to take in when it began."


def ahead_of(moments: Sequence[Moment]) -> Ahead:
    """Read the ledger."""
    told = [one for _, one in of_kind(moments, Speculated)]
    return Ahead(
        hits=tuple(one.hit for one in told),
        tokens=sum(one.tokens for one in told),
        wasted=sum(one.wasted for one in told),
        saved=tuple(one.saved for one in told if one.hit),
        drafts=sum(one.drafts for one in told),
        dropped=len(of_kind(moments, DropDraft)),
        unread=tuple(_unread(moments)),
    )


def _unread(moments: Sequence[Moment]) -> list[int]:
    """None for drafts of a session that takes nothing in beforehand, or whose trace does not say so."""
    read: dict[int, int] = {}
    left: dict[int, int] = {}
    found = []
    for one in moments:
        match one.item:
            case Listened(span):
                read[span.start] = max(span.end, read.get(span.start, 0))
            case DraftStarted(_, draft, span) if span.start in read:
                left[draft] = max(0, math.ceil((span.end - read[span.start]) / CAPTURE_RATE / POSITION))
            case CommitDraft(_, draft) if draft in left:
                found.append(left.pop(draft))
            case _:
                pass
    return found


def thinking_of(
    moments: Sequence[Moment], recording: Recording, score: Score, labels: Labels, answers: Sequence[Answer]
) -> dict[int, Hidden]:
    """Where the thought tokens fell that each answer rests on, by the user's turn; none where none were."""
    streams: dict[int, Streams] = {}
    for one in moments:
        if isinstance(one.item, TELL):
            streams.setdefault(one.item.turn, Streams()).see(one.item, one.at)
    agent = [(piece.start / recording.rate, piece.end / recording.rate)
             for piece in stretches(recording.agent, recording.rate)]  # fmt: skip
    content = {one.turn: one.content for one in answers}
    found = {}
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.voice_to_voice is None or turn.censored or turn.number not in content:
            continue
        user = labels.seconds(said.start), labels.seconds(said.end)
        reply = reply_at(moments, user[1] + turn.voice_to_voice)
        if reply is None or reply not in streams:
            continue
        at, own = content[turn.number], [span for span in agent if span[1] > user[0]]
        tokens = sorted(each.at for each in streams[reply].behind())
        if tokens:
            found[turn.number] = hidden(tokens, user, own, None if at is None else user[1] + at)
    return found
