"""A client beside the turn policy, for tests: facts at given seconds go in, and events in short come out.

The orders are the policy's own, so nothing is told here that could not be. Every event is checked against
OpenAI's types as it is made.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from oracle import valid
from turn_scene import Scene, at

from agent.turn import advance
from agent.wire.projection import Projection
from agent.wire.told import Event, Given, ItemPut, Opened, Sounded, Told, Updated
from agent.wire.user_turns import Place, milliseconds
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    Fact,
    InputBegan,
    InputGiven,
    Order,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    Remember,
    Span,
    SpeechPaused,
    SpeechStarted,
    Turn,
)
from pipeline.records import Decided, Said, Thought
from pipeline.trace import Item

SESSION: dict[str, Any] = {
    "type": "realtime", "object": "realtime.session", "id": "sess_1", "output_modalities": ["audio"],
    "max_output_tokens": "inf",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "brain"},
            "turn_detection": {"type": "server_vad"},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "flite"},
    },
}  # fmt: skip
CHUNK = b"\1\0" * 960
"""40 ms of sound at 24 kHz."""


class Client(Scene):
    """One call's; its clock starts with the session's first sample."""

    def __init__(
        self,
        carrier: str = "websocket",
        *,
        own: bool = False,
        brain: bool = True,
        place: Place = milliseconds,
        **settings: object,
    ) -> None:
        super().__init__(**settings)
        counts = Counter[str]()

        def ids(kind: str) -> str:
            counts[kind] += 1
            return f"{kind}_{counts[kind]}"

        self.session = SESSION | {"hocket": {"transcripts": "brain" if brain else "whisper"}}
        self.projection = Projection(carrier=carrier, ids=ids, session=self.session, place=place)
        self.events: list[Event] = []
        self.heard = ""
        "Words of the present reply that reached the ear."
        self.told(Updated(self.session, extended=own) if own else Opened(self.session))
        self.new()

    # --- what goes in -------------------------------------------------------------------------------------

    def told(self, *items: Item | Told) -> Client:
        """What the call or the line tells besides facts and orders."""
        for item in items:
            self._take(self.projection.see(item, self.now))
        return self

    def rest(self) -> Client:
        """The loop turns: all that happened at once has been told."""
        self._take(self.projection.settle(self.now))
        return self

    def says(self, turn: int, text: str, *, whole: bool = False) -> Client:
        """The ear has heard these words of a reply."""
        self.heard = text
        return self.told(Said(turn, text, whole))

    def sounds(self, turn: int, chunks: int = 1) -> Client:
        """So much of it was sent."""
        return self.told(*[Sounded(turn, CHUNK, 0.04)] * chunks)

    def asks(self, thought: str = "heard: what is seven plus five\nsum\n") -> Client:
        """The user asks from 1.0 to 2.0 s; the brain says what it heard, and has an answer."""
        self.tell(1.1, SpeechStarted(at(1)))
        self.tell(2.1, SpeechPaused(at(2)))
        self.told(Thought(1, 1, thought))
        self.tell(2.2, PhraseDrafted(Turn(1), Draft(1), 0, "It is twelve."))
        return self

    def is_answered(self) -> Client:
        """And the turn is over."""
        self.asks().until(2.0 + self.config.endpoint)
        return self

    def hears(self) -> Client:
        """The first two words of the answer are heard."""
        self.is_answered().sounds(1)
        self.tell(3.0, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE), PlaybackStarted(Turn(1)))
        self.tell(3.4, PlaybackReached(Turn(1), 0, 9600))
        return self.says(1, "It is")

    def hears_all(self) -> Client:
        """The answer is heard to its end."""
        self.hears().sounds(1).says(1, "It is twelve.", whole=True).tell(4.0, PlaybackEnded(Turn(1)))
        return self

    def ordered(self, fact: Fact) -> tuple[Order, ...]:
        """What the policy answers to a fact now; nobody is told."""
        self.state, orders = advance(self.state.anchored(at(self.now), self.now), fact, self.now, self.config)
        return orders

    def gives(self, since: float, until: float) -> Client:
        """The client gives a turn whole, between these seconds."""
        self.tell(since, InputBegan(at(since)))
        self.until(until)
        self.told(Given(since, until, False))
        self.tell(until, InputGiven(Span(at(since), at(until))))
        return self

    def _advance(self, fact: Fact) -> None:
        anchored = self.state.anchored(at(self.now), self.now)
        before, (self.state, orders) = anchored.why, advance(anchored, fact, self.now, self.config)
        self.told(fact)
        if self.state.why and (orders or self.state.why != before):
            self.told(Decided(self.state.why))
        for order in orders:
            self.log.append((self.now, order))
            self.told(order)
            if isinstance(order, Remember):
                if order.heard_upto and self.heard:
                    self.told(Said(order.turn, self.heard, False))
                self.heard = ""
        self.rest()

    def _take(self, events: list[Event]) -> None:
        for event in events:
            valid(event, own=True)
        self.events += events

    # --- what comes out -----------------------------------------------------------------------------------

    def new(self) -> list[Event]:
        """The events since this was asked last."""
        events, self.events = self.events, []
        return events

    def brief(self) -> list[str]:
        """The same, each in short."""
        return [brief(event) for event in self.new()]


def message(item_id: str, role: str = "user", text: str = "hi") -> ItemPut:
    """An item of words that the client puts into the conversation."""
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": text}]
    return ItemPut({"id": item_id, "type": "message", "role": role, "content": content})


def brief(event: Event) -> str:
    """An event in one line: its type and what of it is worth reading."""
    told = [str(event["type"])]
    told += [str(event[name]) for name in ("response_id", "item_id") if event.get(name)]
    told += [f"{event[name]} ms" for name in ("audio_start_ms", "audio_end_ms") if name in event]
    told += [_words(event[name]) for name in ("delta", "transcript", "text", "arguments") if name in event]
    if "item" in event:
        told.append(_item(event["item"]))
    if "response" in event:
        told.append(_response(event["response"]))
    if "error" in event:
        told.append(str(event["error"]["code"]))
    told += [
        str(event[name]) for name in ("state", "name", "kind") if name in event and "arguments" not in event
    ]
    return " ".join(told)


def _words(said: str | bytes) -> str:
    return f"{len(said)} bytes" if isinstance(said, bytes) else repr(said)


def _item(item: dict[str, Any]) -> str:
    if item["type"] == "function_call":
        return f"{item['id']} call {item['name']} {item['status']}"
    if item["type"] == "function_call_output":
        return f"{item['id']} output {item['status']}"
    words = [part.get("transcript") or part.get("text") for part in item["content"]]
    said = f" {words[0]!r}" if words and words[0] else ""
    return f"{item['id']} {item['role']} {item['status']}{said}"


def _response(response: dict[str, Any]) -> str:
    details = response["status_details"] or {}
    reason = details.get("reason") or details.get("error", {}).get("message")
    return f"{response['id']} {response['status']}" + (f": {reason}" if reason else "")
