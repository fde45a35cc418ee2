"""Who says when the user's turns begin and end: a detector, or the client (push to talk).

It passes facts on or holds them back, so that what reaches the policy alternates whoever says it, also when
that changes in the middle of speech. It decides nothing about turns.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import UserError
from pipeline.events import (
    EndOfTurnScored,
    Fact,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    OverlapScored,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
)
from pipeline.ports import Emit

DETECTOR, CLIENT = "detector", "client"
WAYS = (DETECTOR, CLIENT)


class Openings:
    """One session's."""

    def __init__(self, emit: Emit, end: Callable[[], Sample]) -> None:
        """``end``: one past the newest captured sample."""
        self._emit, self._end = emit, end
        self.by = DETECTOR
        self._speaking = False
        "The policy was told that speech began, and not yet that it paused."
        self._since: Sample | None = None
        "Where the turn that the client gives begins."

    @property
    def answers(self) -> bool:
        """False while the client says what a turn is: then it also says when it wants a reply."""
        return self.by == DETECTOR

    def take(self, by: str) -> bool:
        """From here on turns are told so. Speech that a detector was hearing pauses here; what the client was
        giving is given, and then this is True. Raises UserError for another word."""
        if by not in WAYS:
            raise UserError(f"turns are told by {' or '.join(WAYS)}, not by {by!r}")
        if by == CLIENT and self._speaking:
            self._speaking = False
            self._emit(SpeechPaused(self._end()))
        given = by == DETECTOR and self.give()
        self.by = by
        return given

    def emit(self, fact: Fact) -> None:
        """What the stages that hear have to tell: nothing of turns while the client tells them."""
        match fact:
            case SpeechStarted():
                if self.by == CLIENT:
                    return
                self._speaking = True
            case SpeechPaused():
                if not self._speaking:
                    return
                self._speaking = False
            case EndOfTurnScored() if fact.source != "words" and self.by == CLIENT:
                return
            case OverlapScored() if fact.source != "words" and self.by == CLIENT:
                return
        self._emit(fact)

    # --- what the client says ---------------------------------------------------------------------------

    def begin(self) -> None:
        """The user's turn begins here, unless it has. Raises UserError while a detector tells."""
        self._by_client("begin a turn")
        if self._since is None:
            self._since = self._end()
            self._emit(InputBegan(self._since))

    def commit(self) -> None:
        """The user's turn is over. Raises UserError where the client tells turns and has begun none."""
        if self.by == DETECTOR:
            self._emit(InputCommitted(self._end()))
        elif self._since is None:
            raise UserError("nothing was said since the last turn: begin one first")
        else:
            self.give()

    def withdraw(self) -> None:
        """The open turn never was."""
        self._since = None
        self._emit(InputWithdrawn(self._end()))

    def give(self) -> bool:
        """What the client has begun is over, and waits for a reply to be asked for. False: nothing was."""
        since, self._since = self._since, None
        if since is None:
            return False
        self._emit(InputGiven(Span(since, self._end())))
        return True

    def _by_client(self, what: str) -> None:
        if self.by != CLIENT:
            raise UserError(f"to {what} is the detector's: call take_turns({CLIENT!r}) first")
