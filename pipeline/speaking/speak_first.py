"""Zero wait (Mind-Paced Speaking, section 3): the first segment is written without any thought.

It relies on first words that restate the question; where they already answer it, they are a guess.
"""

from __future__ import annotations

from .strategy import Progress


class SpeakFirst:
    """Words at once, thoughts beside them."""

    name = "speak-first"
    thinks = True
    beside = True
    question = ""

    def may_begin(self, progress: Progress) -> bool:
        return True
