"""Items that a client puts into the conversation: what waits for an answer, what is history, what instructs.

It knows where each went. It must never touch a turn that is open, nor make history of what nobody said.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.conversation import Conversation, Exchange
from pipeline.events import Turn
from pipeline.prompt import Human, Text

from .refusal import invalid
from .schema import LONGEST_INSTRUCTIONS

WAITING = 64
"""Items of the user's that may wait for an answer."""
_KEPT = 2000
"""Places that are remembered."""
ROOT = "root"
"""``previous_item_id`` of what stands before everything."""


@dataclass(frozen=True, slots=True)
class _Place:
    turn: Turn
    role: str


class Placing:
    """One call's."""

    def __init__(self) -> None:
        self.waiting: dict[str, str] = {}
        "What the user typed and nobody answered, by item, oldest first."
        self.systems: dict[str, str] = {}
        "What stands in the conversation as instructions, by item."
        self._placed: dict[str, _Place] = {}
        self._count = 0

    def system(self, item_id: str, text: str) -> None:
        """Instructions; they count for all that follows. Raises WireError where they grow too long."""
        if sum(map(len, self.systems.values())) + len(text) > LONGEST_INSTRUCTIONS:
            why = f"What instructs in the conversation has at most {LONGEST_INSTRUCTIONS} characters in all."
            raise invalid("item.content", why, "string_above_max_length")
        self.systems[item_id] = text

    def check(self) -> None:
        """Raises WireError where no more of the user's may wait."""
        if len(self.waiting) >= WAITING:
            why = f"{WAITING} items of the user's wait for an answer already: send response.create."
            raise invalid("item", why, "too_many_items")

    def user(self, item_id: str, text: str) -> None:
        """Words of the user's at the end: they wait for an answer."""
        self.waiting[item_id] = text

    def earlier(self, item_id: str, text: str, after: _Place | None, history: Conversation) -> None:
        """Words of the user's somewhere before the end; an answer may be put after them."""
        exchange = Exchange(self._number(), Human((Text(text),)), "", True)
        self._insert(item_id, exchange, after, history, "user")

    def assistant(self, item_id: str, text: str, follows: str | None, history: Conversation) -> None:
        """Words of the assistant's: the answer to the user's item before them, or said unasked."""
        if follows in self.waiting:
            texts = []
            for known in list(self.waiting):
                texts.append(self.waiting.pop(known))
                if known == follows:
                    break
            user = Human(tuple(Text(each) for each in texts))
            exchange = Exchange(self._number(), user, text, True)
            self._placed[follows] = _Place(exchange.turn, "user")
            self._insert(item_id, exchange, self._end(history), history, "assistant")
            return
        place = self._placed.get(follows or "")
        alone = None if place is None else _alone(history, place)
        if place is not None and alone is not None:
            before = _before(history, place.turn)
            history.forget(place.turn, user=True, reply=True)
            history.insert(Exchange(place.turn, alone.user, text, True), before)
            self._placed[item_id] = _Place(place.turn, "assistant")
            return
        self._insert(
            item_id, Exchange(self._number(), None, text, True),
            self._end(history) if place is None else place, history, "assistant",
        )  # fmt: skip

    def place(self, item_id: str | None, turn: int, role: str) -> _Place | None:
        """Where an item stands in the history; None: at its front."""
        if item_id is None or item_id == ROOT:
            return None
        return self._placed.get(item_id) or (_Place(Turn(turn), role) if turn else None)

    def forget(self, item_id: str) -> _Place | bool | None:
        """An item is deleted. Where it stands in the history; True: only here, and it is gone; None: this
        knows nothing of it."""
        for known in (self.waiting, self.systems):
            if known.pop(item_id, None) is not None:
                return True
        return self._placed.pop(item_id, None)

    def take(self) -> str:
        """All that waits, as one text; it is answered now."""
        text = "\n".join(self.waiting.values())
        self.waiting.clear()
        return text

    def _insert(
        self, item_id: str, exchange: Exchange, after: _Place | None, history: Conversation, role: str
    ) -> None:
        history.insert(exchange, None if after is None else after.turn)
        while len(self._placed) >= _KEPT:
            del self._placed[next(iter(self._placed))]
        self._placed[item_id] = _Place(exchange.turn, role)

    def _number(self) -> Turn:
        """A turn that no session has: below those of a conversation that was gone on with."""
        self._count += 1
        return Turn(-1_000_000 - self._count)

    @staticmethod
    def _end(history: Conversation) -> _Place | None:
        return _Place(history.exchanges[-1].turn, "") if history.exchanges else None


def _alone(history: Conversation, place: _Place) -> Exchange | None:
    """The user's exchange at this place, if nobody has answered it."""
    found = next((each for each in history.exchanges if each.turn == place.turn), None)
    return found if found is not None and found.user is not None and not found.reply else None


def _before(history: Conversation, turn: Turn) -> Turn | None:
    """The turn before this one in the history."""
    turns = [each.turn for each in history.exchanges]
    index = turns.index(turn)
    return turns[index - 1] if index else None
