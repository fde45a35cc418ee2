"""What must be true of all that a client is told, whatever happens in its call: a sentence per violation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from agent.wire.told import Event

AFTER = "output_audio_buffer.stopped"
"""The one event that names a response which is done: the protocol puts it there."""
_TALK = {
    "response.output_audio.delta", "response.output_audio_transcript.delta", "response.output_text.delta"
}  # fmt: skip


@dataclass
class Ledger:
    """One call's, event by event."""

    wrong: list[str] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    created: dict[str, str | None] = field(default_factory=dict)
    "Responses and their conversations."
    done: set[str] = field(default_factory=set)
    items: Counter[str] = field(default_factory=Counter)
    "How often each was added to the conversation."
    finished: Counter[str] = field(default_factory=Counter)
    deleted: set[str] = field(default_factory=set)
    outputs: dict[str, str] = field(default_factory=dict)
    "Output items and their responses."
    closed: set[str] = field(default_factory=set)
    parts: dict[str, bool] = field(default_factory=dict)
    "Messages whose content has begun; False: it is over."
    words: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    speech: str | None = None
    transcribed: Counter[str] = field(default_factory=Counter)

    def take(self, event: Event) -> None:
        """Look at the next event."""
        kind = str(event["type"])
        self._expect(event["event_id"] not in self.events, f"{event['event_id']} twice")
        self.events.add(event["event_id"])
        if (response := event.get("response_id")) is not None:
            self._expect(response in self.created, f"{kind} of a response that never began")
            self._expect(response not in self.done or kind == AFTER, f"{kind} after response.done")
        before = event.get("previous_item_id")
        known = before is None or before in self.items
        self._expect(known, f"{kind} after {before}, which never was")
        if kind.startswith("response."):
            self._response(kind, event)
        elif kind.startswith("conversation.item."):
            self._item(kind.removeprefix("conversation.item."), event)
        elif kind.startswith("input_audio_buffer."):
            self._buffer(kind.removeprefix("input_audio_buffer."), event)

    def end(self) -> list[str]:
        """Nothing more comes: what is wrong."""
        for response in self.created.keys() - self.done:
            self.wrong.append(f"{response} was never done")
        for item_id in self.items.keys() - self.finished.keys() - self.deleted:
            self.wrong.append(f"{item_id} was added and never done")
        for item_id in self.outputs.keys() - self.closed:
            self.wrong.append(f"output item {item_id} was never done")
        return self.wrong

    def _expect(self, true: bool, otherwise: str) -> None:
        if not true:
            self.wrong.append(otherwise)

    def _response(self, kind: str, event: Event) -> None:
        item_id = event.get("item_id") or event.get("item", {}).get("id")
        match kind.removeprefix("response."):
            case "created":
                self._created(event["response"])
            case "done":
                self._done(event["response"])
            case "output_item.added":
                self._expect(item_id not in self.outputs, f"output item {item_id} twice")
                self.outputs[item_id] = event["response_id"]
            case "output_item.done":
                self._expect(self.outputs.get(item_id) == event["response_id"], f"{item_id} is not its own")
                self._expect(item_id not in self.closed, f"output item {item_id} done twice")
                self.closed.add(item_id)
            case "content_part.added":
                self._expect(item_id in self.outputs and item_id not in self.parts, f"a part of {item_id}")
                self.parts[item_id] = True
            case "content_part.done":
                self._expect(self.parts.get(item_id, False), f"the part of {item_id} ends without beginning")
                self.parts[item_id] = False
            case "output_audio_transcript.done" | "output_text.done":
                final, told = event.get("transcript", event.get("text")), self.words.get(item_id, "")
                extends = told == final or (told.startswith(final) if final is not None else False)
                self._expect(extends, f"{item_id}: told {told!r}, in the end {final!r}")
            case _ if kind in _TALK:
                self._expect(self.parts.get(item_id, False), f"{kind} outside of the part of {item_id}")
                if kind != "response.output_audio.delta":
                    self.words[item_id] = self.words.get(item_id, "") + event["delta"]

    def _created(self, response: dict[str, Any]) -> None:
        self._expect(response["id"] not in self.created, f"{response['id']} began twice")
        self._expect(response["status"] == "in_progress", f"{response['id']} begins {response['status']}")
        self.created[response["id"]] = response["conversation_id"]

    def _done(self, response: dict[str, Any]) -> None:
        name = response["id"]
        self._expect(name in self.created and name not in self.done, f"{name} done twice or never begun")
        self._expect(response["status"] != "in_progress", f"{name} is done in progress")
        self.done.add(name)
        mine = {item_id for item_id, owner in self.outputs.items() if owner == name}
        self._expect({item["id"] for item in response["output"]} == mine, f"{name} holds other items")
        self._expect(mine <= self.closed, f"{name} is done before its items are")

    def _item(self, kind: str, event: Event) -> None:
        item_id = event.get("item_id") or event["item"]["id"]
        match kind:
            case "added":
                self.items[item_id] += 1
                self._expect(self.items[item_id] == 1, f"{item_id} added twice")
            case "done":
                self.finished[item_id] += 1
                self._expect(self.finished[item_id] == 1 == self.items[item_id], f"{item_id} done")
            case "deleted":
                self.deleted.add(item_id)
            case _:
                self._expect(item_id in self.items, f"{kind} of {item_id}, which never was")
        if kind.endswith((".completed", ".failed")):
            self.transcribed[item_id] += 1
            self._expect(self.transcribed[item_id] == 1, f"{item_id} was written down twice")

    def _buffer(self, kind: str, event: Event) -> None:
        match kind:
            case "speech_started":
                self.speech = event["item_id"]
            case "speech_stopped":
                self._expect(event["item_id"] == self.speech, "speech stopped that had not started")
                self.speech = None
            case "committed":
                self._expect(event["item_id"] not in self.items, f"{event['item_id']} committed twice")


def wrong(events: list[Event]) -> list[str]:
    """What is wrong with all that a client was told."""
    ledger = Ledger()
    for event in events:
        ledger.take(event)
    return ledger.end()
