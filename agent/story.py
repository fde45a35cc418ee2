"""What a trace tells a person: who thought and said what, when, what was decided and why. Draws nothing.

Times are seconds on the trace's own clock, moved by one offset: a story and a recording are laid over each
other by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from pipeline.events import (
    CommitDraft,
    DropDraft,
    Duck,
    Hold,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Resume,
    Say,
    StartDraft,
    Unduck,
)
from pipeline.ports import Decided, Noted, Said, Thought
from pipeline.trace import Entry

PAUSE = 0.15
"""Seconds without a token that end a stretch of writing."""


class Mark(Enum):
    """A decision worth a sign."""

    DRAFT = "draft"
    COMMIT = "commit"
    DECLINE = "decline"
    DROP = "drop"
    NOTE = "note"
    DUCK = "duck"
    HOLD = "hold"
    RESUME = "resume"
    HUSH = "hush"


_ORDERS: dict[type, Mark] = {
    StartDraft: Mark.DRAFT,
    DropDraft: Mark.DROP,
    Noted: Mark.NOTE,
    Duck: Mark.DUCK,
    Hold: Mark.HOLD,
    Resume: Mark.RESUME,
    Unduck: Mark.RESUME,
    Hush: Mark.HUSH,
}


class Lane(Enum):
    """Where something is written."""

    LISTENING = "listening"
    "Thoughts while the user speaks."
    FORMULATION = "formulation"
    "Thoughts of a draft."
    ARTICULATION = "articulation"
    "Words of a draft: a stretch is one phrase, at the moment it was ready."


@dataclass(frozen=True, slots=True)
class Words:
    """A text at a moment."""

    at: float
    text: str
    faint: bool = False
    "True for what came to nothing: thoughts of dropped drafts."


@dataclass(frozen=True, slots=True)
class Decision:
    """A sign at a moment, and the reason in the policy's words; empty where it gave none."""

    at: float
    mark: Mark
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some writing without a pause."""

    lane: Lane
    begins: float
    ends: float
    text: str
    draft: int = 0
    "0 while listening."
    faint: bool = False
    "True for what came to nothing: words of dropped drafts, and their thoughts unless they were noted."


@dataclass(slots=True)
class Story:
    """A conversation as marks, writing and texts."""

    marks: list[Decision] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    thoughts: list[Words] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def clean(text: str) -> str:
    """Printable text only: what a model or a user wrote must not steer a terminal or a picture.

    Control characters, escape sequences' introducers, and marks that reorder or hide text become spaces.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def line_up(thought: str) -> str:
    """A thought's lines as one, cleaned."""
    return " · ".join(clean(line) for line in thought.split("\n") if line.strip())


def tell(entries: Iterable[Entry], *, offset: float = 0.0) -> Story:
    """The story of a trace; ``offset`` is what to add to its times."""
    teller = _Teller(offset)
    for entry in entries:
        teller.hear(entry)
    return teller.story()


@dataclass(slots=True)
class _Teller:
    """What has been told so far."""

    offset: float
    marks: list[Decision] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    written: list[Stretch] = field(default_factory=list)
    texts: dict[tuple[int, int], Words] = field(default_factory=dict)
    "By turn and draft, listening apart per note."
    noted: list[Words] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    "Drafts that left a note."
    speaking: dict[int, float] = field(default_factory=dict)
    why: tuple[float, str] = (0.0, "")
    silent: int | None = None
    over: int | None = None

    def hear(self, entry: Entry) -> None:
        at, item = entry.at + self.offset, entry.item
        if isinstance(item, Decided):
            self.why = (at, item.why)
        elif type(item) in _ORDERS:
            self.mark(at, _ORDERS[type(item)], clean(item.text) if isinstance(item, Noted) else None)
        match item:
            case Thought(turn, draft, text) if text:
                self.think(at, turn, draft, text)
            case Noted(turn, draft) if not draft and (turn, draft) in self.texts:
                self.noted.append(self.texts.pop((turn, draft)))
            case PhraseDrafted(_, draft, _, text):
                self.written.append(Stretch(Lane.ARTICULATION, at, at, clean(text), draft))
            case Noted(_, draft):
                self.kept.add(draft)
            case DropDraft(_, draft):
                self.dropped.add(draft)
            case CommitDraft(turn):
                self.silent = turn
                self.mark(at, Mark.COMMIT)
            case PlaybackStarted(turn):
                self.speaking.setdefault(turn, at)
            case Remember(turn):
                self.over = turn
                if turn == self.silent:  # then nothing came of the commit
                    self.marks = [each for each in self.marks if (each.at, each.mark) != (at, Mark.COMMIT)]
                    self.mark(at, Mark.DECLINE)
            case Said(turn, text, whole) if (whole or turn == self.over) and text:  # else: heard so far
                self.words.append(Words(self.speaking.get(turn, at), clean(text) + ("" if whole else " …")))
            case _:
                pass
        if isinstance(item, DropDraft | Hush | PlaybackStarted | Say) and item.turn == self.silent:
            self.silent = None

    def mark(self, at: float, mark: Mark, why: str | None = None) -> None:
        """The reason of an order is told just before it."""
        if why is None:
            why = clean(self.why[1]) if at - self.why[0] < 1e-3 else ""
        self.marks.append(Decision(at, mark, why))

    def think(self, at: float, turn: int, draft: int, text: str) -> None:
        old = self.texts.get((turn, draft), Words(at, ""))
        self.texts[turn, draft] = Words(old.at, old.text + text)
        lane = Lane.FORMULATION if draft else Lane.LISTENING
        for number in range(len(self.written) - 1, max(-1, len(self.written) - 9), -1):
            last = self.written[number]
            if last.draft == draft and last.lane is lane and at - last.ends <= PAUSE:
                self.written[number] = replace(last, ends=at, text=last.text + text)
                return
        self.written.append(Stretch(lane, at, at, text, draft))

    def story(self) -> Story:
        """Words of a dropped draft are lost, and so are its thoughts unless they were noted."""
        lost = self.dropped - self.kept
        thoughts = [
            Words(words.at, line_up(words.text), draft in lost) for (_, draft), words in self.texts.items()
        ] + [Words(words.at, line_up(words.text)) for words in self.noted]
        stretches = [
            replace(each, faint=each.draft in (self.dropped if each.lane is Lane.ARTICULATION else lost))
            for each in self.written
        ]
        return Story(
            self.marks,
            stretches,
            sorted((words for words in thoughts if words.text), key=lambda words: words.at),
            self.words,
        )
