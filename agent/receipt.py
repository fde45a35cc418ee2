"""What a conversation came to: turns, endings, latencies. Reads the trace as it grows; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from pipeline.events import (
    CommitDraft,
    DropDraft,
    Hush,
    InputCommitted,
    PlaybackStarted,
    Sample,
    Say,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    TextEntered,
    Turn,
)
from pipeline.ports import CAPTURE_RATE, Measured, Said
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace

ANSWER = "speech end to answer"
"""Name of the latency that a user feels, as the runtime can tell it (a detector's end, not a label)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Counts and latencies of one session."""

    turns: int
    "Committed user turns."
    interrupted: int
    "Replies that the user cut off."
    drafts: int
    wasted: int
    "Drafts that were dropped."
    latencies: tuple[float, ...] = ()
    "Seconds from the detected end of speech to the first sound at the ear, one per answered turn."

    @property
    def median_latency(self) -> float | None:
        return median(self.latencies) if self.latencies else None


@dataclass(slots=True)
class _Tally:
    turns: int = 0
    newest: Turn | None = None
    interrupted: int = 0
    drafts: int = 0
    wasted: int = 0


class Stopwatch:
    """Measures each answered turn and records it into the trace."""

    def __init__(self, ring: AudioRing, output_latency: float, trace: Trace, keep: int = 1000) -> None:
        self._ring = ring
        self.output_latency = output_latency
        self._trace = trace
        self._keep = keep
        self._speech_end: Sample | None = None
        self._waiting: tuple[Turn, Sample] | None = None
        self._partly: int | None = None
        self._tally = _Tally()
        self._latencies: list[float] = []

    def see(self, entry: Entry) -> None:
        """Take note of one trace entry."""
        match entry.item:
            case SpeechPaused(at) | InputCommitted(at):
                self._speech_end = at
            case SpeechStarted() | TextEntered():
                self._speech_end = None
            case StartDraft():
                self._tally.drafts += 1
            case DropDraft():
                self._tally.wasted += 1
            case CommitDraft(turn, _):
                self._tally.turns += turn != self._tally.newest
                self._tally.newest = turn
                self._waiting = None if self._speech_end is None else (turn, self._speech_end)
            case Said(turn, _, whole) if not whole:
                self._partly = turn
            case SessionClosed():
                self._partly = None
            case Hush(turn):
                self._tally.interrupted += turn == self._partly
                self._partly = None
            case Say():
                self._waiting = None
            case PlaybackStarted(turn) if self._waiting is not None and self._waiting[0] == turn:
                speech_end, self._waiting = self._waiting[1], None
                self._answered(turn, speech_end)

    def _answered(self, turn: Turn, speech_end: Sample) -> None:
        seconds = (self._ring.end - speech_end) / CAPTURE_RATE + self.output_latency
        self._latencies.append(seconds)
        del self._latencies[: -self._keep]
        self._trace.record(Measured(turn, ANSWER, seconds))

    def receipt(self) -> Receipt:
        """The sums so far."""
        tally = self._tally
        return Receipt(
            tally.turns, tally.interrupted, tally.drafts, tally.wasted, tuple(self._latencies)
        )
