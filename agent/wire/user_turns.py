"""The user's side of one call: turns that speech or the client opens, and the items that they become.

It tells what was committed and what waits for an answer; it must never decide that a turn is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from agent.wire.ids import Ids
from agent.wire.items import Items, Listed, spoken, typed
from agent.wire.responses import event
from agent.wire.told import Event
from pipeline.ports import CAPTURE_RATE

Place: TypeAlias = Callable[[int], int]
"""From a capture sample to milliseconds of the sound that the client has sent, as the protocol counts it."""


def milliseconds(sample: int) -> int:
    """The place of a capture sample where all that is captured is the client's."""
    return sample * 1000 // CAPTURE_RATE


@dataclass(slots=True)
class _Open:
    """Speech that a detector hears; its item is named before it is there."""

    turn: int
    item_id: str
    begins: int
    "Milliseconds."


class UserTurns:
    """One call's."""

    def __init__(self, ids: Ids, items: Items, place: Place) -> None:
        self._ids, self._items, self._place = ids, items, place
        self._open: _Open | None = None
        self._ended = 0
        "Where the sound of the newest item ends, in milliseconds: no sound belongs to two items."
        self.talking = False
        "A detector hears speech."
        self.waiting: list[str] = []
        "Items of the user's that nobody answered yet, spoken and put there."

    @property
    def turn(self) -> int:
        """The open turn; 0: none is."""
        return 0 if self._open is None else self._open.turn

    def begin(self, turn: int, sample: int) -> list[Event]:
        """Speech opened a turn, or goes on after one was taken back."""
        begins = max(self._ended, self._place(sample))
        self._open = _Open(turn, self._ids("item"), begins)
        return [event("input_audio_buffer.speech_started", audio_start_ms=begins, item_id=self._open.item_id)]

    def forget(self) -> None:
        """The open turn never was."""
        self._open = None

    def over(self, end: int) -> list[Event]:
        """The open turn was over at this millisecond: it is an item that waits for an answer."""
        mine, self._open = self._open, None
        if mine is None:
            return []
        end = max(end, mine.begins)
        stopped = event("input_audio_buffer.speech_stopped", audio_end_ms=end, item_id=mine.item_id)
        return [stopped, *self._commit(mine.item_id, mine.begins, end)]

    def given(self, begins: float, ends: float) -> list[Event]:
        """The client said that what it sent between these seconds of capture is a turn."""
        mine, self._open = self._open, None
        start, end = (self._place(round(at * CAPTURE_RATE)) for at in (begins, ends))
        return self._commit(self._ids("item") if mine is None else mine.item_id, start, max(start, end))

    def timed_out(self, since: float, at: float) -> list[Event]:
        """Nobody said anything between these seconds: an empty turn, for the agent's own words to follow."""
        item_id = self._ids("item")
        start, end = (self._place(round(moment * CAPTURE_RATE)) for moment in (since, at))
        end = max(start, end)
        told = event(
            "input_audio_buffer.timeout_triggered", audio_start_ms=start, audio_end_ms=end, item_id=item_id
        )
        events = self._commit(item_id, start, end)
        self.waiting.remove(item_id)
        return [told, *events]

    def typed(self, text: str) -> list[Event]:
        """The application gave these words as the user's: a turn that no item of a client's stands for."""
        listed = Listed(typed(self._ids("item"), text))
        self._items.put(listed)
        self.waiting.append(listed.id)
        return self._told(listed)

    def put(self, listed: Listed, after: str | None) -> list[Event]:
        """A client's own item; one of the user's waits for an answer."""
        self._items.put(listed, after)
        if listed.role == "user":
            self.waiting.append(listed.id)
        return self._told(listed)

    def answered(self, turn: int) -> list[Listed]:
        """A reply to all that waits begins: what it answers."""
        found = [self._items.find(item_id) for item_id in self.waiting]
        self.waiting.clear()
        mine = [listed for listed in found if listed is not None]
        for listed in mine:
            listed.turn = turn
        return mine

    def _commit(self, item_id: str, begins: int, ends: int) -> list[Event]:
        before, self._ended = self._items.last, max(self._ended, ends)
        listed = Listed(spoken(item_id), seconds=(ends - begins) / 1000)
        self._items.put(listed)
        self.waiting.append(item_id)
        committed = event("input_audio_buffer.committed", item_id=item_id, previous_item_id=before)
        return [committed, *self._told(listed)]

    def _told(self, listed: Listed) -> list[Event]:
        before = self._items.before(listed.id)
        return [
            event(f"conversation.item.{what}", previous_item_id=before, item=listed.shown())
            for what in ("added", "done")
        ]
