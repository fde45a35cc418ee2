"""The heard line, written by the language model and the ear together.

Joint decoding of hybrid CTC/attention recognisers (Watanabe et al., "Hybrid CTC/Attention Architecture for
End-to-End Speech Recognition", IEEE JSTSP 11(8), 2017): a language model that writes what it heard follows
its grammar, too, and errs otherwise than what the ear alone tells of the words, in order (CTC: its positions
beside the embeddings of the tokens, as it was trained). Both choose each word. What that is worth:
docs/decisions/0025-the-ear-has-a-say-in-the-heard-line.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CheckpointError
from pipeline.reading import HEARD, UNCLEAR

from .card import Joint
from .checkpoint import Bundle
from .graphs import Floats
from .sampling import greedy, log_softmax
from .tokenizer import FIRST_PIECE, PAD, Tokenizer

TABLE = "model.embed_tokens.weight"
NEWLINE = "\n"
RIVALS = 6
"""Likeliest next words among which the ear has a say."""
SLACK = 9.0
"""Words that the language model finds less likely than its best by so much, in nats, are none of them."""
FLOOR = -30.0
"""Least that the ear gives a word, or the line's end, in nats before its weight."""
Logs = NDArray[np.float64]


class WordReader:
    """What the ear alone tells of the words, for the heard lines of one brain."""

    def __init__(self, table: Floats, joint: Joint, tokenizer: Tokenizer) -> None:
        """``table`` (vocabulary, width): embeddings of the tokens; KeyError where no newline is one."""
        self._table = joint.scale * _unit(table).T
        self._weight, self._tokenizer = joint.weight, tokenizer
        self._begins = tuple(tokenizer.encode(HEARD))
        self._newline = tokenizer.piece(NEWLINE)
        self._nothing = frozenset(tokenizer.encode(f" {UNCLEAR}"))

    def writer(self, audio: Floats, notes: Iterable[str] = ()) -> HeardWriter:
        """Chooses the tokens of a thought that begins with a heard line; see ``start``."""
        return HeardWriter(self, self._begins, self.start(audio, notes))

    def start(self, audio: Floats, notes: Iterable[str] = ()) -> Prefix | None:
        """Before the first word of a heard line about this sound: audio positions (n, width). ``notes``: what
        was noted of it before; the words of their heard lines are behind. None where the ear has nothing to
        tell."""
        if not len(audio):
            return None
        prefix: Prefix | None = Prefix.empty(self.log_probabilities(audio))
        for first in (note.split(NEWLINE)[0] for note in notes):
            words = first.removeprefix(HEARD) if first.startswith(HEARD) else ""
            for token in self._tokenizer.encode(words):
                prefix = None if prefix is None else self.after(prefix, token)
        return prefix

    def log_probabilities(self, audio: Floats) -> Logs:
        """Audio positions (n, width) -> (n, vocabulary): of every token, and of <|endoftext|> for none."""
        return log_softmax(_unit(audio) @ self._table)

    def word(self, token: int) -> bool:
        """Whether it can be one of a heard line; that nothing could be made out is no word."""
        return token >= FIRST_PIECE and token not in self._nothing and token != self._newline

    def scores(self, prefix: Prefix, likely: Logs, tokens: Sequence[int]) -> Logs:
        """(tokens,): what the ear adds to the log-probability of each to come next; the newline: that none
        does. ``likely`` (vocabulary,): of the language model; where no word is its best, nothing is added."""
        best = int(likely.argmax())
        if not (self.word(best) or best == self._newline):
            return np.zeros(len(tokens))
        found = prefix.grown(tokens)
        for i, token in enumerate(tokens):
            if not self.word(token):
                found[i] = prefix.ended() if token == self._newline else -np.inf
        return self._weight * np.maximum(found - prefix.score, FLOOR)

    def after(self, prefix: Prefix, token: int) -> Prefix | None:
        """With one more word; None behind the end of the line, and where so many words cannot be in it."""
        more = prefix.taken(token) if self.word(token) else None
        return more if more is not None and np.isfinite(more.score) else None


def reader_of(bundle: Bundle) -> WordReader | None:
    """Of a bundle's weights; None where its card says nothing of it. Raises CheckpointError."""
    joint = bundle.card.joint
    if joint is None:
        return None
    if NEWLINE not in bundle.tokenizer.pieces:
        raise CheckpointError(
            "this model's tokenizer has no newline, which ends the lines that its card's \"joint\" is about; "
            'take "joint" out of its config.json'
        )
    return WordReader(bundle.weights[TABLE], joint, bundle.tokenizer)


def _unit(x: Floats) -> Floats:
    """Rows of length 1."""
    found: Floats = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """Some words, and how likely it is that the sound begins with them: the CTC label sequence score of
    Watanabe et al. 2017, over all positions at once. A value."""

    logs: Logs
    "(n, vocabulary) of the sound."
    spoken: Logs
    "(n,): of being through with exactly these words after each position, the last of them still sounding."
    silent: Logs
    "(n,): the same behind a blank."
    last: int | None
    score: float
    "That the words of the sound begin with these."

    @classmethod
    def empty(cls, logs: Logs) -> Prefix:
        """Of no words."""
        return cls(logs, np.full(len(logs), -np.inf), np.cumsum(logs[:, PAD]), None, 0.0)

    def _enters(self, tokens: Sequence[int]) -> Logs:
        """(n, tokens): of being through with these words before each position, so that another may begin. The
        same word again needs a blank between."""
        either = np.logaddexp(self.spoken, self.silent)
        first = 0.0 if self.last is None else -np.inf
        before = np.concatenate([[first], either[:-1]])
        again = np.concatenate([[first], self.silent[:-1]])
        return np.stack([again if token == self.last else before for token in tokens], 1)

    def grown(self, tokens: Sequence[int]) -> Logs:
        """(tokens,): scores with each of these words behind."""
        found: Logs = np.logaddexp.reduce(self._enters(tokens) + self.logs[:, list(tokens)], axis=0)
        return found

    def ended(self) -> float:
        """That these are all words of the sound."""
        return float(np.logaddexp(self.spoken[-1], self.silent[-1]))

    def taken(self, token: int) -> Prefix:
        """With one more word."""
        enters, own = self._enters([token])[:, 0], self.logs[:, token]
        through = np.cumsum(own)
        spoken = through + np.logaddexp.accumulate(enters - through + own)
        rest = np.cumsum(self.logs[:, PAD])
        silent = np.full(len(spoken), -np.inf)
        silent[1:] = rest[1:] + np.logaddexp.accumulate(spoken[:-1] - rest[:-1])
        score = float(np.logaddexp.reduce(enters + own))
        return Prefix(self.logs, spoken, silent, token, score)


class HeardWriter:
    """A ``Chooser``: by both as long as the heard line lasts, then greedily."""

    def __init__(self, reader: WordReader, begins: tuple[int, ...], prefix: Prefix | None) -> None:
        """``begins``: tokens before the first word. ``prefix``: of the words that are behind; None: all is
        chosen greedily."""
        self._reader, self._waits, self._prefix = reader, begins, prefix

    def choose(self, logits: Floats) -> tuple[int, float]:
        """The next token and the language model's log-probability of it; logits (vocabulary,)."""
        if self._prefix is None or self._waits:
            return greedy(logits)
        likely = log_softmax(logits)
        rivals = np.argpartition(-likely, RIVALS)[:RIVALS]
        rivals = rivals[likely[rivals] > likely.max() - SLACK]
        if len(rivals) < 2:  # nothing to decide; or no numbers, which whoever reads them tells
            return greedy(logits)
        both = likely[rivals] + self._reader.scores(self._prefix, likely, rivals.tolist())
        token = int(rivals[both.argmax()])
        return token, float(likely[token])

    def take(self, token: int) -> None:
        """This token was written."""
        if self._prefix is None:
            return
        if not self._waits:
            self._prefix = self._reader.after(self._prefix, token)
        elif token == self._waits[0]:
            self._waits = self._waits[1:]
        else:
            self._prefix = None
