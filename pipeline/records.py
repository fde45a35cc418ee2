"""What is recorded beside the line for people: screen, trace, harness. Nothing acts on any of it."""

from __future__ import annotations

from dataclasses import dataclass

from .events import Sample


@dataclass(frozen=True, slots=True)
class Thought:
    """Text that is never spoken: for the screen and the trace."""

    turn: int
    draft: int
    "0 while listening, before there is a draft."
    text: str
    confirmed: int | None = None
    """A number: a thought begins here, and so many tokens, all of this text, are an earlier thought of the
    turn that all that was heard since has confirmed. None: the thought goes on."""
    again: int = 0
    "Of a thought that goes on: so many tokens, all of this text, that an earlier thought had written."


@dataclass(frozen=True, slots=True)
class Noted:
    """A thought was kept as a note: of listening, or of a draft that was dropped."""

    turn: int
    draft: int
    "0 for a thought of listening."
    after: int
    "Positions (80 ms) of the turn's sound that it had taken in."
    text: str
    cut: bool
    "True where it was stopped before its end."


@dataclass(frozen=True, slots=True)
class Speculated:
    """What thinking and writing ahead of a turn's end came to; told when the turn is answered."""

    turn: int
    hit: bool
    "The draft that was committed had begun before the commit."
    drafts: int
    "Begun in this turn, the committed one included."
    tokens: int
    "Written before the commit: listening thoughts and drafts."
    wasted: int
    "Of these, neither in the committed draft, nor taken over by it, nor in a note that it carried."
    saved: float
    "Seconds by which the first phrase was ready earlier than if the draft had begun at the commit."
    cost: float = 0.0
    "Money for the tokens, where the brain has a price."


@dataclass(frozen=True, slots=True)
class Contradiction:
    """How far words that were spoken on an unfinished thought differ from what the whole thought says."""

    turn: int
    score: float
    "0: all said words stand; 1: none does."
    said: str
    meant: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a recogniser made of the user's words: for captions, logs and the screen, never for a prompt."""

    turn: int
    text: str
    final: bool
    source: str
    "The recogniser's name."


@dataclass(frozen=True, slots=True)
class ToolRan:
    """A tool was called and gave something back; for the screen, the trace and the application."""

    turn: int
    draft: int
    call: str
    "Its identity, as in ``ToolCalled``."
    name: str
    arguments: str
    "JSON text as the brain wrote it."
    content: str
    "What it gave back, or what went wrong."
    failed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Window:
    """A window's speech score, for level meters and traces."""

    at: Sample
    probability: float
    level: float
    "dBFS."


@dataclass(frozen=True, slots=True)
class Measured:
    """A duration worth showing: for the screen, the trace and the harness."""

    turn: int
    name: str
    "For example ``pause to first sound``."
    seconds: float


@dataclass(frozen=True, slots=True)
class Said:
    """What of a reply the ear has heard so far."""

    turn: int
    text: str
    whole: bool
    "True when the reply ended by itself, not cut."


@dataclass(frozen=True, slots=True)
class Decided:
    """Why the policy did what it did, in words."""

    why: str
    "For example ``held at 212 ms: sustained speech``."
