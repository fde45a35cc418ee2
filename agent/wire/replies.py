"""The responses of the conversation, one after another: what the line's voice does, or its silent one writes.

It follows what was decided and never decides: which words were heard, and how a reply ended, it is told.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from agent.wire.batch import Batch
from agent.wire.ids import Ids
from agent.wire.items import Items, Listed
from agent.wire.responses import WHOLE, Outcome, Response, event, own, shape
from agent.wire.told import Event, Spent
from pipeline.events import DropDraft, Remember, StartDraft
from pipeline.ports import PLAYOUT_RATE

_DRAFTS = 32
"""Drafts of which it is remembered what they heard."""


class Replies:
    """One call's."""

    def __init__(self, ids: Ids, items: Items, conversation: str, *, buffered: bool) -> None:
        """``buffered``: sound goes a way of its own (WebRTC); clients are told when it begins and ends."""
        self._ids, self._items, self._conversation, self._buffered = ids, items, conversation, buffered
        self._now: Response | None = None
        self.turn = 0
        "The turn whose reply is due, sounds, or waits for a call; 0: none."
        self._draft = 0
        self._text = False
        "The turn's reply is written: its voice takes no time and is not sent."
        self.asked: deque[dict[str, Any]] = deque()
        "Responses that were asked for and have not begun."
        self._cancelled = False
        self._told = ""
        "Words of the turn that earlier responses of it have."
        self._seconds = 0.0
        "Sound of the turn that earlier responses of it have."
        self._reach = (0, 0, 0)
        "Phrase, samples before it, samples heard."
        self._written: dict[int, int] = {}
        "Words that drafts have written, by draft."
        self._heard = 0
        "Words of the turn that were heard."
        self._words = ""
        "These, as they were told last: also where no response was in progress."
        self._drafts: dict[int, StartDraft] = {}
        self.quiet_since = 0.0
        "Session seconds since when the agent has been silent."

    # --- what is asked of it ------------------------------------------------------------------------------

    @property
    def id(self) -> str | None:
        """The response in progress."""
        return None if self._now is None else self._now.id

    @property
    def present(self) -> tuple[int, int, str | None]:
        """Turn, draft and id of it, for what is told of drafts and voices."""
        return (0, -1, None) if self._now is None else (self._now.turn, self._now.draft, self._now.id)

    @property
    def closing(self) -> bool:
        """It ends with calls, and none of its words is on its way any more."""
        heard = self._heard >= self._written.get(self._draft, 0)
        return self._now is not None and self._now.closing and heard

    def note(self, batch: Batch) -> None:
        """Remember what drafts heard."""
        for order in batch.orders:
            if isinstance(order, StartDraft):
                self._drafts[order.draft] = order
        while len(self._drafts) > _DRAFTS:
            del self._drafts[min(self._drafts)]

    def listened(self, turn: int) -> int | None:
        """The last capture sample that the newest draft of this turn heard; None where there is none."""
        mine = [order for order in self._drafts.values() if order.turn == turn]
        return int(mine[-1].listened.end) if mine else None

    def ended_by(self, batch: Batch) -> Outcome | None:
        """How the response in progress ends with these orders; None where it does not."""
        if self._now is None:
            return None
        for order in batch.orders:
            match order:
                case Remember(turn, _) if turn == self._now.turn:
                    return self._ending(batch.outcome(turn))
                case DropDraft(turn, draft) if (turn, draft) == (self._now.turn, self._now.draft):
                    return self._ending(batch.outdone(turn))
        return None

    # --- beginning ----------------------------------------------------------------------------------------

    def begin(
        self, turn: int, draft: int, session: dict[str, Any], *, asked: bool = False
    ) -> list[Event]:  # fmt: skip
        """A reply is due. ``asked``: it is one that the client asked for, if it asked."""
        if turn != self.turn:
            self._told, self._seconds, self._reach, self._heard, self._words = "", 0.0, (0, 0, 0), 0, ""
        self.turn, self._draft, self._cancelled = turn, draft, False
        told = self.asked.popleft() if asked and self.asked else {}
        self._text = _written(told, session)
        return self._open(session, told)

    def fail(self, turn: int, batch: Batch, session: dict[str, Any], *, asked: bool) -> list[Event]:
        """Words in place of a reply that failed follow: a response that failed comes first, if none has."""
        if any(isinstance(order, DropDraft) and order.draft == self._draft for order in batch.orders):
            return []
        return [*self.begin(turn, 0, session, asked=asked), *self._end(batch.cut())]

    def started(self, turn: int, session: dict[str, Any]) -> list[Event]:
        """Its first sound left the sink."""
        if turn != self.turn:
            return []
        now, events = self._resumed(session)
        return events + now.message()

    # --- going on -----------------------------------------------------------------------------------------

    def sounded(self, turn: int, audio: bytes, seconds: float, session: dict[str, Any]) -> list[Event]:
        """So much of it was sent. What comes after its end is nobody's any more."""
        if turn != self.turn or self._text:
            return []
        now, events = self._resumed(session)
        return events + now.sound(audio, seconds)

    def drafted(self, draft: int, text: str) -> None:
        """A draft has these words more."""
        self._written[draft] = self._written.pop(draft, 0) + len(text.split())
        while len(self._written) > _DRAFTS:
            del self._written[next(iter(self._written))]

    def progress(self, turn: int, text: str) -> list[Event]:
        """All of the turn's words that were heard so far."""
        if turn == self.turn:
            self._heard, self._words = max(self._heard, len(text.split())), text
        if turn != self.turn or self._now is None:
            return []
        return self._now.words(text)

    def heard(self, turn: int, text: str) -> list[Event]:
        """The same, as an event of ours."""
        if turn != self.turn or self._now is None or self._now.said is None:
            return []
        said = self._now.said.id
        return [
            event("hocket.heard", turn=turn, response_id=self._now.id, item_id=said, transcript=text)
        ]  # fmt: skip

    def reached(self, turn: int, phrase: int, sample: int) -> None:
        """The ear is at this sample of this phrase: where no sound is sent as events, that is what counts."""
        if turn != self.turn or not self._buffered:
            return
        last, before, heard = self._reach
        if phrase < last:
            return
        before = heard if phrase > last else before
        self._reach = phrase, before, max(heard, before + sample)
        if self._now is not None and self._now.said is not None:
            self._now.said.seconds = max(0.0, self._reach[2] / PLAYOUT_RATE - self._now.begins)

    def call(
        self, turn: int, call_id: str, name: str, arguments: str, session: dict[str, Any]
    ) -> list[Event]:  # fmt: skip
        """The client is to make a call: the response ends when its words have been heard."""
        if turn != self.turn:
            return []
        now, events = self._resumed(session)
        now.closing = True
        return events + now.call(call_id, name, arguments)

    def close_if_heard(self) -> list[Event]:
        """All calls of the response are told and its words heard: it is over."""
        return self._end(WHOLE) if self.closing else []

    def go_on(self, turn: int, asked: dict[str, Any], session: dict[str, Any]) -> list[Event]:
        """The client has made the calls: the reply goes on, as another response of the same turn."""
        if turn != self.turn:
            self.asked.append(asked)
            return []
        return [*self._end(WHOLE), *self._open(session, asked)]

    def spent(self, told: Spent) -> None:
        """The newest count of a turn is what its present response took."""
        if told.turn and told.turn == self.turn and self._now is not None:
            self._now.spent = told

    # --- ending -------------------------------------------------------------------------------------------

    def drop(self, turn: int, draft: int, batch: Batch) -> list[Event]:
        """It was taken back before anything of it was heard."""
        if (turn, draft) != (self.turn, self._draft):
            return []
        self.turn = 0
        return self._end(batch.outdone(turn))

    def remember(self, turn: int, batch: Batch) -> list[Event]:
        """Its turn is over, with these words heard."""
        if turn != self.turn:
            return []
        said = batch.said.get(turn)
        if said is None and batch.hushes(turn):
            said = f"{self._told} {self._now.sent if self._now else ''}".strip()
        told = [] if said is None else self.heard(turn, said)
        self.turn, self.quiet_since = 0, batch.at
        return told + self._end(batch.outcome(turn), said)

    def cancel(self, session: dict[str, Any]) -> list[Event]:
        """The client wants no reply: what it asked for and has not begun is over, what has begun will be."""
        self._cancelled = self._now is not None
        events = list[Event]()
        if self._now is not None:
            return events
        while self.asked:
            self._text = _written(self.asked[0], session)
            events += self._open(session, self.asked.popleft())
            events += self._end(Outcome("cancelled", "client_cancelled"))
        return events

    def let_go(self) -> list[Event]:
        """The client let go of what was on its way to the ear."""
        now = self._now
        if now is None or now.said is None or now.cleared or not self._buffered:
            return []
        now.cleared = self._cancelled = True
        return [event("output_audio_buffer.cleared", response_id=now.id)]

    def cut(self, listed: Listed | None, item_id: str, audio_end_ms: int, text: str) -> list[Event]:
        """The client heard so much of an item. ``text``: these words of it, or of its turn until then."""
        if listed is None:
            return []
        text = own(text, listed.before)
        events = [] if self._now is None else self._now.cut(listed, text)
        listed.say(text)
        listed.cut = True
        return [*events, _truncated(item_id, audio_end_ms)]

    def close(self) -> list[Event]:
        """Nothing more comes."""
        self.turn = 0
        self.asked.clear()
        return self._end(Outcome("cancelled"))

    # --- within -------------------------------------------------------------------------------------------

    def _open(
        self, session: dict[str, Any], asked: dict[str, Any], *, closing: bool = False
    ) -> list[Event]:  # fmt: skip
        left = self._end(Outcome("cancelled", "turn_detected"))
        seen = shape(session, asked, text=self._text)
        self._now = Response(
            self._ids, self._items, self._ids("resp"), self._conversation, seen, self.turn, self._draft,
            text=self._text, begins=self._seconds, before=self._told,
            buffered=self._buffered and not self._text, closing=closing,
        )  # fmt: skip
        return left + self._now.created()

    def _resumed(self, session: dict[str, Any]) -> tuple[Response, list[Event]]:
        """The response in progress. Where its turn's last one ended with calls: another, beside these."""
        again = self._now is None
        events = self._open(session, {}, closing=True) if again else []
        assert self._now is not None, "it has just begun"
        return self._now, events + (self._now.words(self._words) if again else [])

    def _ending(self, outcome: Outcome) -> Outcome:
        """A response that the client wanted to end has ended so, whatever else came at the same time."""
        if self._cancelled and outcome.status == "cancelled":
            return replace(outcome, reason="client_cancelled")
        return outcome

    def _end(self, outcome: Outcome, final: str | None = None) -> list[Event]:
        now, self._now = self._now, None
        if now is None:
            return []
        outcome = self._ending(outcome)
        self._cancelled = False
        cut = outcome.status != "completed"
        events, after = list[Event](), list[Event]()
        sounds = now.said is not None and now.buffered
        if sounds and cut and not now.cleared:
            events.append(event("output_audio_buffer.cleared", response_id=now.id))
        events += now.done(outcome, final)
        if now.said is not None:
            self._told = f"{self._told} {now.sent}".strip()
            self._seconds += now.said.seconds
        if sounds and not cut:
            after.append(event("output_audio_buffer.stopped", response_id=now.id))
        elif sounds and now.said is not None and not now.said.cut:
            now.said.cut = True
            after.append(_truncated(now.said.id, round(1000 * now.said.seconds)))
        return events + after


def _truncated(item_id: str, audio_end_ms: int) -> Event:
    at = {"item_id": item_id, "content_index": 0}
    return event("conversation.item.truncated", **at, audio_end_ms=audio_end_ms)


def _written(asked: dict[str, Any], session: dict[str, Any]) -> bool:
    return (asked.get("output_modalities") or session.get("output_modalities")) == ["text"]
