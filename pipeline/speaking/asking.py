"""Ask the thinker whether it is ready, for brains that would rather talk on than hold their tongue.

Every so many tokens a scratch copy of the thought is asked a yes-or-no question (AsyncReasoning, arXiv
2512.10931, appendix of prompts); its answer is thrown away. It takes one token and no training.
"""

from __future__ import annotations

from .strategy import Progress


class Asking:
    """A segment per yes."""

    name = "adaptive"
    thinks = True
    beside = True
    question = (
        "\n\nWait: do my thoughts so far bear out one more sentence of the reply, so that I need not take it"
        " back? (yes/no): "
    )

    def may_begin(self, progress: Progress) -> bool:
        return progress.closed
