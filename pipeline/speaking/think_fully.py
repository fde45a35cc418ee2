"""The whole thought, then the reply: one generation, the best answer and the longest wait."""

from __future__ import annotations

from .strategy import Progress


class ThinkFully:
    """No words before the thought is closed."""

    name = "think-fully"
    thinks = True
    beside = False
    question = ""

    def may_begin(self, progress: Progress) -> bool:
        return progress.closed
