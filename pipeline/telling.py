"""Tells of a thought token by token, and apart from that what of it was there before.

What an earlier thought had written and this one takes over comes in one piece, so that whoever counts can
tell writing from taking over. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from .events import Draft, Turn
from .records import Thought


class Telling:
    """One thought."""

    def __init__(
        self, observe: Callable[[Thought], None], turn: Turn, draft: Draft, *, predicted: bool
    ) -> None:
        """``predicted``: something of it was, so that its beginning is told even where nothing was right."""
        self._observe, self._turn, self._draft = observe, turn, draft
        self._begins = predicted
        self._text, self._count = "", 0
        self.confirmed = 0
        "Tokens so far that earlier thoughts had written."

    def confirm(self, text: str) -> None:
        """A token that was there before."""
        self._text, self._count, self.confirmed = self._text + text, self._count + 1, self.confirmed + 1

    def write(self, text: str) -> None:
        """A token that was written now; without text: only tell what was taken over so far."""
        if self._begins or self._count:
            if self._begins:
                self._observe(Thought(self._turn, self._draft, self._text, self._count))
            else:
                self._observe(Thought(self._turn, self._draft, self._text, again=self._count))
            self._begins, self._text, self._count = False, "", 0
        if text:
            self._observe(Thought(self._turn, self._draft, text))
