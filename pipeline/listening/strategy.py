"""The port of listening strategies: what to ask of a brain at the close of a block of sound.

A strategy is pure. It sees prompts and text, and never an engine, a clock or a turn: each thought is a
request with a prompt, a stop and an abort, which any engine can serve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipeline.ports import BrainFacts, Limits
from pipeline.prompt import Human, Note, Prompt

CLOSED = "</think>"
"""What ends a thought, as a request's stop: the reply would come after it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation."""

    prompt: Prompt
    limits: Limits


class ListeningStrategy(Protocol):
    """How thoughts of listening are asked for, and how the final prompt carries them."""

    name: str
    block: float
    "Seconds of sound after which a thought begins, unless the configuration says otherwise."
    joins: bool
    "A thought goes on where the note before it ended: what was heard is told in pieces."
    keeps_cut: bool
    "A thought that was stopped is worth its finished lines; else it counts only when it is whole."
    checked: bool
    "What is kept is checked against all that was heard before any of it counts, so nothing can mislead."

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        """What to ask now that this much of the user's turn was heard; None: think nothing."""
        ...

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        """The user's turn with the notes, as every later draft of the turn holds it."""
        ...

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        """What of it can be read while the user still speaks, so that a draft need not read it again."""
        ...

    def predicted(self, notes: tuple[Note, ...]) -> str:
        """How a thought about more sound is believed to begin; empty: no such belief."""
        ...


def strategy_for(wanted: str, brain: BrainFacts) -> ListeningStrategy:
    """The strategy of this name; ``auto``: the best that the brain can do. A thought that was checked costs
    no answer (docs/thinking-figures.md), so a brain that confirms is asked for these before any other; one
    that does not gets the next best, also where it is asked for these by name: it would write everything
    again at each block."""
    from .interleaved import Interleaved
    from .notes import Notes
    from .off import Off
    from .predicted import Predicted

    if wanted == "auto" or (wanted == "predicted" and not brain.confirms):
        able = "predicted" if brain.confirms and brain.thinks_while_listening != "no" else ""
        wanted = able or {"yes": "interleaved", "notes": "notes"}.get(brain.thinks_while_listening, "off")
    known: dict[str, type[ListeningStrategy]] = {
        "interleaved": Interleaved, "notes": Notes, "off": Off, "predicted": Predicted,
    }  # fmt: skip
    return known[wanted]()
