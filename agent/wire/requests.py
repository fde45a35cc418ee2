"""One decoded client event becomes one frozen request, or an error that says where it is wrong. Pure.

Only what was checked comes out: types, ranges, sizes, depth, finite numbers, text that can be written down
again. It never looks at the state of a call.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from .refusal import WireError, invalid, missing
from .schema import Identity, Item, Milliseconds, Response, Session
from .told import Problem

DEEPEST = 24
"""Lists and objects within each other."""
MOST_VALUES = 20_000
"""Values in one control event."""
LONGEST_NAME = 512
"""Characters of an ``event_id``."""


class Update(Struct, frozen=True, tag="session.update"):
    """Change the session."""

    session: Session


class Append(Struct, frozen=True, tag="input_audio_buffer.append"):
    """Some of the user's sound."""

    audio: Any
    "Base64 text, or bytes; which is looked at where it is decoded."


class Commit(Struct, frozen=True, tag="input_audio_buffer.commit"):
    """The user's turn is over."""


class Clear(Struct, frozen=True, tag="input_audio_buffer.clear"):
    """Forget what was appended and not committed."""


class CreateItem(Struct, frozen=True, tag="conversation.item.create"):
    """Put an item into the conversation."""

    item: Item
    previous_item_id: Identity | None = None


class RetrieveItem(Struct, frozen=True, tag="conversation.item.retrieve"):
    """Show an item."""

    item_id: Identity


class DeleteItem(Struct, frozen=True, tag="conversation.item.delete"):
    """Forget an item."""

    item_id: Identity


class TruncateItem(Struct, frozen=True, tag="conversation.item.truncate"):
    """No more than this of a reply was heard."""

    item_id: Identity
    audio_end_ms: Milliseconds
    content_index: Annotated[int, Meta(ge=0, le=0)] = 0


class CreateResponse(Struct, frozen=True, tag="response.create"):
    """Answer."""

    response: Response | None = None


class CancelResponse(Struct, frozen=True, tag="response.cancel"):
    """Stop answering."""

    response_id: Identity | None = None


class ClearOutput(Struct, frozen=True, tag="output_audio_buffer.clear"):
    """Let go of the sound that is on its way (WebRTC)."""


class Playout(Struct, frozen=True, tag="hocket.playout"):
    """How late the client hears; milliseconds, not trusted."""

    rtt_ms: float | None = None
    jitter_buffer_ms: float | None = None
    output_latency_ms: float | None = None


Request: TypeAlias = (
    Update | Append | Commit | Clear | CreateItem | RetrieveItem | DeleteItem | TruncateItem | CreateResponse
    | CancelResponse | ClearOutput | Playout
)  # fmt: skip
KINDS: dict[str, type[Request]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        Update, Append, Commit, Clear, CreateItem, RetrieveItem, DeleteItem, TruncateItem, CreateResponse,
        CancelResponse, ClearOutput, Playout,
    )
}  # fmt: skip
"""By their names on the wire."""
_OLD_FORMATS = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
"""Formats by the names of the protocol's beta, which some clients still write."""
_OLD_CONTENT = {"text": "output_text", "audio": "output_audio"}
_WHERE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `([^`]*)`")
_ACCEPTED = (
    ("session.type", "sessions of type realtime are held here"),
    ("session.prompt", "stored prompts are not known here: send their text as instructions"),
    ("response.prompt", "stored prompts are not known here: send their text as instructions"),
    ("format.rate", "PCM has 24000 samples a second"),
    ("format.type", "accepted are audio/pcm, audio/pcmu and audio/pcma"),
    ("turn_detection.type", "accepted are server_vad, semantic_vad, or null for turns by hand"),
    ("eagerness", "accepted are auto, low, medium and high"),
    ("output_modalities", 'accepted are ["audio"] and ["text"]'),
    ("tools.type", "accepted are tools of type function; those of MCP servers are the server's to set up"),
    ("tools.name", "a name has 1 to 64 letters, digits, _ and -"),
    ("tool_choice", "accepted are auto, none, required, or a function by name"),
    ("content.type", "accepted are input_text, input_audio, output_text and output_audio"),
    ("item.type", "accepted are message, function_call and function_call_output"),
    ("item.role", "accepted are user, assistant and system"),
    ("max_output_tokens", 'accepted are 1 to 4096, or "inf"'),
    ("content_index", "an item has one part of sound, at index 0"),
    ("conversation", "accepted are auto and none"),
    ("effort", "accepted are none, minimal, low, medium, high and xhigh"),
)
"""What is accepted at the end of a path, the first that fits; list positions left out."""


def name_of(event: object) -> str | None:
    """The client's own name for its event, where it gave one that can be sent back."""
    found = event.get("event_id") if isinstance(event, Mapping) else None
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_NAME or not _writable(found):
        return None
    return found


def understood(event: object) -> Request:
    """The request that a decoded event makes. Raises WireError, and nothing else, for anything that is none.

    ``event``: an object with a ``type``; its sound is base64 text, or bytes.
    """
    if not isinstance(event, dict):
        raise WireError(Problem("invalid_event", "An event is an object with a type."))
    kind = event.get("type")
    if kind is None:
        raise missing("type")
    if not isinstance(kind, str) or (wanted := KINDS.get(kind)) is None:
        kind = kind if isinstance(kind, str) else type(kind).__name__
        shown = kind[:60].encode("utf-8", "replace").decode()
        known = ", ".join(KINDS)
        raise invalid("type", f"There is no event {shown!r}. There are: {known}.", "unknown_event_type")
    own = event.get("event_id")
    if own is not None and name_of(event) is None:
        raise invalid("event_id", f"event_id is a text of 1 to {LONGEST_NAME} characters.")
    if wanted is not Append:
        _check(event)
    found: Request = converted(_modern(event, kind), wanted)
    return found


def session_of(found: object) -> Session:
    """A session object that came by another way than an event. Raises WireError likewise."""
    _check(found)
    if isinstance(found, dict) and "type" not in found:
        found = {**found, "type": "realtime"}
    wrapped = _modern({"type": "session.update", "session": found}, "session.update")
    update: Update = converted(wrapped, Update)
    return update.session


def converted(found: object, kind: Any) -> Any:
    """The value as this type. Raises WireError that says where it does not fit."""
    try:
        return msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from None
    except (RecursionError, OverflowError, ValueError, TypeError):  # ValidationError is a ValueError too
        raise WireError(Problem("invalid_event", "The event cannot be read.")) from None


def _told(text: str) -> WireError:
    """What msgspec says of a value, as the protocol says it: the place, then what is accepted there."""
    found = _WHERE.match(text)
    said, param = (found[1], found[2] or None) if found else (text, None)
    lost = _MISSING.search(said)
    if lost:
        return missing(f"{param}.{lost[1]}" if param else lost[1])
    plain = re.sub(r"\[[^]]*\]", "", param or "")
    hint = next((accepted for end, accepted in _ACCEPTED if f".{plain}".endswith(f".{end}")), "")
    said = said if param is None else f"{param}: {said[:1].lower()}{said[1:]}"
    return invalid(param, f"{said}; {hint}." if hint else f"{said}.")


def _check(event: object) -> None:
    """Depth, size, finite numbers, text that can be written again; iterative, so that nothing overflows."""
    level: list[object] = [event]
    values = 0
    for _ in range(DEEPEST):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                if not all(isinstance(key, str) and _writable(key) for key in value):
                    raise invalid(None, "The names in an object are texts.", "invalid_event")
                below += value.values()
            elif isinstance(value, list):
                below += value
            else:
                _check_plain(value)
        values += len(below)
        if values > MOST_VALUES:
            raise invalid(None, f"An event has at most {MOST_VALUES} values.", "invalid_event")
        if not below:
            return
        level = below
    raise invalid(None, f"An event is at most {DEEPEST} levels deep.", "invalid_event")


def _check_plain(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(None, "Numbers are finite.", "invalid_event")
    if isinstance(value, str) and not _writable(value):
        raise invalid(None, "A text holds half a character (a lone surrogate).", "invalid_event")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise invalid(None, "Whole numbers have at most 64 bits.", "invalid_event")
    if value is not None and not isinstance(value, bool | int | float | str | bytes):
        raise invalid(None, f"{type(value).__name__} is no JSON value.", "invalid_event")


def _writable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _modern(event: dict[str, Any], kind: str) -> dict[str, Any]:
    """The event with names of the protocol's beta brought up to date, where clients still write them."""
    if kind == "session.update":
        return _modern_session(event)
    if kind == "conversation.item.create" and "item" in event:
        return {**event, "item": _modern_item(event.get("item"))}
    response = event.get("response")
    if kind == "response.create" and isinstance(response, dict) and isinstance(response.get("input"), list):
        items = [_modern_item(each) for each in response["input"]]
        return {**event, "response": {**response, "input": items}}
    return event


def _modern_session(event: dict[str, Any]) -> dict[str, Any]:
    session = event.get("session")
    audio = session.get("audio") if isinstance(session, dict) else None
    if not isinstance(session, dict) or not isinstance(audio, dict):
        return event
    sides = {}
    for side, told in audio.items():
        old = told.get("format") if isinstance(told, dict) else None
        known = _OLD_FORMATS.get(old) if isinstance(old, str) else None
        sides[side] = {**told, "format": known} if known else told
    return {**event, "session": {**session, "audio": sides}}


def _modern_item(item: Any) -> Any:
    """Without ``type`` it is a message; an assistant's ``text`` is ``output_text``."""
    if not isinstance(item, dict):
        return item
    item = {"type": "message", **item} if "type" not in item and "role" in item else item
    content = item.get("content")
    if item.get("role") != "assistant" or not isinstance(content, list):
        return item
    parts = []
    for part in content:
        old = part.get("type") if isinstance(part, dict) else None
        known = _OLD_CONTENT.get(old) if isinstance(old, str) else None
        parts.append({**part, "type": known} if known else part)
    return {**item, "content": parts}
