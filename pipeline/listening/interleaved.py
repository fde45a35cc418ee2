"""Thoughts between blocks of sound, for brains trained on them (SHANKS, arXiv 2510.06917, section 3).

The prompt only ever grows: sound, thought, sound, thought, reply. So nothing that was read is read again.
"""

from __future__ import annotations

from pipeline.ports import Limits
from pipeline.prompt import Human, Note, OpenNote, Prompt

from .strategy import CLOSED, Request


class Interleaved:
    """Each note stands in the sound where it was thought."""

    name = "interleaved"
    block = 2.0
    joins = True
    keeps_cut = False
    checked = False

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        prompt = history.then(self.carry(user, notes), OpenNote())
        return Request(prompt, Limits(budget, stop=(CLOSED,)))

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return Human(user.parts, notes)

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return self.carry(user, notes)

    def predicted(self, notes: tuple[Note, ...]) -> str:
        return ""
