"""What the policy's orders to one fact mean for a client: a turn committed, a response begun, ended, or none.

It sees all of them at once (``batch.py``), because they mean something together: a commit that is declined in
the same breath is no response. It must never decide anything itself.
"""

from __future__ import annotations

from typing import Any

from agent.turn_quiet import NUDGE
from agent.turn_state import MISSED
from agent.wire.batch import Batch
from agent.wire.extensions import Extensions
from agent.wire.ids import Ids
from agent.wire.items import Items
from agent.wire.replies import Replies
from agent.wire.responses import event
from agent.wire.told import Event
from agent.wire.transcripts import Transcripts, Words
from agent.wire.user_turns import Place, UserTurns
from agent.wire.writings import Writings
from pipeline.events import (
    CommitDraft,
    DropDraft,
    InputBegan,
    InputCommitted,
    InputWithdrawn,
    Order,
    Remember,
    ReplyRequested,
    Say,
    SessionClosed,
    StopThinking,
    TextEntered,
    Think,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.trace import Item


class Carrying:
    """One call's user, replies and writings, and what orders make of them."""

    def __init__(self, ids: Ids, session: dict[str, Any], place: Place, *, buffered: bool) -> None:
        self._session, self._place = session, place
        self._extended = False
        conversation = ids("conv")
        self._items = Items()
        self._users = UserTurns(ids, self._items, place)
        self._replies = Replies(ids, self._items, conversation, buffered=buffered)
        self._writings = Writings(ids, self._items, conversation)
        self._transcripts = Transcripts()
        self._own = Extensions(place)
        self._batch = Batch()

    def _settle(self) -> list[Event]:
        batch, self._batch = self._batch, Batch()
        if not batch.waits:
            return self._replies.close_if_heard()
        speaking = batch.opens is not None and not isinstance(batch.cause, InputBegan)
        self._replies.note(batch)
        events, ended = list[Event](), self._replies.ended_by(batch)
        if speaking and batch.opens and ended is not None and ended.status != "completed":
            events += self._users.begin(batch.opens.turn, batch.opens.listened.start)  # clients flush at it
            speaking = False
        for order in batch.orders:
            events += self._extension(order)
            match order:
                case Think(turn, listened) if speaking:
                    events += self._users.begin(turn, listened.start)
                case _:
                    events += self._carry(order, batch)
        if isinstance(batch.cause, SessionClosed):
            events += self._close(batch.cause.reason)
        return events

    def _carry(self, order: Order, batch: Batch) -> list[Event]:
        match order:
            case CommitDraft(turn, draft):
                return self._commit(turn, draft, batch)
            case Say(turn, reason):
                return self._say(turn, reason, batch)
            case StopThinking(turn) if turn == self._users.turn and not batch.answers(turn):
                return self._left(batch)
            case DropDraft(turn, draft):
                return self._replies.drop(turn, draft, batch)
            case Remember(turn, _):
                events = self._put_in(self._transcripts.over(turn, self._source))
                return events + self._replies.remember(turn, batch)
        return []

    def _left(self, batch: Batch) -> list[Event]:
        """The open turn is over and nobody answers it now."""
        if isinstance(batch.cause, InputWithdrawn | SessionClosed):
            self._users.forget()
            return []
        return self._users.over(self._end(self._users.turn, batch))

    def _end(self, turn: int, batch: Batch) -> int:
        """The millisecond at which a turn's sound ends: all that its draft heard."""
        heard = self._replies.listened(turn)
        if isinstance(batch.cause, InputCommitted) and self._users.talking:
            heard = batch.cause.at
        return self._place(round(batch.at * CAPTURE_RATE) if heard is None else heard)

    def _commit(self, turn: int, draft: int, batch: Batch) -> list[Event]:
        events = self._answer(turn, draft, batch)
        if batch.ends(turn):
            return events  # there is nothing to say: no response at all
        asked = isinstance(batch.cause, ReplyRequested | TextEntered)
        return events + self._replies.begin(turn, draft, self._session, asked=asked)

    def _answer(self, turn: int, draft: int, batch: Batch) -> list[Event]:
        """The user's side of a turn that is answered now."""
        events = self._users.over(self._end(turn, batch)) if self._users.turn == turn else []
        if isinstance(batch.cause, TextEntered) and not self._puts():
            events += self._users.typed(batch.cause.text)
        mine = self._users.answered(turn)
        return events + self._put_in(self._transcripts.wait(turn, draft, mine, self._source))

    def _puts(self) -> bool:
        """A client's own item waits: what was typed is that."""
        waiting = (self._items.find(item_id) for item_id in self._users.waiting)
        return any(listed is not None and listed.words and not listed.mute for listed in waiting)

    def _say(self, turn: int, reason: str, batch: Batch) -> list[Event]:
        if reason == NUDGE:
            events = self._users.timed_out(self._replies.quiet_since, batch.at)
        elif reason == MISSED or (reason == "failed" and batch.failed):
            mine = self._users.turn == turn or self._users.waiting
            events = self._answer(turn, 0, batch) if mine else []
            if reason != MISSED:
                asked = isinstance(batch.cause, ReplyRequested | TextEntered)
                events += self._replies.fail(turn, batch, self._session, asked=asked)
        else:
            events = []
        return events + self._replies.begin(turn, 0, self._session)

    def _close(self, reason: str) -> list[Event]:
        """Nothing more comes: what had begun is over."""
        events = self._replies.close() + self._writings.close()
        if reason.endswith(" failed"):
            why = f"the session ended: {reason}"
            events.append(error(type="server_error", code="session_failed", message=why))
        return events

    # --- words and what is ours alone ---------------------------------------------------------------------

    def _transcribed(self, item: Item, at: float) -> list[Event]:
        return self._put_in(self._transcripts.see(item, at, self._source))

    def _extension(self, item: Item) -> list[Event]:
        return self._own.see(item, self._replies.present) if self._extended else []

    @property
    def _source(self) -> str | None:
        """Who writes down what the user said."""
        told: str | None = self._session.get("hocket", {}).get("transcripts", "brain")
        return told

    def _put_in(self, words: list[Words]) -> list[Event]:
        """The words of items, for the client if it wants them."""
        for each in words:
            if each.text is not None:
                each.listed.say(each.text)
        if not self._session.get("audio", {}).get("input", {}).get("transcription"):
            return []
        told = (each.told(self._source, extended=self._extended) for each in words)
        return [each for events in told for each in events]


def error(**known: str | None) -> Event:
    """The ``error`` event: something went wrong, and the session goes on where it can."""
    return event("error", error={"param": None, "event_id": None} | known)
