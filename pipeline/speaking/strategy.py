"""The port of speaking strategies: from how much thought may the first words be written.

A strategy is pure and sees counts alone; it knows no engine, no clock and no text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipeline.ports import BrainFacts


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the thought of a draft is."""

    tokens: int
    "Written in this draft; notes from before it not counted."
    lines: int
    "Finished ones among them."
    closed: bool
    "The thought is complete, or its budget is spent."


class SpeakingStrategy(Protocol):
    """When thought makes way for speech."""

    name: str
    thinks: bool
    "False: the reply is written without any thought."
    beside: bool
    "True: thought and reply are two generations side by side; False: one, the thought first."

    question: str
    "What the thinker is asked before each segment, to be answered yes or no; empty: nothing."

    def may_begin(self, progress: Progress) -> bool:
        """May the first segment be written now, unasked? Considered anew when the thought has grown."""
        ...


def strategy_for(wanted: str, brain: BrainFacts) -> SpeakingStrategy:
    """The strategy of this name; ``auto``: what the brain says suits it, else adaptive where it can hold its
    tongue, else think-fully.

    A brain that cannot hold its tongue is asked whether it is ready, where adaptive is wanted all the same.
    One that cannot go on from a beginning of its own reply writes thought and words as one; one that does
    not think writes words alone, whatever is wanted.
    """
    from .adaptive import Adaptive
    from .asking import Asking
    from .no_think import NoThink
    from .speak_first import SpeakFirst
    from .think_first import ThinkFirst
    from .think_fully import ThinkFully

    if wanted == "auto":
        wanted = brain.speaking or ("adaptive" if brain.holds else "think-fully")
    if not brain.thinks:
        wanted = "no-think"
    elif not brain.continues and wanted != "no-think":
        wanted = "think-fully"
    known: dict[str, type[SpeakingStrategy]] = {
        "adaptive": Adaptive if brain.holds else Asking,
        "no-think": NoThink,
        "speak-first": SpeakFirst,
        "think-first": ThinkFirst,
        "think-fully": ThinkFully,
    }
    return known[wanted]()
