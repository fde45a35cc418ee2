"""How events are written down and read: JSON text, or MessagePack with sound as bytes.

Bounded in size before anything is read: of a large frame only sound is kept. What is read is not understood
here; ``requests`` does that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from .refusal import WireError
from .told import Event, Problem

LARGEST = 20 * 2**20 + 2**16
"""Bytes of an event that appends sound: 15 MiB of it are legal, and base64 takes a third more."""
LARGEST_ITEM = 4 * 2**20
"""Bytes of an item with sound: a minute of it in base64."""
LARGEST_CONTROL = 256 * 2**10
"""Bytes of any other event."""


class _Append(Struct, frozen=True, tag="input_audio_buffer.append", omit_defaults=True):
    """All that is kept of a large frame of sound."""

    audio: str
    event_id: str | None = None


class _PackedAppend(Struct, frozen=True, tag="input_audio_buffer.append", omit_defaults=True):
    audio: bytes
    event_id: str | None = None


class _Part(Struct, frozen=True, omit_defaults=True):
    type: str
    audio: str | None = None
    text: str | None = None
    transcript: str | None = None


class _PackedPart(Struct, frozen=True, omit_defaults=True):
    type: str
    audio: bytes | None = None
    text: str | None = None
    transcript: str | None = None


class _Body(Struct, frozen=True, omit_defaults=True):
    role: str
    content: list[_Part]
    type: str = ""
    id: str | None = None


class _PackedBody(Struct, frozen=True, omit_defaults=True):
    role: str
    content: list[_PackedPart]
    type: str = ""
    id: str | None = None


class _Item(Struct, frozen=True, tag="conversation.item.create", omit_defaults=True):
    item: _Body
    event_id: str | None = None
    previous_item_id: str | None = None


class _PackedItem(Struct, frozen=True, tag="conversation.item.create", omit_defaults=True):
    item: _PackedBody
    event_id: str | None = None
    previous_item_id: str | None = None


_JSON = msgspec.json.Decoder()
_JSON_APPEND, _JSON_ITEM = msgspec.json.Decoder(_Append), msgspec.json.Decoder(_Item)
_PACKED = msgspec.msgpack.Decoder()
_PACKED_APPEND, _PACKED_ITEM = msgspec.msgpack.Decoder(_PackedAppend), msgspec.msgpack.Decoder(_PackedItem)


def read_json(text: str | bytes) -> object:
    """The value in a text frame. Raises WireError: ``invalid_json``, ``event_too_large``."""
    return _read(text, "JSON", _JSON.decode, _JSON_APPEND.decode, _JSON_ITEM.decode)


def read_packed(data: bytes) -> object:
    """The value in a binary frame. Raises WireError: ``invalid_msgpack``, ``event_too_large``."""
    return _read(data, "MessagePack", _PACKED.decode, _PACKED_APPEND.decode, _PACKED_ITEM.decode)


def as_json(event: Event) -> str:
    """The event as a text frame, sound as base64."""
    return msgspec.json.encode(event).decode()


def as_packed(event: Event) -> bytes:
    """The event as a binary frame, sound as it is."""
    return msgspec.msgpack.encode(event)


def _read(
    data: str | bytes,
    form: str,
    small: Callable[[Any], Any],
    append: Callable[[Any], Any],
    item: Callable[[Any], Any],
) -> object:
    size = len(data)
    try:
        if size <= LARGEST_CONTROL:
            return small(data)
        if size <= LARGEST:
            return _large(data, size, append, item)
    except msgspec.ValidationError:
        if size <= LARGEST_CONTROL:  # a number that nobody can hold
            raise _unreadable(form) from None
    except (ValueError, RecursionError, MemoryError, OverflowError, msgspec.DecodeError):
        raise _unreadable(form) from None
    raise WireError(
        Problem(
            "event_too_large",
            f"An event of {size} bytes is too large: {LARGEST} with sound to append, {LARGEST_ITEM} for an "
            f"item with sound, {LARGEST_CONTROL} for any other.",
        )
    )


def _large(data: Any, size: int, append: Callable[[Any], Any], item: Callable[[Any], Any]) -> object:
    """A frame of sound. Raises msgspec.ValidationError where it is none."""
    try:
        found = append(data)
    except msgspec.ValidationError:
        if size > LARGEST_ITEM:
            raise
        found = item(data)
    return msgspec.to_builtins(found, builtin_types=(bytes,))


def _unreadable(form: str) -> WireError:
    code = "invalid_json" if form == "JSON" else "invalid_msgpack"
    return WireError(Problem(code, f"This is no {form} that can be read."))
