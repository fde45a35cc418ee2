"""Continuous batching under a pull interface: who asks for a token and has none makes one step for all.

Every generation that is under way is a row. A step reads the newest token of each row whose reader is less
than AHEAD tokens behind, in one run of the network, so that many readers cost little more than one. What was
predicted of a row's text is read at the start of each line instead of written (speculative decoding, arXiv
2211.17192, with an earlier text in place of a draft model). Which rows run beside a row changes only how soon
its tokens come; it knows no stop text and no clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from pipeline.errors import ModelError

from .paged import Line, NoRoom
from .running import BROKEN, Choice, Runner
from .tokens import StepTokenizer

AHEAD = 2
"""Tokens that a row may be ahead of its reader."""

Written: TypeAlias = tuple[int, float, bool]
"""A token, its log-probability, and whether it was confirmed rather than written."""


class Row:
    """One generation under way. Either its newest token waits to be read, or the choice after it is known."""

    def __init__(
        self,
        line: Line,
        choice: Choice,
        room: int,
        tokenizer: StepTokenizer,
        predicted: str,
        ends: frozenset[int],
    ) -> None:
        self.line, self.left, self.ends = line, room, ends
        self.choice: Choice | None = choice
        self.pending: int | None = None
        self.ready: deque[Written] = deque()
        self.read = 0
        "Positions of predictions that were read, right or wrong."
        self.failed: ModelError | None = None
        self._tokenizer = tokenizer
        *lines, last = predicted.split("\n")
        self._lines = [*(f"{line}\n" for line in lines), *([last] if last else [])]
        self._number, self._starts = 0, True

    @property
    def tries(self) -> bool:
        """A line starts here of which something is predicted."""
        return self._starts and self._number < len(self._lines)

    @property
    def waits(self) -> bool:
        """It has use for a step."""
        going = self.pending is not None and self.left > 0 and self.failed is None
        return going and len(self.ready) < AHEAD

    def emit(self) -> None:
        """The choice becomes the next token."""
        assert self.choice is not None, "there is a choice to emit"
        (token, logprob), self.choice = self.choice, None
        self.ready.append((token, logprob, False))
        self.pending, self.left = token, 0 if token in self.ends else self.left - 1
        self._passed(token)

    def confirm(self, runner: Runner) -> None:
        """Take over of the prediction, from this line on, what would have been written too."""
        assert self.choice is not None, "a prediction is compared with a choice"
        tried = self._tokenizer.encode("".join(self._lines[self._number :]))
        tried = tried[: max(0, min(self.left - 1, runner.chunk))]
        if not tried or tried[0] != self.choice[0]:
            return
        try:
            after = runner.verify(self.line, tried)
        except NoRoom:
            return  # it cannot be tried; writing needs less, and says so where even that is not there
        self.read += len(tried)
        agreed = 0
        for token, following in zip(tried, after, strict=False):
            if token != self.choice[0] or token in self.ends:
                break
            self.ready.append((*self.choice, True))
            self.choice, agreed = following, agreed + 1
            self._passed(token)
        self.line.wrote(tried[:agreed])
        self.left -= agreed

    def _passed(self, token: int) -> None:
        raw = self._tokenizer.raw(token)
        self._number, self._starts = self._number + raw.count(b"\n"), raw.endswith(b"\n")


class Batch:
    """The rows under way over one runner."""

    def __init__(self, runner: Runner, tokenizer: StepTokenizer) -> None:
        self._runner, self._tokenizer = runner, tokenizer
        self._rows: dict[Row, None] = {}  # in the order of joining, so that equal programs run alike
        self.steps = 0
        "Runs that wrote."

    def __len__(self) -> int:
        return len(self._rows)

    def join(
        self, line: Line, choice: Choice, room: int, predicted: str = "", ends: frozenset[int] = frozenset()
    ) -> Row:
        """A row that goes on after ``line``, whose next token will be ``choice``: at most ``room`` tokens,
        none after one of ``ends``."""
        row = Row(line, choice, room, self._tokenizer, predicted, ends)
        self._rows[row] = None
        return row

    def leave(self, row: Row) -> None:
        """The row is over; its line stays its owner's."""
        self._rows.pop(row, None)

    def tokens(self, row: Row) -> Iterator[Written]:
        """What the row writes, token by token. Raises ModelError for values that are not numbers and for
        want of room; other rows do not notice."""
        while row.left or row.ready:
            while not row.ready:
                if row.failed:
                    raise row.failed
                if row.choice is None:
                    self._step(row)
                else:
                    if row.tries:
                        row.confirm(self._runner)
                    row.emit()
            yield row.ready.popleft()

    def _step(self, asked: Row) -> None:
        """One run for every row that has use for it; a row at a line that is predicted waits there."""
        rows = []
        for row in self._rows:
            if row.waits and self._room(row, asked):
                rows.append(row)
        tokens = [row.pending for row in rows if row.pending is not None]
        self.steps += 1
        for row, token, choice in zip(
            rows, tokens, self._runner.step([row.line for row in rows], tokens), strict=True
        ):
            if not math.isfinite(choice[1]):
                self._runner.scrub(row.line)
                row.failed = ModelError(BROKEN)
                continue
            row.line.wrote([token])
            row.pending, row.choice = None, choice
            if not row.tries:
                row.emit()

    def _room(self, row: Row, asked: Row) -> bool:
        try:
            row.line.reserve(1)
        except NoRoom:
            if row is asked:
                raise
            return False  # it will hear of it when it asks
        return True
