"""No thought: ``<think>`` stays empty. Notes of listening, where there are any, still stand before it."""

from __future__ import annotations

from .strategy import Progress


class NoThink:
    """Words from the first token on."""

    name = "no-think"
    thinks = False
    beside = False
    question = ""

    def may_begin(self, progress: Progress) -> bool:
        return True
