"""One turn's thoughts, token by token: which of them an answer rests on, and when each was first written.

An answer rests on its own draft's thought, on what that took over from earlier ones, and on the notes that
stood when it began. A token that was taken over is the same object in every thought that holds it, so nothing
is counted twice. It knows no sound, and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from pipeline.events import CommitDraft, DraftStarted, DropDraft, StartDraft, Think
from pipeline.records import Noted, Thought
from pipeline.trace import Item

TELL = (Thought, Noted, StartDraft, DraftStarted, CommitDraft, DropDraft, Think)
"""What the thoughts of a turn are told by."""
LISTENING = 0
"""The draft number of thoughts while listening."""


class Beside(Enum):
    """Who was heard while something was thought."""

    USER = "while you spoke"
    AGENT = "while I spoke"
    NOBODY = "between"


@dataclass(slots=True)
class Written:
    """One token of thought."""

    text: str
    at: float
    "Seconds on the caller's clock."
    beside: Beside = Beside.NOBODY
    draft: int = LISTENING
    "The one that it was first written in."


@dataclass(slots=True)
class Kept:
    """A note, and the tokens that it is made of."""

    noted: Noted
    tokens: list[Written]


@dataclass(slots=True)
class Streams:
    """The thoughts of one turn."""

    thoughts: dict[int, list[Written]] = field(default_factory=dict)
    "The newest of each draft; that of listening until it is kept, or until another begins."
    ended: list[list[Written]] = field(default_factory=list)
    "Earlier ones of listening."
    newest: list[Written] = field(default_factory=list)
    "The thought that is being written, or was written last."
    notes: list[Kept] = field(default_factory=list)
    "As they stand; one that a draft left replaces those that it did not know."
    carried: dict[int, list[Kept]] = field(default_factory=dict)
    "The notes that stood when each draft began."
    committed: int | None = None

    def see(self, item: Item, at: float, beside: Beside = Beside.NOBODY) -> None:
        """Take an entry of this turn's trace in; others are none of its business."""
        match item:
            case Thought(_, draft, text, int()):
                taken = self._take_over([], text, Written(text, at, beside, draft))
                if draft == LISTENING:
                    self._end()
                self.newest = self.thoughts[draft] = taken
            case Thought(_, draft, text, None, again) if again:
                self.newest = self.thoughts.setdefault(draft, [])
                self.newest += self._take_over(self.newest, text, Written(text, at, beside, draft))
            case Thought(_, draft, text) if text:
                self.newest = self.thoughts.setdefault(draft, [])
                self.newest.append(Written(text, at, beside, draft))
            case Noted(_, draft):
                self._note(item)
                if draft == LISTENING:
                    self._end()
            case StartDraft(_, draft) | DraftStarted(_, draft):
                # the order ends a thought of listening, which is noted after it and carried all the same
                self.carried[draft] = list(self.notes)
            case CommitDraft(_, draft):
                self.committed = draft
            case DropDraft(_, draft) if draft == self.committed:
                self.committed = None  # the user spoke before anything was heard
            case Think():
                self._end()
            case _:
                pass

    def own(self) -> list[Written]:
        """The thought of the committed draft."""
        return [] if self.committed is None else self.thoughts.get(self.committed, [])

    def standing(self) -> list[Kept]:
        """The notes that the answer rests on; before there is one, those that stand."""
        return self.notes if self.committed is None else self.carried.get(self.committed, [])

    def behind(self) -> list[Written]:
        """The tokens that the answer rests on."""
        return [*(each for kept in self.standing() for each in kept.tokens), *self.own()]

    def all(self) -> list[list[Written]]:
        """Every thought; those that took something over share tokens."""
        return [*self.ended, *self.thoughts.values()]

    def _take_over(self, mine: list[Written], text: str, new: Written) -> list[Written]:
        """Whole lines at a time, from where they were written; what nobody wrote is like ``new``.

        A prediction is put together from lines of several thoughts, each in the place where it stood.
        """
        taken, line = list[Written](), len(_lines(mine)) - 1
        others = [("".join(each.text for each in known), known) for known in self.all() if known is not mine]
        while text:
            best, most = _Run(), (False, False, 0)
            for whole, known in others:
                for number, begins in enumerate(_lines(known)):
                    same = _same(whole, begins, text)
                    lines = same if same == len(text) else text.rfind("\n", 0, same) + 1
                    if (worth := (lines > 0, number == line, lines or same)) > most:
                        best, most = _Run(known, begins, lines or same), worth
            upto = best.length if most[0] else text.find("\n") + 1 or len(text)
            taken += _cut(best.known, best.begins, best.length)
            if best.length < upto:
                taken.append(replace(new, text=text[best.length : upto]))
            line += text.count("\n", 0, upto)
            text = text[upto:]
        return taken

    def _end(self) -> None:
        if (thought := self.thoughts.pop(LISTENING, None)) is not None:
            self.ended.append(thought)

    def _note(self, noted: Noted) -> None:
        written = self.thoughts.get(noted.draft)
        if written is None:  # the order that ended it is told before it is kept
            written = self.ended[-1] if self.ended and noted.draft == LISTENING else []
        before = self.notes if noted.draft == LISTENING else self.carried.get(noted.draft, self.notes)
        self.notes = [*before, Kept(noted, made_of(noted.text, written))]


def made_of(text: str, written: list[Written]) -> list[Written]:
    """The tokens of a thought that the lines of a text are made of; of equal lines, the last ones."""
    whole = "".join(each.text for each in written)
    spans, before = list[tuple[int, int]](), len(whole)
    for line in reversed([line for line in text.split("\n") if line.strip()]):
        begins = whole.rfind(line, 0, before)
        if begins >= 0:
            before = begins
            spans.append((begins, begins + len(line) + 1))  # with the line's end
    found, upto = list[Written](), 0
    for each in written:
        begins, upto = upto, upto + len(each.text)
        if any(begins < last and upto > first for first, last in spans):
            found.append(each)
    return found


@dataclass(slots=True)
class _Run:
    """A stretch of a thought, in characters."""

    known: list[Written] = field(default_factory=list)
    begins: int = 0
    length: int = 0


def _cut(written: list[Written], begins: int, length: int) -> list[Written]:
    """The tokens that this stretch is made of; of one that it begins or ends within, the part."""
    found, upto = list[Written](), 0
    for each in written:
        first, upto = upto, upto + len(each.text)
        part = each.text[max(0, begins - first) : max(0, begins + length - first)]
        if part:
            found.append(each if part == each.text else replace(each, text=part))
    return found


def _same(whole: str, begins: int, text: str) -> int:
    """Characters of a text that stand at this place."""
    return next((n for n, char in enumerate(text) if not whole.startswith(char, begins + n)), len(text))


def _lines(written: list[Written]) -> list[int]:
    """The character at which each line begins."""
    text = "".join(each.text for each in written)
    return [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
