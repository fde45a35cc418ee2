"""What a brain says it heard: read from the first lines of its thoughts. Pure; decides nothing.

A brain of Step-Audio's kind opens its thought with ``heard: …`` and may add that the sentence was cut short.
The mean log-probability of that line is the best single sign that it misheard (area under the curve .91 to
.96 on voices it was not trained on). A brain that thinks while it listens says it in pieces, one per thought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEARD = "heard:"
UNCLEAR = "unclear"
INCOMPLETE = "incomplete"
UNDECIDED = "undecided"
"""Where words were heard by another ear than the brain's own, and do not tell whether more will come."""

_JOINERS = "\u200c\u200d"
"""Inside words of some scripts; not printable by themselves."""
_BORDER = 2
"""Tokens at the end of a note's heard line that depend on where the sound was cut: a word, the line's end."""

COMPLETE_SCORE = 0.95
"""End-of-turn probability reported when the sentence reads complete."""
INCOMPLETE_SCORE = 0.05
"""End-of-turn probability reported when the brain says that the sentence is cut."""


@dataclass(frozen=True, slots=True)
class Read:
    """A finished reading of a turn's thoughts."""

    heard: str | None
    "The words the brain says it heard, or None where it says nothing of the kind."
    confidence: float | None
    "Mean log-probability of the tokens of the heard lines; None where there is none."
    incomplete: bool
    undecided: bool = False

    @property
    def unclear(self) -> bool:
        return self.heard is not None and self.heard.startswith(UNCLEAR)

    @property
    def end_of_turn(self) -> float | None:
        """Probability that the turn is over, as far as the words tell; None if they tell nothing."""
        if self.heard is None or self.unclear or self.undecided:
            return None
        return INCOMPLETE_SCORE if self.incomplete else COMPLETE_SCORE

    def doubtful(self, threshold: float | None) -> bool:
        """True when it is better to ask again than to answer."""
        if self.unclear:
            return True
        return threshold is not None and self.confidence is not None and self.confidence < threshold


@dataclass(frozen=True, slots=True)
class Reading:
    """One thought as text, with the log-probabilities of its first line's tokens."""

    text: str
    logprobs: tuple[float, ...] = ()

    @property
    def heard(self) -> str | None:
        """The words of the heard line; None where the thought does not begin with one."""
        first = self.text.partition("\n")[0]
        return first[len(HEARD) :].strip() if first.startswith(HEARD) else None

    @property
    def first_line(self) -> bool:
        """True once the first line is whole."""
        return "\n" in self.text

    def upto(self, text: str) -> Reading:
        """The same as a note, of which only the beginning was kept.

        A note ends where a block of sound does, so its last word may be cut: whether it is told now or in the
        next note is a toss-up, and how sure the brain was of that says nothing about how well it heard.
        """
        return Reading(text, self.logprobs[:-_BORDER])


class Reader:
    """Collects a thought token by token, after the thoughts of the same turn that came before it."""

    def __init__(self, before: Iterable[Reading] = ()) -> None:
        self._before = tuple(before)
        self._thought = ""
        self._logprobs: list[float] = []

    def feed(self, thought: str, logprob: float) -> None:
        """Text of the thought that became certain with one token, and that token's log-probability."""
        if "\n" not in self._thought:
            self._logprobs.append(logprob)
        self._thought = (self._thought + thought).lstrip("\n")

    @property
    def text(self) -> str:
        return self._thought

    @property
    def reading(self) -> Reading:
        """This thought alone, as far as it goes."""
        return Reading(self._thought, tuple(self._logprobs))

    def read(self) -> Read:
        """The reading so far; final once the thought is closed."""
        own = self.reading
        if own.heard is None:
            return Read(heard=None, confidence=None, incomplete=False)
        told = [reading for reading in (*self._before, own) if reading.heard is not None]
        words = " ".join(reading.heard for reading in told if reading.heard)
        if any(reading.heard == UNCLEAR for reading in told):
            words = UNCLEAR
        logprobs = [each for reading in told for each in reading.logprobs]
        mean = sum(logprobs) / len(logprobs) if logprobs else None
        lines = own.text.split("\n")
        return Read(words, mean, INCOMPLETE in lines, UNDECIDED in lines)


def plain(words: str) -> str:
    """A recogniser's words as one line without markup: nothing in them ends a thought or moves a cursor."""
    kept = (c if (c.isprintable() and c not in "<>") or c in _JOINERS else " " for c in words)
    return " ".join("".join(kept).split())


def unconcluded(thought: str) -> str:
    """A whole thought of a draft that was dropped, without its last line, if that may be too early.

    A thought that took the turn for over ends with what follows from that: *47+30* when *eight* was still to
    come. One that found the sentence cut concluded nothing.
    """
    lines = [line for line in thought.split("\n") if line]
    if len(lines) < 2 or INCOMPLETE in lines:
        return thought
    return "".join(line + "\n" for line in lines[:-1])


def kept_lines(thought: str, *, whole: bool) -> str:
    """What of a thought is worth a note: its finished lines, without the word that the sentence was cut.

    ``whole``: the thought was written to its end, so that its last line is finished too.
    """
    lines = thought.split("\n")
    if not whole:
        lines = lines[:-1]
    kept = [line for line in lines if line and line not in (INCOMPLETE, UNDECIDED, f"{HEARD} {UNCLEAR}")]
    return "".join(line + "\n" for line in kept)
