"""How a stop came about, and what was heard that should not have been: the trace's orders on the recording.

A stop is parted into detect, decide and silence, which sum to its measured latency. Sound that the recording
holds where no order let anything be heard is counted: there must be none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.events import (
    CommitDraft,
    DropDraft,
    Hold,
    Hush,
    PlaybackEnded,
    Resume,
    Say,
    SessionClosed,
    SpeechStarted,
)

from .audible import WINDOW as STEP
from .audible import audible
from .explain_clock import LEEWAY, Moment, of_kind
from .labels import WANTS_REPLY, Labels
from .recording import Recording
from .score import Score

STOPS = ("detect", "decide", "silence")
STOP_MEANING = {
    "detect": "from the user's true onset to the detector saying so",
    "decide": "from there to the order to hold or to hush",
    "silence": "from that order to silence at the sink: the leak after the cancel",
}
_RAMP = 0.01
"""Seconds over which a dropped draft fades."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop, in seconds; the three sum to its latency."""

    turn: int
    detect: float
    decide: float
    silence: float
    latency: float

    @property
    def terms(self) -> dict[str, float]:
        """By STOPS."""
        found = {"detect": self.detect, "decide": self.decide, "silence": self.silence}
        assert abs(sum(found.values()) - self.latency) < 1e-9, "a split that does not sum"
        return found


@dataclass(frozen=True, slots=True)
class Held:
    """The voice fell silent for speech over it, and what became of that."""

    at: float
    gap: float | None
    "Seconds until it went on; None: it did not."
    wanted: bool
    "By the labels, the user wanted the floor then."


@dataclass(frozen=True, slots=True)
class Unasked:
    """Audible samples of the agent's channel that no order allowed."""

    uncommitted: int
    "Before a commit let anything be heard, or after a reply was over."
    stale: int
    "After the order to hold, to hush or to drop, beyond its fade."


def stops_of(moments: Sequence[Moment], score: Score, labels: Labels) -> list[Stop]:
    """Of every stop that an order brought about; a reply that was over by itself has no split."""
    found = []
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.stop is None or turn.stop.censored:
            continue
        onset = labels.seconds(said.start)
        silent = onset + turn.stop.latency
        detected = [at for at, _ in of_kind(moments, SpeechStarted)
                    if onset - LEEWAY <= at <= silent + LEEWAY]  # fmt: skip
        ordered = [one.at for one in moments if isinstance(one.item, Hold | Hush)
                   and detected and detected[0] <= one.at <= silent + LEEWAY]  # fmt: skip
        if ordered:
            found.append(Stop(turn.number, detected[0] - onset, ordered[0] - detected[0],
                              silent - ordered[0], turn.stop.latency))  # fmt: skip
    return found


def holds_of(moments: Sequence[Moment], labels: Labels) -> list[Held]:
    """Every hold, with what followed it for the same turn."""
    wanting = [(labels.seconds(turn.start) - LEEWAY, labels.seconds(turn.end) + 1.0)
               for turn in labels.turns if turn.kind in WANTS_REPLY]  # fmt: skip
    found = []
    for place, one in enumerate(moments):
        if not isinstance(one.item, Hold):
            continue
        turn = one.item.turn
        after = (later for later in moments[place + 1 :]
                 if isinstance(later.item, Resume | Hush | CommitDraft | SessionClosed))  # fmt: skip
        ended = next((later for later in after if isinstance(later.item, SessionClosed | CommitDraft)
                      or later.item.turn == turn), None)  # type: ignore[union-attr]  # fmt: skip
        gap = ended.at - one.at if ended is not None and isinstance(ended.item, Resume) else None
        found.append(Held(one.at, gap, any(low <= one.at < high for low, high in wanting)))
    return found


def unasked(moments: Sequence[Moment], recording: Recording) -> Unasked:
    """Audible 10 ms windows outside of every span that the orders opened, as samples; LEEWAY is allowed."""
    loud = audible(recording.agent, recording.rate)
    counts = {True: 0, False: 0}
    for start, end, stale in closed_spans(moments, recording.length / recording.rate):
        first, last = int(np.ceil(start / STEP)), int(end / STEP)
        counts[stale] += int(loud[max(first, 0) : max(last, 0)].sum())
    size = round(STEP * recording.rate)
    return Unasked(counts[False] * size, counts[True] * size)


def closed_spans(moments: Iterable[Moment], length: float) -> list[tuple[float, float, bool]]:
    """When nothing may be heard, in seconds, LEEWAY taken off at both sides; True: a stop was ordered."""
    found: list[tuple[float, float, bool]] = []
    since, stale, is_open = -LEEWAY, False, False
    active, draft = 0, 0
    for one in moments:
        match one.item:
            case CommitDraft() | Say() | Resume():
                if not is_open:
                    found.append((since + LEEWAY, one.at - LEEWAY, stale))
                is_open = True
                if isinstance(one.item, CommitDraft | Say):
                    active, draft = one.item.turn, getattr(one.item, "draft", 0)
            case Hold(turn, fade) | Hush(turn, fade) if is_open and turn == active:
                since, stale, is_open = one.at + fade, True, False
            case DropDraft(turn, dropped) if is_open and (turn, dropped) == (active, draft):
                since, stale, is_open = one.at + _RAMP, True, False
            case PlaybackEnded(turn) if is_open and turn == active:
                since, stale, is_open = one.at, False, False
            case _:
                pass
    if not is_open:
        found.append((since + LEEWAY, length, stale))
    return [span for span in found if span[1] > span[0]]
