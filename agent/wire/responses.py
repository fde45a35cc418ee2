"""One response from ``response.created`` to ``response.done``, in the protocol's order.

It knows the shape of what is said and when which event is due; it must never decide when a response begins or
how it ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.wire.ids import Ids
from agent.wire.items import COMPLETED, IN_PROGRESS, INCOMPLETE, Items, Listed, function_call, message_item
from agent.wire.told import Event, Spent


def event(kind: str, /, **fields: Any) -> Event:
    """An event of this type; its own id is given when it is sent."""
    return {"type": kind, **fields}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a response ended."""

    status: str
    "``completed``, ``cancelled``, ``failed`` or ``incomplete``."
    reason: str = ""
    "Of a cancelled or incomplete one, where the protocol has a word for it."
    error: str = ""
    "Of a failed one, in words."

    def details(self) -> dict[str, Any] | None:
        """``status_details``; None for a completed one."""
        if self.status == COMPLETED:
            return None
        details: dict[str, Any] = {"type": self.status}
        if self.reason:
            details["reason"] = self.reason
        if self.status == "failed":
            details["error"] = {"type": "server_error", "code": "reply_failed", "message": self.error}
        return details


WHOLE = Outcome(COMPLETED)


@dataclass(slots=True)
class Response:
    """One response. Its methods give the events that are due, in order."""

    ids: Ids
    items: Items
    id: str
    conversation: str | None
    "None: out of band; its items are in no conversation."
    shape: dict[str, Any]
    "Modalities, voice, limits and metadata, as asked for or as the session has them."
    turn: int = 0
    draft: int = 0
    text: bool = False
    begins: float = 0.0
    "Seconds of the turn's sound before this response."
    before: str = ""
    "Words of the turn before it."
    buffered: bool = False
    "Its sound goes a way of its own (WebRTC), and the client is told when it begins and ends."
    output: list[Listed] = field(default_factory=list)
    said: Listed | None = None
    "Its message, once there is one."
    sent: str = ""
    "The words of it that went out as deltas."
    newest: str = ""
    "Its words as they were told last."
    closing: bool = False
    "It ends with calls; only sound of it may still be on its way."
    cleared: bool = False
    "The client was told that its sound was let go."
    spent: Spent | None = None

    def created(self) -> list[Event]:
        """It begins."""
        return [event("response.created", response=self._shown("in_progress"))]

    def message(self) -> list[Event]:
        """Its message begins, if it has not."""
        if self.said is not None:
            return []
        item = message_item(self.ids("item"), "assistant", IN_PROGRESS)
        self.said = Listed(item, self.turn, begins=self.begins, before=self.before)
        kind, holds = ("text", "text") if self.text else ("audio", "transcript")
        part = {"type": kind, holds: ""}
        events = self._add(self.said)
        events.append(event("response.content_part.added", **self._at(self.said), content_index=0, part=part))
        item["content"] = [{"type": f"output_{kind}", holds: ""}]
        if self.buffered:
            events.append(event("output_audio_buffer.started", response_id=self.id))
        return events

    def sound(self, audio: bytes, seconds: float) -> list[Event]:
        """Some of its sound, in the session's format."""
        events = self.message()
        assert self.said is not None, "it has just begun"
        self.said.seconds += seconds
        delta = event("response.output_audio.delta", **self._at(self.said), content_index=0, delta=audio)
        return [*events, delta]

    def words(self, text: str) -> list[Event]:
        """All the turn's words so far: what is new of them. What was told once is not taken back here."""
        self.newest = own(text, self.before)
        return self._new(self.newest)

    def cut(self, listed: Listed, text: str) -> list[Event]:
        """The client heard these words of one of its items, which may be more than it was told of yet."""
        return self._new(text) if listed is self.said and listed.item["status"] == IN_PROGRESS else []

    def _new(self, text: str) -> list[Event]:
        new = text[len(self.sent) :] if text.startswith(self.sent) else ""
        if not new:
            return []
        events = self.message()
        assert self.said is not None, "it has just begun"
        self.sent = text
        if not self.said.cut:
            self.said.say(text)
        kind = "response.output_text.delta" if self.text else "response.output_audio_transcript.delta"
        return [*events, event(kind, **self._at(self.said), content_index=0, delta=new)]

    def call(self, call_id: str, name: str, arguments: str) -> list[Event]:
        """A call that the client is to make: another item, whole at once."""
        before = self._said(WHOLE, self.newest) if self.text else []  # its words are all there
        asked = Listed(function_call(self.ids("item"), call_id, name, "", IN_PROGRESS), self.turn)
        events = [*before, *self._add(asked)]
        at = self._at(asked) | {"call_id": call_id}
        asked.item |= {"arguments": arguments, "status": COMPLETED}
        return [
            *events,
            event("response.function_call_arguments.delta", **at, delta=arguments),
            event("response.function_call_arguments.done", **at, name=name, arguments=arguments),
            *self._done(asked),
        ]

    def done(self, outcome: Outcome, final: str | None = None) -> list[Event]:
        """It is over. ``final``: its words, where they are known better than by what was told last."""
        final = self.newest if final is None else own(final, self.before)
        events = [*self._new(final), *self._said(outcome, final)]
        closed = event("response.done", response=self._shown(outcome.status) | self._closing(outcome))
        return [*events, closed]

    def _said(self, outcome: Outcome, final: str) -> list[Event]:
        """Its message is over, where there is one that is not."""
        said = self.said
        if said is None or said.item["status"] != IN_PROGRESS:
            return []
        if not said.cut:
            said.say(final)
        said.item["status"] = COMPLETED if outcome.status == COMPLETED else INCOMPLETE
        at, words = self._at(said) | {"content_index": 0}, said.words
        if self.text:
            events = [event("response.output_text.done", **at, text=words)]
            part = {"type": "text", "text": words}
        else:
            events = [
                event("response.output_audio.done", **at),
                event("response.output_audio_transcript.done", **at, transcript=words),
            ]
            part = {"type": "audio", "transcript": words}
        return [*events, event("response.content_part.done", **at, part=part), *self._done(said)]

    def _add(self, listed: Listed) -> list[Event]:
        self.output.append(listed)
        at = {"response_id": self.id, "output_index": len(self.output) - 1}
        events = [event("response.output_item.added", **at, item=listed.shown())]
        if self.conversation is not None:
            self.items.put(listed)
            before = self.items.before(listed.id)
            events.append(event("conversation.item.added", previous_item_id=before, item=listed.shown()))
        return events

    def _done(self, listed: Listed) -> list[Event]:
        at = {"response_id": self.id, "output_index": self.output.index(listed)}
        events = [event("response.output_item.done", **at, item=listed.shown())]
        if self.conversation is not None and self.items.find(listed.id) is listed:
            before = self.items.before(listed.id)
            events.append(event("conversation.item.done", previous_item_id=before, item=listed.shown()))
        return events

    def _at(self, listed: Listed) -> dict[str, Any]:
        return {"response_id": self.id, "item_id": listed.id, "output_index": self.output.index(listed)}

    def _shown(self, status: str) -> dict[str, Any]:
        return {
            "object": "realtime.response", "id": self.id, "status": status, "status_details": None,
            "output": [], "conversation_id": self.conversation, **self.shape, "usage": None,
        }  # fmt: skip

    def _closing(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "status_details": outcome.details(),
            "output": [listed.shown() for listed in self.output],
            "usage": None if self.spent is None else usage(self.spent),
        }


def own(text: str, before: str) -> str:
    """Of a turn's words, those after these."""
    if text.startswith(before):
        return text[len(before) :].lstrip() if before else text
    return "" if before.startswith(text) else text


def usage(spent: Spent) -> dict[str, Any]:
    """What a response took, as the protocol counts it. Nothing is said of what nobody counted."""
    return {
        "total_tokens": spent.input_tokens + spent.output_tokens,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "input_token_details": {
            "text_tokens": max(0, spent.input_tokens - spent.audio_tokens),
            "audio_tokens": spent.audio_tokens,
            "cached_tokens": spent.cached_tokens,
        },
        "output_token_details": {"text_tokens": spent.output_tokens, "audio_tokens": 0},
    }


def shape(session: dict[str, Any], asked: dict[str, Any], *, text: bool) -> dict[str, Any]:
    """What a response object says of itself, by the session and by what was asked for this one."""
    audio = session.get("audio", {}).get("output", {})
    found: dict[str, Any] = {
        "output_modalities": ["text"] if text else ["audio"],
        "max_output_tokens": asked.get("max_output_tokens") or session.get("max_output_tokens") or "inf",
        "metadata": asked.get("metadata"),
    }
    if not text:
        known = {name: audio[name] for name in ("format", "voice") if audio.get(name) is not None}
        found["audio"] = {"output": known}
    return found
