"""From what happens in a session to the events that its client gets: a pure function with a memory.

It sees the trace's items and what the call tells besides (``told.py``), and says it in the GA names of the
OpenAI Realtime protocol. It must never read a clock, wait, do I/O, decide anything or hold sound.
``rate_limits.updated`` is not among its events: there are no such limits here.
"""

from __future__ import annotations

from typing import Any

from agent.wire.batch import Batch
from agent.wire.carrying import Carrying, error
from agent.wire.ids import Ids, random_id
from agent.wire.items import Known, Listed, as_put
from agent.wire.responses import event
from agent.wire.told import (
    Asked,
    BufferCleared,
    CallAnswered,
    CallWanted,
    Cancelled,
    Cleared,
    Event,
    Given,
    ItemCut,
    ItemGone,
    ItemPut,
    ItemShown,
    Opened,
    Refused,
    Sounded,
    Spent,
    Told,
    Updated,
    Written,
)
from agent.wire.user_turns import Place, milliseconds
from pipeline.events import (
    Fact,
    Order,
    PhraseDrafted,
    PlaybackReached,
    PlaybackStarted,
    SpeechPaused,
    SpeechStarted,
)
from pipeline.records import Contradiction, Decided, Measured, Noted, Said, Speculated, ToolRan, Window
from pipeline.trace import Item

__all__ = ["Known", "Projection"]

_BESIDE = Contradiction | Decided | Measured | Noted | Speculated | ToolRan | Window
"""Records that are also made while orders are carried out, and mean nothing for them."""


class Projection(Carrying):
    """One call's.

    The policy's orders to one fact are told one by one and mean something together, so they are looked at
    when all are there: at the next fact, or when ``settle`` says so. Whoever feeds a live trace calls
    ``settle`` from ``loop.call_soon`` when ``unsettled`` is true after a ``see``, and once at the very end;
    else events come a little later, never in another order.
    """

    def __init__(
        self,
        *,
        carrier: str,
        ids: Ids = random_id,
        session: dict[str, Any],
        place: Place = milliseconds,
    ) -> None:
        """``carrier``: ``websocket`` or ``webrtc``. ``ids(kind)`` makes ids: ``event``, ``item``, ``resp``,
        ``conv``. ``session``: the session object as it counts. ``place``: milliseconds of the client's own
        sound up to a capture sample, where silence was put in the place of sound that it did not send."""
        super().__init__(ids, session, place, buffered=carrier == "webrtc")
        self._ids = ids

    # --- what it is asked ---------------------------------------------------------------------------------

    def see(self, item: Item | Told, at: float) -> list[Event]:
        """The events that this brings, in order. ``at``: seconds since the session began."""
        events = [] if self._waits_with(item) else self._settle()
        if isinstance(item, Told):
            events += self._tell(item, at)
        elif isinstance(item, Fact):
            self._batch = Batch(item, at)
            events += self._transcribed(item, at) + self._extension(item) + self._fact(item)
        elif isinstance(item, Order):
            self._batch.orders.append(item)
            self._transcribed(item, at)
        else:
            events += self._recorded(item, at)
        return self._sealed(events, at)

    def _recorded(self, item: Item, at: float) -> list[Event]:
        match item:
            case Decided(why) if not self._batch.orders:
                self._batch.why = why
                return [event("hocket.decision", turn=self._users.turn or self._replies.turn, why=why)]
            case Said(turn, text) if self._batch.ends(turn):
                self._batch.said[turn] = text
                return []
            case Said(turn, text):
                return self._replies.progress(turn, text) + self._replies.heard(turn, text)
        return self._transcribed(item, at) + self._extension(item)

    def settle(self, at: float) -> list[Event]:
        """All orders to the last fact have been told: the events that waited for that."""
        return self._sealed(self._settle(), at)

    @property
    def unsettled(self) -> bool:
        """Something waits to be looked at together."""
        return self._batch.waits or self._replies.closing

    def item(self, item_id: str) -> Known | None:
        """What this item is; None where there is none of this id (never was, or was deleted)."""
        listed = self._items.find(item_id)
        return None if listed is None else listed.known()

    @property
    def last_item(self) -> str | None:
        """The id of the conversation's last item."""
        return self._items.last

    @property
    def response_in_progress(self) -> str | None:
        """The id of the response of the default conversation that is not done; None: none is.

        Out-of-band responses do not count.
        """
        return self._replies.id or self._writings.id

    @property
    def awaits_response(self) -> bool:
        """A response was asked for and has not begun."""
        return bool(self._replies.asked)

    # --- how it is told -----------------------------------------------------------------------------------

    def _sealed(self, events: list[Event], at: float) -> list[Event]:
        """Each with a name of its own and, for those who want it, its place in time; ours only for them."""
        if not self._extended:
            events = [each for each in events if not _ours(each)]
        for each in events:
            each["event_id"] = self._ids("event")
            if self._extended:
                each["session_ms"] = round(1000 * at)
        return events

    def _waits_with(self, item: Item | Told) -> bool:
        """True while what this tells belongs to the orders that wait, or changes nothing about them."""
        if isinstance(item, Said):
            return self._batch.ends(item.turn)
        if isinstance(item, CallWanted):
            return not self._batch.waits
        return isinstance(item, Order | Spent | _BESIDE)

    # --- what the call tells ------------------------------------------------------------------------------

    def _tell(self, told: Told, at: float) -> list[Event]:
        match told:
            case Opened(session):
                return self._counts("session.created", session, bool(session.get("hocket", {}).get("events")))
            case Updated(session, extended):
                return self._counts("session.updated", session, extended)
            case Refused(problem, event_id):
                wrong = {"type": problem.type, "code": problem.code, "message": problem.message}
                return [error(**wrong, param=problem.param, event_id=event_id)]
            case Cleared():
                self._users.forget()
                return [event("input_audio_buffer.cleared")]
            case Given(begins, ends):
                return self._users.given(begins, ends)
            case ItemPut() | ItemShown() | ItemGone() | ItemCut():
                return self._tell_item(told)
            case Written():
                return self._write(told)
            case _:
                return self._tell_reply(told, at)

    def _counts(self, kind: str, session: dict[str, Any], extended: bool) -> list[Event]:
        self._session, self._extended = session, extended
        return [event(kind, session=session)]

    def _tell_item(self, told: ItemPut | ItemShown | ItemGone | ItemCut) -> list[Event]:
        if isinstance(told, ItemPut):
            return self._users.put(Listed(as_put(told.item)), told.after)
        listed = self._items.find(told.item_id)
        match told:
            case ItemShown() if listed is not None:
                return [event("conversation.item.retrieved", item=listed.shown())]
            case ItemGone(item_id) if listed is not None:
                self._items.remove(item_id)
                return [event("conversation.item.deleted", item_id=item_id)]
            case ItemCut(item_id, audio_end_ms, text):
                return self._replies.cut(listed, item_id, audio_end_ms, text)
        return []

    def _tell_reply(self, told: Told, at: float) -> list[Event]:
        replies = self._replies
        match told:
            case Sounded(turn, audio, seconds):
                return replies.sounded(turn, audio, seconds, self._session)
            case Asked(response):
                replies.asked.append(response)
            case Cancelled():
                return replies.cancel(self._session)
            case BufferCleared():
                return replies.let_go()
            case CallWanted(turn, call_id, name, arguments):
                return replies.call(turn, call_id, name, arguments, self._session)
            case CallAnswered(turn, response):
                return replies.go_on(turn, response, self._session)
            case Spent():
                self._writings.spent(told)
                replies.spent(told)
        return []

    def _write(self, told: Written) -> list[Event]:
        events, thought = self._writings.see(told, self._session)
        if thought is not None and not told.beside:  # its thought is whole: it tells what was heard
            words = self._transcripts.written(thought, self._users.answered(0))
            events += self._put_in(words)
        return events

    # --- what happened ------------------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> list[Event]:
        match fact:
            case SpeechStarted() | SpeechPaused():
                self._users.talking = isinstance(fact, SpeechStarted)
            case PlaybackStarted(turn):
                return self._replies.started(turn, self._session)
            case PlaybackReached(turn, phrase, sample):
                self._replies.reached(turn, phrase, sample)
            case PhraseDrafted(_, draft, _, text):
                self._replies.drafted(draft, text)
        return []


def _ours(each: Event) -> bool:
    return str(each["type"]).startswith(("hocket.", "response.thinking."))
