"""Turns that a session left open because it failed: they count as missed. Pure; the recording is as it is.

A session that goes on and is silent misses its turns. One that breaks must not come off better because its
recording ends before their window is over.
"""

from __future__ import annotations

from dataclasses import replace

from .labels import Labels, UserTurn
from .score import WINDOW, Score, TurnScore
from .score_reply import cut_short
from .score_scene import takes_floor


def broken_off(found: Score, labels: Labels) -> Score:
    """The score of a session that failed: every due turn that the recording's end left unscored is missed."""
    told = {turn.number: _cut(labels, place, turn) for place, turn in enumerate(labels.turns)}
    cut = {number: said for number, said in told.items() if said}
    open_turns = {one.number for one in found.turns if one.number in cut and one.voice_to_voice is None}
    gone = {f"turn {number}: {cut[number]}" for number in open_turns}
    return replace(
        found,
        turns=tuple(_missed(one) if one.number in open_turns else one for one in found.turns),
        unscored=tuple(note for note in found.unscored if note not in gone),
    )


def _cut(labels: Labels, place: int, turn: UserTurn) -> str:
    """What the scorer notes of a due turn that the recording cut short; empty where it did not."""
    left = (labels.length - turn.end) / labels.rate
    last = not any(takes_floor(later) for later in labels.turns[place + 1 :])
    return cut_short(left) if turn.reply and last and left < WINDOW else ""


def _missed(one: TurnScore) -> TurnScore:
    return replace(
        one, voice_to_voice=WINDOW, to_body=WINDOW, censored=True, body_censored=True, took_floor=False
    )
