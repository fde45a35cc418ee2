"""The agent's own fluency, from its channel: silences inside its speech.

A silence at a full stop is as long as one at an empty buffer, so a count of them says nothing by itself: it
is compared between agents with one voice, or before and after. Silences near the user's sound are left out,
for they are answers to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .heard import Heard
from .labels import UserTurn
from .score_overlap import STOP_WINDOW
from .score_reply import REPLY_GAP

GAP = 0.120
"""Seconds of silence inside a reply from which it is counted: longer than a stop consonant's."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence inside the agent's speech."""

    at: float
    "Seconds from the recording's start."
    seconds: float


def gaps(heard: Heard, turns: Sequence[UserTurn]) -> tuple[Gap, ...]:
    """Silences of GAP to REPLY_GAP seconds between two sounds of the agent. Left out are those that touch the
    user's speech or the STOP_WINDOW after an onset of the user, and those that the harness's prompting ended.
    """
    found = []
    for one, later in pairwise(heard.parts):
        seconds = (later.start - one.end) / heard.rate
        own = later.start not in heard.prompted
        if own and GAP <= seconds < REPLY_GAP and not _beside(turns, one.end, later.start, heard.rate):
            found.append(Gap(one.end / heard.rate, seconds))
    return tuple(found)


def _beside(turns: Sequence[UserTurn], start: int, end: int, rate: int) -> bool:
    return any(
        turn.start < end and start < max(turn.end, turn.start + round(STOP_WINDOW * rate)) for turn in turns
    )
