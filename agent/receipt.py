"""What a conversation came to: turns, endings, latencies, and what thinking ahead brought and cost.

Reads the trace as it grows; changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from agent.thoughts import Thoughts
from pipeline.events import (
    CommitDraft,
    DropDraft,
    Fact,
    Hold,
    Hush,
    InputCommitted,
    InterruptRequested,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    ReplyRequested,
    Resume,
    Sample,
    Say,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    TextEntered,
    Turn,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Contradiction, Measured, Said, Speculated
from pipeline.ring import AudioRing
from pipeline.speaking.contradiction import conflicts
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
    declined: int = 0
    "Turns that deserved no answer."
    counted: int = 0
    "Answered turns of which what follows up to ``cost`` is known."
    hits: int = 0
    "Of these, answered from a draft that had begun before the turn was known to be over."
    ahead: int = 0
    "Tokens written before that: thoughts of listening and drafts."
    unused: int = 0
    "Of these, neither in the draft that was spoken nor in its notes."
    saved: tuple[float, ...] = ()
    "Seconds by which each hit had its first phrase earlier than a draft begun at the commit."
    cost: float = 0.0
    "Money for tokens written ahead, where the brain has a price."
    thoughts: int = 0
    "Tokens of the thoughts that answers rest on."
    beside: int = 0
    "Of these, written while the user or the agent was heard."
    corrections: int = 0
    "Answers that took back a number said too early."
    underruns: int = 0
    "Times that the voice had nothing left to say in mid-answer."
    holds: int = 0
    "Times that the voice stopped for speech over it."
    false_holds: int = 0
    "Of these, followed by going on: nobody wanted the floor."
    seconds: float = 0.0
    "Captured."

    @property
    def median_latency(self) -> float | None:
        return median(self.latencies) if self.latencies else None

    @property
    def hit_rate(self) -> float | None:
        """Share of answered turns that a draft begun before their end answered."""
        return self.hits / self.counted if self.counted else None

    @property
    def false_holds_per_minute(self) -> float:
        return 60.0 * self.false_holds / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Tally:
    turns: int = 0
    newest: Turn | None = None
    interrupted: int = 0
    drafts: int = 0
    wasted: int = 0
    declined: int = 0
    counted: int = 0
    hits: int = 0
    ahead: int = 0
    unused: int = 0
    cost: float = 0.0
    thoughts: int = 0
    beside: int = 0
    corrections: int = 0
    underruns: int = 0
    holds: int = 0
    false_holds: int = 0


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
        self._silent: Turn | None = None
        self._held = False
        self._unprompted = False
        "The application asked for what is committed now: no turn of the user's."
        self._asked_off = False
        "The application wants silence: what is cut now was not cut by the user."
        self._against: Contradiction | None = None
        self._tally = _Tally()
        self._thoughts = Thoughts()
        self._latencies: list[float] = []
        self._saved: list[float] = []

    def see(self, entry: Entry) -> None:
        """Take note of one trace entry."""
        if isinstance(entry.item, Fact):
            self._unprompted = isinstance(entry.item, ReplyRequested)
            self._asked_off = isinstance(entry.item, InterruptRequested)
        self._thoughts.see(entry)
        self._count(entry)
        self._think(entry)
        match entry.item:
            case SpeechPaused(at) | InputCommitted(at):
                self._speech_end = at
            case SpeechStarted() | TextEntered():
                self._speech_end = None
            case CommitDraft(turn, _):
                since = None if self._unprompted else self._speech_end
                self._waiting = None if since is None else (turn, since)
            case Say():
                self._waiting = None
            case PlaybackStarted(turn) if self._waiting is not None and self._waiting[0] == turn:
                speech_end, self._waiting = self._waiting[1], None
                self._answered(turn, speech_end)

    def _count(self, entry: Entry) -> None:
        """Turns, drafts, and how replies went."""
        tally = self._tally
        match entry.item:
            case StartDraft():
                tally.drafts += 1
            case DropDraft(turn, _):
                tally.wasted += 1
                self._silent = None if turn == self._silent else self._silent
            case CommitDraft(turn, _) if not self._unprompted:
                tally.turns += turn != tally.newest
                tally.newest = self._silent = turn
            case Said(turn, _, whole) if not whole:
                self._partly = turn
            case SessionClosed():
                self._partly = self._silent = None
            case PlaybackStarted() | Say():
                self._silent = None
            case PlaybackStarved():
                tally.underruns += 1
            case Hold():
                tally.holds += 1
                self._held = True
            case Resume():
                tally.false_holds += self._held
                self._held = False
            case Hush(turn):
                tally.interrupted += turn == self._partly and not self._asked_off
                self._partly, self._held = None, False
                self._silent = None if turn == self._silent else self._silent

    def _think(self, entry: Entry) -> None:
        """What thinking ahead came to."""
        tally = self._tally
        match entry.item:
            case Speculated() as told:
                tally.counted += 1
                tally.hits += told.hit
                tally.ahead += told.tokens
                tally.unused += told.wasted
                tally.cost += told.cost
                if told.hit:
                    self._saved.append(told.saved)
                    del self._saved[: -self._keep]
            case Contradiction() as against:
                self._against = against
            case DropDraft():
                self._against = None
            case Remember(turn, _):
                thoughts = self._thoughts.told(turn)
                said, self._against = self._against, None
                if said is not None and said.turn == turn:
                    tally.corrections += conflicts(said.said, said.meant, asked=thoughts.heard)
                self._thoughts.forget(turn)
                tally.declined += turn == self._silent
                if turn != self._silent:
                    tally.thoughts += thoughts.tokens
                    tally.beside += thoughts.beside

    def _answered(self, turn: Turn, speech_end: Sample) -> None:
        seconds = (self._ring.end - speech_end) / CAPTURE_RATE + self.output_latency
        self._latencies.append(seconds)
        del self._latencies[: -self._keep]
        self._trace.record(Measured(turn, ANSWER, seconds))

    def receipt(self) -> Receipt:
        """The sums so far."""
        tally = self._tally
        return Receipt(
            tally.turns, tally.interrupted, tally.drafts, tally.wasted, tuple(self._latencies),
            declined=tally.declined, counted=tally.counted, hits=tally.hits, ahead=tally.ahead,
            unused=tally.unused, saved=tuple(self._saved), cost=tally.cost, thoughts=tally.thoughts,
            beside=tally.beside, corrections=tally.corrections, underruns=tally.underruns, holds=tally.holds,
            false_holds=tally.false_holds, seconds=self._ring.end / CAPTURE_RATE,
        )  # fmt: skip
