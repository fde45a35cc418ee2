"""Thoughts as a side question, for brains that were not trained to think on part of a turn.

The brain is asked about the sound so far; what it answers in its thought goes, as text after the sound, into
the prompt of the reply. What to think about follows Chronological Thinking (arXiv 2510.05150): entities,
intent, needed action, knowledge; and the tone, because these brains hear it.
"""

from __future__ import annotations

from pipeline.ports import Limits
from pipeline.prompt import Human, Note, Prompt, Reply, Text

from .strategy import CLOSED, Request

ASKED = (
    "\n(The speaker has not finished yet; this is what was said so far. Note briefly, in a few short lines:"
    " who and what it is about, what they seem to want, what you will have to look up or work out, and how"
    " they sound.)"
)
CARRIED = "\n(My notes from while you were speaking:\n{notes})"


class Notes:
    """One request per block; each sees the notes before it."""

    name = "notes"
    block = 2.0
    joins = False
    keeps_cut = True
    checked = False

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        asked = Human((*self.carry(user, notes).parts, Text(ASKED)))
        return Request(history.then(asked, Reply()), Limits(budget, stop=(CLOSED,)))

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        text = "".join(note.text for note in notes).strip()
        return Human((*user.parts, Text(CARRIED.format(notes=text)))) if text else user

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def predicted(self, notes: tuple[Note, ...]) -> str:
        return ""
