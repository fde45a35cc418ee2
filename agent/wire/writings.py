"""The responses that are written and not spoken: out of band, or in a session whose output is text.

Several may be written beside each other, each under the key that the call gave it.
"""

from __future__ import annotations

from typing import Any

from agent.wire.ids import Ids
from agent.wire.items import Items
from agent.wire.responses import Outcome, Response, event, shape
from agent.wire.told import Event, Spent, Written

_MOST_THOUGHT = 4000
"""Characters of a thought that are kept: it begins with what was heard."""
_REASONS = ("turn_detected", "client_cancelled", "max_output_tokens", "content_filter")


class Writings:
    """One call's."""

    def __init__(self, ids: Ids, items: Items, conversation: str) -> None:
        self._ids, self._items, self._conversation = ids, items, conversation
        self._now: dict[str, Response] = {}
        self._thoughts: dict[str, str] = {}
        "Of those whose first word has not been written."

    @property
    def id(self) -> str | None:
        """The response in progress that is of the conversation."""
        return next((each.id for each in self._now.values() if each.conversation is not None), None)

    def see(self, told: Written, session: dict[str, Any]) -> tuple[list[Event], str | None]:
        """The events that this brings; and the thought, once it is whole, where something was thought."""
        events, now = list[Event](), self._now.get(told.response)
        if now is None:
            now = self._now[told.response] = Response(
                self._ids, self._items, self._ids("resp"), None if told.beside else self._conversation,
                shape(session, told.asked, text=True), text=True,
            )  # fmt: skip
            self._thoughts[told.response] = ""
            events += now.created()
        events += self._think(now, told)
        if told.text:
            events += now.words(now.sent + told.text)
        for call in told.calls:
            events += now.call(*call)
        over = told.state != "in_progress"
        whole = self._thoughts.pop(told.response, None) if told.text or over else None
        if over:
            del self._now[told.response]
            events += now.done(_outcome(told))
        return events, whole

    def spent(self, told: Spent) -> None:
        """What one of them took."""
        if (now := self._now.get(told.response)) is not None and not told.turn:
            now.spent = told

    def close(self) -> list[Event]:
        """Nothing more comes."""
        left, self._now = list(self._now.values()), {}
        self._thoughts.clear()
        return [each for now in left for each in now.done(Outcome("cancelled"))]

    def _think(self, now: Response, told: Written) -> list[Event]:
        events, known = list[Event](), self._thoughts.get(told.response)
        if told.thought:
            if known is not None:
                self._thoughts[told.response] = (known + told.thought)[:_MOST_THOUGHT]
            events.append(
                event(
                    "response.thinking.delta", response_id=now.id, turn=0, draft=0, delta=told.thought,
                    confirmed=None, again=0,
                )
            )  # fmt: skip
        elif known and (told.text or told.state != "in_progress"):
            events.append(event("response.thinking.done", response_id=now.id, turn=0, draft=0))
        return events


def _outcome(told: Written) -> Outcome:
    if told.state == "failed":
        return Outcome("failed", error=told.reason or "nothing could be written")
    return Outcome(told.state, told.reason if told.reason in _REASONS else "")
