"""What a draft's thought says of the turn: told to the policy once, and asked again where it is too little.

It reads what the brain says it heard. It never decides whether a turn is over, and writes no answer.
"""

from __future__ import annotations

from .draft import Job
from .events import EndOfTurnScored, Overlap, OverlapScored
from .ports import Emit
from .reading import Read


class Understanding:
    """One session's: it counts how often in a row it had to ask again."""

    def __init__(
        self, emit: Emit, threshold: float | None, *, ask_again: str, show_heard: str, heard_nothing: str
    ) -> None:
        """``threshold``: mean log-probability of the heard lines below which the brain is unsure."""
        self._emit = emit
        self._threshold = threshold
        self._ask_again, self._show_heard, self._heard_nothing = ask_again, show_heard, heard_nothing
        self._doubts = 0

    def instead(self, job: Job) -> str | None:
        """What to say in place of an answer; None where what was heard is good enough.

        Called when the first line of the thought is whole, and again when all of it is.
        """
        read = job.reader.read()
        if job.thought_over:
            self._score(job, read)
        if job.judged:
            return None
        job.judged = True
        if read.doubtful(self._threshold):
            job.doubt = True
            self._overlap(job, Overlap.NOISE)
            return self._asking(read)
        if job.answers:
            self._overlap(job, Overlap.BARGE_IN)
        return None

    def answers(self, job: Job) -> None:
        """The first word of an answer was written: only what deserves one is a barge-in."""
        if not job.answers:
            job.answers = True
            if job.judged and not job.doubt:
                self._overlap(job, Overlap.BARGE_IN)

    def remember(self, job: Job) -> None:
        """This draft was the reply."""
        self._doubts = self._doubts + 1 if job.doubt else 0

    def _score(self, job: Job, read: Read) -> None:
        """Tell the policy, once, what the words say: is the turn over."""
        if job.scored:
            return
        job.scored = True
        if read.heard is not None and len(job.order.listened) and read.end_of_turn is not None:
            self._emit(EndOfTurnScored(job.order.listened.end, read.end_of_turn))

    def _overlap(self, job: Job, kind: Overlap) -> None:
        """Tell the policy whether it was words at all."""
        read = job.reader.read()
        if read.heard is not None and len(job.order.listened):
            self._emit(OverlapScored(job.order.listened.end, kind, f"heard as {read.heard!r}"))

    def _asking(self, read: Read) -> str:
        if self._doubts == 0:
            return self._ask_again
        if read.unclear or not read.heard:
            return self._heard_nothing
        return self._show_heard.format(heard=read.heard)
