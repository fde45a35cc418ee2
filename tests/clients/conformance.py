"""Holds server events against openai's own types, as strictly as openai-agents does, and a little more.

More: a field that openai's types do not know is a mistake too, unless it is one of a session's ``SHOWN``; a
misspelt optional field would pass otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, Field, TypeAdapter

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Annotated[RealtimeServerEvent, Field(discriminator="type")])
SHOWN = frozenset({"hocket", "id", "object", "expires_at"})
"""Fields of a session that openai's types lack: our own, and three that OpenAI's server shows besides."""


def conforms(event: dict[str, Any]) -> None:
    """Raises pydantic's ValidationError, or AssertionError for fields that openai's types lack."""
    shown = event | ({"previous_item_id": ""} if event.get("previous_item_id", "") is None else {})
    parsed = _ADAPTER.validate_python(shown)  # agents-py, too, reads a null there as an empty name
    assert isinstance(event.get("event_id"), str) and event["event_id"]
    unknown = sorted(set(_unknown(parsed, "")) - {f".session.{name}" for name in SHOWN})
    assert not unknown, f"fields that openai's types do not know: {', '.join(unknown)}"


def conversation_is_whole(events: Iterable[dict[str, Any]]) -> None:
    """What must hold over a whole call that waited for its answers: each is created and done, once."""
    events = list(events)
    ids = [event["event_id"] for event in events]
    assert len(ids) == len(set(ids)), "event ids are each used once"
    created = [event["response"]["id"] for event in events if event["type"] == "response.created"]
    done = [event["response"]["id"] for event in events if event["type"] == "response.done"]
    assert len(created) == len(set(created)) and len(done) == len(set(done))
    assert set(done) == set(created), "each response that is created is done, and no other"
    over: set[str] = set()
    open_: set[str] = set()
    for event in events:
        if event["type"] == "response.created":
            open_.add(event["response"]["id"])
        elif event["type"].startswith("response.") and "response_id" in event:
            assert event["response_id"] in open_ - over, f"{event['type']} outside its response"
        if event["type"] == "response.done":
            over.add(event["response"]["id"])
    added = Counter(event["item"]["id"] for event in events if event["type"] == "conversation.item.added")
    finished = Counter(event["item"]["id"] for event in events if event["type"] == "conversation.item.done")
    assert not [name for name, count in (added | finished).items() if count > 1], "items come and end once"
    assert set(finished) <= set(added)


def _unknown(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{where}.{name}"
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _unknown(part, f"{where}[{number}]")
