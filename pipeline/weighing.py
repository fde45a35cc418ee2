"""Which line was said: two opinions about the same lines, weighed against each other. Pure.

The brain says which lines it may have heard and how likely each is; the ear, a recogniser that learned from
many people, how likely the same lines are for it. The likeliest of both together is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

import numpy as np

from .ports import Recogniser
from .prompt import Audio, Prompt

WIDTH = 8
"""Lines that the brain is asked for."""
WEIGHT = 1.5
"""Of the ear's log-probabilities beside the brain's."""
FLOOR = -12.0
"""Least log-probability of one word that counts for a line: a brain is too sure of what it never heard."""
CLEARER = 5.0
"""Weight of how clearly a line is better than the others, beside how well the ear bears it out at all."""
SURE = -1.5
"""How sure both must be of a line together; below, the brain asks again. Chosen on questions in voices that
never trained (rms, bdl): there one line of 183 passes and is wrong (docs/training.md, "People")."""
HOPELESS = 20.0
"""Nats behind the likeliest line for the brain alone from which on no ear can bring a line to the front."""


@dataclass(frozen=True, slots=True)
class HeardLine:
    """One line that may have been said."""

    words: str
    logprobs: tuple[float, ...]
    "Of each word, and of the line's end."


class Readers(Protocol):
    """What an engine can do besides that a second ear helps. Synchronous, like ``ports.Engine``."""

    def readings(self, prompt: Prompt, width: int, session: str = "") -> list[HeardLine]:
        """The likeliest heard lines of the newest turn, likeliest first; none where it finds no end."""
        ...

    def compared(self, prompt: Prompt, transcript: str, session: str = "") -> list[HeardLine]:
        """What a transcript can be in the brain's words; none where it cannot say them."""
        ...


class Weigher(Protocol):
    """What a Recogniser must be able to do besides."""

    def weigh(self, audio: Audio, lines: Sequence[str]) -> list[float | None]:
        """Log-probability of each line given the sound; None where it holds nothing to weigh."""
        ...


class WeighingRecogniser(Recogniser, Weigher, Protocol):
    """Both."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What both ears together make of a turn."""

    line: HeardLine
    own: str
    "The likeliest line for the brain alone."
    certainty: float
    "Higher is surer; below ``SURE`` it is better to ask again."

    def taken(self) -> str:
        """Which words are not the brain's own, and which of its own were left out; empty where none."""
        own, words = self.own.split(), self.line.words.split()
        told = list[str]()
        for kind, begin, end, first, last in SequenceMatcher(None, own, words, autojunk=False).get_opcodes():
            if kind in ("replace", "insert"):
                told.append(" ".join(words[first:last]))
            elif kind == "delete":
                told.append(f"without {' '.join(own[begin:end])}")
        return ", ".join(told)


def merged(lines: Iterable[HeardLine], others: Iterable[HeardLine]) -> list[HeardLine]:
    """All of them, each once; the first ones first."""
    found = {line.words: line for line in lines}
    for other in others:
        found.setdefault(other.words, other)
    return list(found.values())


def agreed(own: Sequence[HeardLine], others: Sequence[HeardLine]) -> Opinion | None:
    """Where the ear wrote down the very line that is the likeliest for the brain, there is nothing to weigh.

    Of 600 phrases of people that was so in half, and 99 % of these were right.
    """
    if own and any(other.words == own[0].words for other in others):
        return Opinion(own[0], own[0].words, 0.0)
    return None


def hopeful(lines: Sequence[HeardLine]) -> list[HeardLine]:
    """Those that can still win, the brain's own first."""
    scores = [_own(line) for line in lines]
    return [line for line, score in zip(lines, scores, strict=True) if score > max(scores) - HOPELESS]


def _own(line: HeardLine) -> float:
    return sum(max(each, FLOOR) for each in line.logprobs)


def weighed(lines: Sequence[HeardLine], weights: Sequence[float | None]) -> Opinion:
    """The best of the lines, at least one, of which the first is the brain's own; ``weights``: the ear's.

    A line of sounds alone, which the ear cannot weigh, weighs as little as the worst of the others.
    """
    own = np.array([_own(line) for line in lines])
    least = min((weight for weight in weights if weight is not None), default=0.0)
    ear = np.array([least if weight is None else weight for weight in weights])
    both = own + WEIGHT * ear
    best = int(both.argmax())
    clear = float(both[best] - np.logaddexp.reduce(both))
    borne_out = float(ear[best]) / len(lines[best].logprobs)
    return Opinion(lines[best], lines[0].words, CLEARER * clear + borne_out)
