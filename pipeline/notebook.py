"""The notes of the open turn: what was thought while listening and in drafts that were dropped.

Loop side, shared by the thinking and the decoding stage. It must never hold a reply's words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .events import Sample, Span, Turn
from .listening.strategy import CLOSED
from .prompt import BLOCK, Note
from .reading import Reading, kept_lines
from .records import Noted


@dataclass(frozen=True, slots=True)
class Taken:
    """A note and what else is known of it."""

    note: Note
    reading: Reading
    tokens: int
    "That the brain wrote for it."
    checked: bool = False
    "It is checked before any of it counts, so that it may have heard more than who is given it."


class Notebook:
    """Notes of one turn at a time."""

    def __init__(self, observe: Callable[[Noted], None] = lambda noted: None) -> None:
        """``observe`` is told of each note that is kept."""
        self._observe = observe
        self._turn: Turn | None = None
        self._start = Sample(0)
        self._taken: list[Taken] = []

    def begin(self, turn: Turn, start: Sample) -> None:
        """This turn's sound starts here; notes of another one are forgotten."""
        if (turn, start) != (self._turn, self._start):
            self._turn, self._start, self._taken = turn, start, []

    def take(
        self,
        turn: Turn,
        draft: int,
        heard: Span,
        reading: Reading,
        *,
        tokens: int,
        cut: bool,
        base: tuple[Taken, ...] | None = None,
        checked: bool = False,
    ) -> bool:
        """Keep the whole lines of a thought about this span; False where there is nothing to keep.

        A thought about less than a note that stands already adds nothing. ``base``: the notes that its prompt
        held, None: all that stand; it says again what others noted meanwhile, so these make way for it.
        ``checked``: it will be, before any of it counts. Then it is kept as it is, in place of all others.
        """
        if checked:
            return self._predict(turn, heard, reading, tokens=tokens, cut=cut)
        text = kept_lines(reading.text, whole=not cut)
        if turn != self._turn or heard.start != self._start or not text:
            return False
        after = -(-len(heard) // BLOCK)
        if self._taken and after <= self._taken[-1].note.after:
            return False
        taken = Taken(Note(text, after), reading.upto(text), tokens)
        self._taken = [*(self._taken if base is None else base), taken]
        self._observe(Noted(turn, draft, after, text, cut))
        return True

    def _predict(self, turn: Turn, heard: Span, reading: Reading, *, tokens: int, cut: bool) -> bool:
        """Keep a thought as what predicts the next one: where it was stopped, the earlier one goes on."""
        text = reading.text if cut else f"{reading.text}{CLOSED}"
        if turn != self._turn or heard.start != self._start or not reading.text:
            return False
        after, newest = -(-len(heard) // BLOCK), self._taken[-1].note if self._taken else None
        if newest is not None and (after < newest.after or newest.text.startswith(text)):
            return False
        if newest is not None and cut:
            text = _spliced(text, newest.text.removesuffix(CLOSED))
        self._taken = [Taken(Note(text, after), reading, tokens, checked=True)]
        return True

    def knows(self, turn: Turn, heard: Span) -> bool:
        """True when a note stands already that was thought on all of this."""
        mine = turn == self._turn and heard.start == self._start and bool(self._taken)
        return mine and self._taken[-1].note.after * BLOCK >= len(heard)

    def of(self, turn: Turn, heard: Span) -> tuple[Taken, ...]:
        """The notes that a prompt over this span may carry, which are those thought on no more than it; and
        what is checked before it counts."""
        if turn != self._turn or heard.start != self._start:
            return ()
        reach = len(heard) + BLOCK - 1
        return tuple(t for t in self._taken if t.checked or t.note.after * BLOCK <= reach)

    def forget(self, turn: Turn) -> None:
        """The turn is over."""
        if turn == self._turn:
            self._turn, self._taken = None, []


def _spliced(text: str, earlier: str) -> str:
    """A thought that was stopped, with the lines of an earlier one that it did not come to."""
    own, old = text.split("\n"), earlier.split("\n")
    at = len(own) - 1
    if at >= len(old):
        return text
    return "\n".join([*own[:at], old[at] if old[at].startswith(own[at]) else own[at], *old[at + 1 :]])


def notes_of(taken: tuple[Taken, ...]) -> tuple[Note, ...]:
    """The notes alone."""
    return tuple(each.note for each in taken)
