"""Thoughts as if the turn ended here, for brains that confirm: what they wrote predicts the thought to come.

Each thought is about the whole sound so far, and begins with what the one before it wrote, as far as the
brain still agrees token for token. So does the thought of the reply: it is the one that would have been
written without any of this, and all that was written early has changed is how soon it is there (speculative
decoding across time, arXiv 2211.17192).
"""

from __future__ import annotations

from pipeline.ports import Limits
from pipeline.prompt import Human, Note, Prompt, Reply

from .strategy import CLOSED, Request


class Predicted:
    """The newest thought is the only note, and never stands in a prompt."""

    name = "predicted"
    block = 0.64
    joins = False
    keeps_cut = True
    checked = True

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        predicted = self.predicted(notes)
        most = budget + len(predicted.encode())  # what is confirmed costs no step, and a token has a byte
        limits = Limits(most, stop=(CLOSED,), predicted=predicted, early=True)
        return Request(history.then(user, Reply()), limits)

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def predicted(self, notes: tuple[Note, ...]) -> str:
        return notes[-1].text if notes else ""
