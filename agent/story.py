"""What a trace tells a person: who thought and said what, when, what was decided and why. Draws nothing.

Times are seconds on the trace's own clock, moved by one offset: a story and a recording are laid over each
other by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from agent.streams import LISTENING, Streams
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
from pipeline.records import Decided, Noted, Said, Thought
from pipeline.trace import Entry

GOES_ON = "…"
"""In place of what stands before it in a line that an earlier thought began."""
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
    "True for what came to nothing: words of dropped drafts, and thoughts of which nothing lives on."


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


def resumed(line: str, text: str) -> str:
    """What is written on from the middle of a line, with the whole of a word that was begun before."""
    if not line or text.startswith("\n"):
        return text
    if text[:1].isspace():
        return GOES_ON + text
    word = line.rpartition(" ")[2]
    return ("" if word == line else GOES_ON) + word + text


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
    streams: dict[int, Streams] = field(default_factory=dict)
    "By turn."
    before: dict[int, str] = field(default_factory=dict)
    "By draft: the part of a line that it took over, and goes on with."
    anew: set[int] = field(default_factory=set)
    "Drafts whose next token begins a stretch."
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
        if isinstance(item, Thought):
            self.streams.setdefault(item.turn, Streams()).see(item, at)
        match item:
            case Thought(turn, draft, text, int()):
                self.begin(at, turn, draft, text)
            case Thought(turn, draft, text) if item.again:
                self.again(at, turn, draft, text)
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

    def begin(self, at: float, turn: int, draft: int, text: str) -> None:
        """A thought begins with what was confirmed of earlier ones."""
        if not draft and (turn, 0) in self.texts:
            self.noted.append(self.texts.pop((turn, 0)))
        self.texts[turn, draft] = Words(at, "")
        self.anew.add(draft)
        self.again(at, turn, draft, text)

    def again(self, at: float, turn: int, draft: int, text: str) -> None:
        """A thought goes on with what was confirmed: nothing was written, and a draft's text holds it."""
        old = self.texts.get((turn, draft), Words(at, ""))
        self.texts[turn, draft] = Words(old.at, old.text + (text if draft else ""))
        self.before[draft] = text.rpartition("\n")[2]

    def think(self, at: float, turn: int, draft: int, text: str) -> None:
        old, line = self.texts.get((turn, draft), Words(at, "")), resumed(self.before.pop(draft, ""), text)
        self.texts[turn, draft] = Words(old.at, old.text + (text if draft else line))
        lane = Lane.FORMULATION if draft else Lane.LISTENING
        text = line
        if draft in self.anew:
            self.anew.remove(draft)
            self.written.append(Stretch(lane, at, at, text, draft))
            return
        for number in range(len(self.written) - 1, max(-1, len(self.written) - 9), -1):
            last = self.written[number]
            if last.draft == draft and last.lane is lane and at - last.ends <= PAUSE:
                self.written[number] = replace(last, ends=at, text=last.text + text)
                return
        self.written.append(Stretch(lane, at, at, text, draft))

    def lent(self) -> set[int]:
        """Drafts of whose own thought another one took something over."""
        return {
            each.draft
            for streams in self.streams.values()
            for draft, written in [*streams.thoughts.items(), *((LISTENING, each) for each in streams.ended)]
            for each in written
            if each.draft != draft
        }

    def story(self) -> Story:
        """Words of a dropped draft are lost, and so are its thoughts unless something of them lives on."""
        lost = self.dropped - self.kept - self.lent()
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
