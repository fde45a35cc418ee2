"""Writing after a line's last position, with what was predicted of the text read instead of written.

A prediction is tried at the start of the text and again at the start of each line: what an earlier thought
worked out on lines of its own still stands when the line before them has changed. Each try is one reading in
place of a step per token (speculative decoding, arXiv 2211.17192, with an earlier text in place of a draft
model; trying again after a difference as in prompt lookup). It knows no stop, no text decoding and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from .graphs import Floats
from .line import Line
from .sampling import Chooser
from .tokenizer import Tokenizer

Written: TypeAlias = tuple[int, float, bool]
"""A token, its log-probability, and whether it was confirmed rather than written."""


class Writing:
    """One generation."""

    def __init__(
        self,
        line: Line,
        logits: Floats,
        embed: Callable[[Sequence[int]], Floats],
        tokenizer: Tokenizer,
        predicted: str,
        room: int,
        chunk: int,
        chooser: Chooser,
    ) -> None:
        """``logits``: after the line's last position. ``room``: most tokens that may follow. ``chunk``: most
        positions in one reading. ``chooser``: of every token."""
        self._line, self._logits, self._embed, self._tokenizer = line, logits, embed, tokenizer
        self._lines = [f"{line}\n" for line in predicted.split("\n")]
        self._lines[-1] = self._lines[-1].removesuffix("\n")
        self._room, self._chunk, self._chooser = room, chunk, chooser
        self.read = 0
        "Positions of predictions that were read so far, right or wrong."

    def tokens(self) -> Iterator[Written]:
        """Up to ``room`` of them; each is read when the next one is asked for. Raises ModelError."""
        count, number, starts = 0, 0, True
        while count < self._room:
            if starts:
                for token, logprob in self._confirm(number, self._room - count - 1):
                    count, number = count + 1, number + self._breaks(token)
                    yield token, logprob, True
            token, logprob = self._chooser.choose(self._logits)
            self._chooser.take(token)
            count, starts = count + 1, self._tokenizer.raw(token).endswith(b"\n")
            number += self._breaks(token)
            yield token, logprob, False
            if count < self._room:
                self._logits = self._line.read(self._embed([token]), [token])

    def _breaks(self, token: int) -> int:
        return self._tokenizer.raw(token).count(b"\n")

    def _confirm(self, number: int, room: int) -> list[tuple[int, float]]:
        """Of the prediction from this line on, the tokens that writing would have given too."""
        known: list[tuple[int, float]] = []
        tried = self._tokenizer.encode("".join(self._lines[number:]))[: max(0, min(room, self._chunk))]
        if not tried or self._chooser.choose(self._logits)[0] != tried[0]:
            return known
        after = self._logits

        def agree(read: Floats) -> int:
            nonlocal after
            for token, following in zip(tried, read, strict=True):
                chosen, logprob = self._chooser.choose(after)
                if chosen != token:
                    break
                self._chooser.take(token)
                known.append((token, logprob))
                after = following
            return len(known)

        self._line.confirm(self._embed(tried), tried, agree)
        self.read += len(tried)
        self._logits = after
        return known
