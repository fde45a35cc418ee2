"""What is thought while a turn is still being spoken, and what is left to think when it has ended.

The pattern is that of SHANKS (arXiv 2510.06917): after each block of sound a note says which words were heard
since the last one, and the steps that no later word can change any more. Drafts that were thought in a pause
and dropped leave notes as well; their last steps may be premature.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .audio import POSITION, RATE
from .chains import Ledger, parse
from .skills import registry, sums
from .skills.question import Measured, Past, Question

MARGIN = 0.25 * RATE / POSITION
"""Positions after its end before a word counts as heard in a note: 0.25 s.

With 0.12 s words at the borders of notes were misheard. A draft stands in a pause and takes all words before.
"""
BLOCKS = (2.0, 2.0, 2.0, 2.0, 1.0, 1.5, 3.0, 4.0)
"Seconds of sound between notes, as drawn."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn's words and sounds on the grid of audio positions (80 ms, fractions too)."""

    question: Question
    measured: Measured
    length: int
    ends: tuple[float, ...] = ()
    "Of each word (and sound); empty: unknown, so there can be no notes."
    pauses: tuple[tuple[float, float], ...] = ()
    said: tuple[str, ...] = ()
    "Words and sounds in the order of the clip; empty: as `registry.heard` has them."
    past: Past = ()
    "Earlier turns, for questions that need them."

    @property
    def words(self) -> tuple[str, ...]:
        """What stands in its heard lines."""
        return self.said or (self.question.words if self.unclear else registry.heard(self.question))

    @property
    def unclear(self) -> bool:
        return self.question.skill == "unclear"


@dataclass(frozen=True, slots=True)
class Border:
    """Where a note stands, in positions from the start of the turn."""

    at: int
    draft: bool = False
    "A dropped draft's: it took the pause for the end."


@dataclass(frozen=True, slots=True)
class Noted:
    """One note."""

    after: int
    text: str
    learned: int
    "How many of its characters the model is to write itself."
    closed: bool
    "Whether it is to end the note there itself."


@dataclass(frozen=True, slots=True)
class Script:
    """All that is thought about one turn."""

    notes: tuple[Noted, ...]
    lines: tuple[str, ...]
    "Of the thought at the end; the first says what else was heard."


def draw_borders(spoken: Spoken, rng: random.Random) -> list[Border]:
    """No notes (a third), notes after blocks of sound, those of dropped drafts, or both.

    Pauses are rarer than blocks, and what follows a dropped draft is harder: most pauses get one.
    """
    if not spoken.ends or rng.random() < 0.34:
        return []
    ways = ((True, True), (False, True), (False, True), (True, False)) if spoken.pauses else ((True, False),)
    blocks, drafts = rng.choice(ways)
    borders = list[Border]()
    if blocks or not spoken.pauses:
        every = rng.choice(BLOCKS) * RATE / POSITION * (1.0 if rng.random() < 0.7 else rng.uniform(0.7, 1.3))
        at = every
        while at <= spoken.length - (0 if rng.random() < 0.1 else 1):
            borders.append(Border(int(at)))
            at += every
    if drafts:
        for start, end in spoken.pauses:
            at = -int(-(start + rng.uniform(0.13, 0.4) * RATE / POSITION) // 1)
            if at <= end and rng.random() < 0.85:
                borders = [border for border in borders if border.at != at] + [Border(at, draft=True)]
    return sorted(borders, key=lambda border: border.at)


def plan(spoken: Spoken, borders: Sequence[Border], rng: random.Random | None = None) -> Script:
    """The notes at `borders` and the rest; with `rng` some notes lose lines, as when time runs out."""
    words, ledger, heard, notes = spoken.words, Ledger(), 0, list[Noted]()
    for border in borders:
        margin = 0.0 if border.draft else MARGIN
        known = max(heard, sum(end + margin <= border.at for end in spoken.ends))
        parsed = parse(words[:known] if spoken.question.skill in _PARSED else ())
        line = _heard(spoken, words[heard:known]) + "\n"
        kept = Ledger(ledger.written)
        wanted = kept.write(parsed.steps() if border.draft else parsed.certain())
        if rng is not None and rng.random() < (0.12 if wanted else 0.03):
            if not wanted:
                continue  # this note was never written
            notes.append(Noted(border.at, line, len(line), closed=False))
        else:
            ledger = kept
            text = line + "".join(step + "\n" for step in wanted)
            learned = len(line) if border.draft else len(text)
            notes.append(Noted(border.at, text, learned, closed=not border.draft))
        heard = known
    return Script(tuple(notes), (_heard(spoken, words[heard:]), *_rest(spoken, ledger)))


_PARSED = (*sums.NAMES, "incomplete")
"Skills with steps that are certain before the end."


def _heard(spoken: Spoken, words: Sequence[str]) -> str:
    """A heard line; "unclear" as often as anything else of it was heard."""
    if spoken.unclear:
        return "heard: unclear" if words else "heard:"
    return " ".join(["heard:", *words])


def _rest(spoken: Spoken, ledger: Ledger) -> list[str]:
    question = spoken.question
    if question.skill in sums.NAMES:
        return ledger.write(parse(spoken.words).steps())
    if question.skill == "incomplete":
        return [*ledger.write(parse(spoken.words).certain()), "incomplete"]
    return registry.lines(question, spoken.measured, spoken.past)
