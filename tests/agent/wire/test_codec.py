"""Events as frames: read within bounds, written so that others read them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.wire.codec import (
    LARGEST,
    LARGEST_CONTROL,
    LARGEST_ITEM,
    as_json,
    as_packed,
    read_json,
    read_packed,
)
from agent.wire.refusal import WireError

_SOUND = b"\x01\x02" * 400_000


def _code(read: Any, data: Any) -> str:
    with pytest.raises(WireError) as refused:
        read(data)
    return refused.value.problem.code


def test_sound_in_an_event_is_base64_in_json_and_bytes_in_messagepack() -> None:
    msgpack = pytest.importorskip("msgpack")
    event = {"type": "response.output_audio.delta", "delta": b"\x00\xff", "n": None, "x": 1.5}
    assert json.loads(as_json(event)) == {**event, "delta": "AP8="}
    assert msgpack.unpackb(as_packed(event)) == event


def test_what_another_library_packs_is_read() -> None:
    msgpack = pytest.importorskip("msgpack")
    event = {"type": "input_audio_buffer.append", "audio": b"\x00\x01", "event_id": "a"}
    assert read_packed(msgpack.packb(event)) == event


def test_a_large_frame_of_sound_is_read_and_of_it_nothing_but_the_sound() -> None:
    msgpack = pytest.importorskip("msgpack")
    event = {"more": [[]] * 1000, "type": "input_audio_buffer.append", "event_id": "a"}
    text = base64.b64encode(_SOUND).decode()
    kept = {"type": "input_audio_buffer.append", "audio": text, "event_id": "a"}
    assert read_json(json.dumps(event | {"audio": text})) == kept
    assert read_packed(msgpack.packb(event | {"audio": _SOUND})) == kept | {"audio": _SOUND}


def test_a_large_item_of_sound_is_read() -> None:
    text = base64.b64encode(_SOUND).decode()
    item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": text}]}
    assert read_json(json.dumps({"type": "conversation.item.create", "item": item})) == {
        "type": "conversation.item.create", "item": item,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ('{"type": "session.update", "x": "' + "a" * LARGEST_CONTROL + '"}', "event_too_large"),
        ('{"type": "conversation.item.create", "x": "' + "a" * LARGEST_ITEM + '"}', "event_too_large"),
        ('{"type": "input_audio_buffer.append", "audio": "' + "a" * LARGEST + '"}', "event_too_large"),
        ("[" * 100_000, "invalid_json"),
        ("{", "invalid_json"),
        ("NaN", "invalid_json"),
        ("1e999", "invalid_json"),
        ('"\\ud800"', "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        ("", "invalid_json"),
    ],
)
def test_a_text_frame_that_cannot_be_taken_is_refused(data: str | bytes, code: str) -> None:
    assert _code(read_json, data) == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x91" * 100_000, "invalid_msgpack"),
        (b"\xdd\xff\xff\xff\xff", "invalid_msgpack"),
        (b"\xc6\xff\xff\xff\xff", "invalid_msgpack"),
        (b"\xa1\xff", "invalid_msgpack"),
        (b"", "invalid_msgpack"),
        (b"\xc6\x00\x10\x00\x00" + bytes(2**20), "event_too_large"),
    ],
)
def test_a_binary_frame_that_cannot_be_taken_is_refused(data: bytes, code: str) -> None:
    assert _code(read_packed, data) == code


@given(data=some.binary(max_size=64))
@settings(max_examples=150, deadline=None)
def test_no_bytes_bring_anything_but_a_value_or_a_problem(data: bytes) -> None:
    for read in (read_json, read_packed):
        try:
            read(data)
        except WireError as refused:
            assert refused.problem.code in ("invalid_json", "invalid_msgpack")
