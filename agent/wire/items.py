"""The items of one call's conversation as its client knows them: their order, words and status.

Values and bookkeeping only. It must never hold sound, and what it shows is a copy: an event that waits to be
sent says what was true when it was made.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

KEPT = 2000
"""Items that are remembered; of a longer conversation the oldest are not known any more."""
IN_PROGRESS, COMPLETED, INCOMPLETE = "in_progress", "completed", "incomplete"
_HEARD = ("input_audio", "output_audio")
_SOUND = ("audio", "image_url")
"""What a client sent in bulk is not sent back."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a conversation item."""

    item: dict[str, Any]
    "As ``conversation.item.retrieved`` shows it, without sound."
    role: str
    "``user``, ``assistant``, ``system``; empty for calls and their outputs."
    turn: int
    "Whose reply it is, or whose turn; 0: of none, as what a client put there."
    begins: float = 0.0
    "Of a reply's item: seconds of the turn's sound before it (items of the turn before a call)."
    seconds: float = 0.0
    "Of a reply's item: its sound so far, as sent (WebSocket) or as heard (WebRTC)."


@dataclass(slots=True)
class Listed:
    """One item."""

    item: dict[str, Any]
    turn: int = 0
    begins: float = 0.0
    seconds: float = 0.0
    before: str = ""
    "Of a reply's item: words of the turn before it."
    cut: bool = False
    "A client said how much of it was heard: its words are settled."

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.item["id"])

    @property
    def role(self) -> str:
        """Empty for calls and their outputs."""
        return str(self.item.get("role", ""))

    @property
    def mute(self) -> bool:
        """It is sound of the user's, and nobody has written down what was said."""
        part = self._part()
        return part.get("type") == "input_audio" and part.get("transcript") is None

    @property
    def words(self) -> str:
        """The transcript, or the text."""
        part = self._part()
        return str(part.get("transcript") or part.get("text") or "")

    def say(self, words: str) -> None:
        """The transcript, or the text, from here on."""
        part = self._part()
        part["transcript" if part.get("type") in _HEARD else "text"] = words

    def _part(self) -> dict[str, Any]:
        """Its sound, or else its first part."""
        parts: list[dict[str, Any]] = self.item.get("content") or [{}]
        return next((part for part in parts if part.get("type") in _HEARD), parts[0])

    def shown(self) -> dict[str, Any]:
        """The item as it stands."""
        return copy.deepcopy(self.item)

    def known(self) -> Known:
        """What is known of it."""
        return Known(self.shown(), self.role, self.turn, self.begins, self.seconds)


class Items:
    """One call's."""

    def __init__(self) -> None:
        self._order: list[str] = []
        self._known: dict[str, Listed] = {}

    def find(self, item_id: str) -> Listed | None:
        """None where there is none of this id, any more."""
        return self._known.get(item_id)

    def put(self, listed: Listed, after: str | None = None) -> None:
        """At the end; ``root``: at the front; else after that item, or at the end where it is not there."""
        if after == "root":
            place = 0
        else:
            place = self._order.index(after) + 1 if after in self._known else len(self._order)
        self._order.insert(place, listed.id)
        self._known[listed.id] = listed
        while len(self._order) > KEPT:
            del self._known[self._order.pop(0)]

    def remove(self, item_id: str) -> None:
        """It is none of the conversation's any more."""
        if self._known.pop(item_id, None) is not None:
            self._order.remove(item_id)

    def before(self, item_id: str) -> str | None:
        """The id of the one before it; None: it is the first, or not there."""
        if item_id not in self._known:
            return None
        place = self._order.index(item_id)
        return self._order[place - 1] if place else None

    @property
    def last(self) -> str | None:
        """The id of the newest one."""
        return self._order[-1] if self._order else None


# --- kinds of items -----------------------------------------------------------------------------------------


def message_item(item_id: str, role: str, status: str, *parts: dict[str, Any]) -> dict[str, Any]:
    """A message item with these content parts."""
    return {
        "id": item_id, "object": "realtime.item", "type": "message", "status": status, "role": role,
        "content": list(parts),
    }  # fmt: skip


def spoken(item_id: str) -> dict[str, Any]:
    """What the user said; its transcript is not known yet."""
    return message_item(item_id, "user", COMPLETED, {"type": "input_audio", "transcript": None})


def typed(item_id: str, text: str) -> dict[str, Any]:
    """What the user typed."""
    return message_item(item_id, "user", COMPLETED, {"type": "input_text", "text": text})


def function_call(item_id: str, call_id: str, name: str, arguments: str, status: str) -> dict[str, Any]:
    """A call that the client is to make."""
    return {
        "id": item_id, "object": "realtime.item", "type": "function_call", "status": status,
        "call_id": call_id, "name": name, "arguments": arguments,
    }  # fmt: skip


def as_put(item: dict[str, Any]) -> dict[str, Any]:
    """A client's item as it is told back: whole, but without what it sent in bulk."""
    kept = copy.deepcopy(item)
    for part in kept.get("content") or ():
        for name in _SOUND:
            part.pop(name, None)
    return {"object": "realtime.item", "status": COMPLETED} | kept
