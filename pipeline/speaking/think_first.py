"""A short head start for the thought (Mind-Paced Speaking, section 3): T_c tokens, 80 in the paper."""

from __future__ import annotations

from .strategy import Progress


class ThinkFirst:
    """The first words wait for so much thought, or for its end."""

    name = "think-first"
    thinks = True
    beside = True
    question = ""

    def __init__(self, head_start: int = 80) -> None:
        """``head_start``: T_c, in tokens."""
        self.head_start = head_start

    def may_begin(self, progress: Progress) -> bool:
        return progress.closed or progress.tokens >= self.head_start
