"""The policy's orders to one fact, as they were told one by one: what they mean together.

Nothing here says it to a client.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.turn_state import MISSED
from agent.wire.responses import WHOLE, Outcome
from pipeline.events import (
    CommitDraft,
    Fact,
    Hush,
    InterruptRequested,
    Order,
    Remember,
    Say,
    SessionClosed,
    Think,
)

_ERROR = "error: "
"""How the policy's reason begins where something failed."""


@dataclass(slots=True)
class Batch:
    """A fact and what it brought about."""

    cause: Fact | None = None
    at: float = 0.0
    "When it was told, in session seconds."
    why: str = ""
    "The decision in words."
    orders: list[Order] = field(default_factory=list)
    said: dict[int, str] = field(default_factory=dict)
    "What was heard of replies that end here."

    @property
    def waits(self) -> bool:
        """There is something to look at."""
        return bool(self.orders) or isinstance(self.cause, SessionClosed)

    @property
    def opens(self) -> Think | None:
        """The turn of the user's that begins here, or goes on after it was taken back."""
        return next((order for order in self.orders if isinstance(order, Think)), None)

    def ends(self, turn: int) -> bool:
        """This turn is over with these orders."""
        return any(isinstance(order, Remember) and order.turn == turn for order in self.orders)

    def hushes(self, turn: int) -> bool:
        """Its voice is stopped."""
        return any(isinstance(order, Hush) and order.turn == turn for order in self.orders)

    def answers(self, turn: int) -> bool:
        """The user's turn ends with a reply, or with the decision that there is none."""
        return any(isinstance(order, CommitDraft | Say) and order.turn == turn for order in self.orders)

    @property
    def failed(self) -> str:
        """What failed, in the policy's words; empty where nothing did."""
        excused = any(isinstance(each, Say) for each in self.orders)
        if self.why.startswith(_ERROR) or (excused and f"; {_ERROR}" in self.why):
            return self.why.rpartition(_ERROR)[2]
        return ""

    def outdone(self, turn: int) -> Outcome:
        """How a response ended whose draft was given up before any sound: nothing of it was to be said where
        the user is asked again instead, else as ``cut``."""
        asks = any(
            isinstance(each, Say) and (each.turn, each.reason) == (turn, MISSED) for each in self.orders
        )
        return WHOLE if asks and not self.failed else self.cut()

    def cut(self) -> Outcome:
        """How a response ended that these orders stopped, or took back."""
        if self.failed:
            return Outcome("failed", error=self.failed)
        if isinstance(self.cause, InterruptRequested):
            return Outcome("cancelled", "client_cancelled")
        if isinstance(self.cause, SessionClosed):
            return Outcome("cancelled")
        return Outcome("cancelled", "turn_detected")

    def outcome(self, turn: int) -> Outcome:
        """How the response of a turn that ends here ended: heard out, with nothing to say, or stopped."""
        return self.cut() if self.hushes(turn) or self.failed else WHOLE
