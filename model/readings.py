"""What a brain may have heard: the likeliest heard lines after one prompt, and how likely any other is.

A beam search over one line of text (Graves 2012, arXiv 1211.3711, section 2.5), each beam with the keys and
values of its own; and, for lines that somebody else thought of, one reading of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pipeline.weighing import HeardLine

from .graphs import Floats
from .sampling import log_softmax
from .tokenizer import FIRST_PIECE, Tokenizer

Read: TypeAlias = Callable[[Sequence[int], Floats], tuple[Floats, Floats]]
"""Tokens after a past -> logits (t, vocabulary) after each, and the past with them."""

SLACK = 9.0
"""A beam that is less likely than the best line by so much, in nats, is given up."""
LONGEST = 48
"""Words of a line."""


@dataclass(frozen=True, slots=True)
class _Beam:
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    logits: Floats
    "After its last token."
    past: Floats

    @property
    def score(self) -> float:
        return sum(self.logprobs)


class Readings:
    """Of one prompt whose reply has been begun with ``heard:``."""

    def __init__(self, read: Read, tokenizer: Tokenizer, logits: Floats, past: Floats) -> None:
        """``logits``, ``past``: after ``heard:``."""
        self._read, self._tokenizer = read, tokenizer
        self._root = _Beam((), (), logits, past)
        self._newline = tokenizer.piece("\n")

    def best(self, width: int) -> list[HeardLine]:
        """Up to ``width`` lines of the closed language, likeliest first."""
        beams, done = [self._root], list[_Beam]()
        while beams and len(beams[0].tokens) < LONGEST:
            grown = list[tuple[float, _Beam, int, float]]()
            for beam in beams:
                likely = log_softmax(beam.logits)
                for token in np.argpartition(-likely, width)[: width + 1].tolist():
                    logprob = float(likely[token])
                    if token == self._newline:
                        done.append(_grown(beam, token, logprob))
                    elif token >= FIRST_PIECE:
                        grown.append((beam.score + logprob, beam, token, logprob))
            done = sorted(done, key=lambda beam: -beam.score)[:width]
            grown.sort(key=lambda each: -each[0])
            floor = (done[0].score if done else -np.inf) - SLACK
            if len(done) == width:
                floor = max(floor, done[-1].score)
            kept = [each for each in grown[:width] if each[0] > max(floor, grown[0][0] - SLACK)]
            beams = [self._after(_grown(beam, token, logprob)) for _, beam, token, logprob in kept]
        return [self._line(beam) for beam in done]

    def of(self, words: str) -> HeardLine:
        """These words as the heard line."""
        tokens = (*self._tokenizer.encode(f" {words}"), self._newline)
        after, _ = self._read(tokens[:-1], self._root.past)
        likely = log_softmax(np.concatenate([self._root.logits[None], after]))
        return HeardLine(words, tuple(float(row[token]) for row, token in zip(likely, tokens, strict=True)))

    def _after(self, beam: _Beam) -> _Beam:
        logits, past = self._read(beam.tokens[-1:], beam.past)
        return _Beam(beam.tokens, beam.logprobs, logits[-1], past)

    def _line(self, beam: _Beam) -> HeardLine:
        return HeardLine(self._tokenizer.decode(beam.tokens).strip(), beam.logprobs)


def known(tokenizer: Tokenizer) -> frozenset[str]:
    """The words that a heard line can hold."""
    return frozenset(piece[1:] for piece in tokenizer.pieces if piece.startswith(" ") and piece[1:].strip())


def _grown(beam: _Beam, token: int, logprob: float) -> _Beam:
    return _Beam((*beam.tokens, token), (*beam.logprobs, logprob), beam.logits, beam.past)
