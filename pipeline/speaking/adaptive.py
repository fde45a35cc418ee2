"""Speak as soon as the brain has said to itself what it heard; from there its own restraint decides.

A brain that holds its tongue (``BrainFacts.holds``) says from part of a thought only what that part bears
out, which for a long question is the question itself, and then waits: its readiness is its own words.
"""

from __future__ import annotations

from .strategy import Progress


class Adaptive:
    """One finished line of thought, then words."""

    name = "adaptive"
    thinks = True
    beside = True
    question = ""

    def may_begin(self, progress: Progress) -> bool:
        return progress.closed or progress.lines >= 1
