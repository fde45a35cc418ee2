"""Bytes to events, however they are cut."""

from __future__ import annotations

import random

import pytest

from model.http.events import LONGEST, EventReader
from pipeline.errors import PeerError

SSE = (
    'data: {"n": 1, "s": "Größe 🙂"}\n\n: ping\n\nevent: x\r\ndata: {"n":\r\ndata: 2}\r\n\r\n'
    'data:{"n": 3}\n\ndata: [DONE]\n\ndata: {"n": 4}\n\n'
).encode()
LINES = '{"n": 1, "s": "Größe"}\n\n{"n": 2}\r\n{"n": 3}'.encode()


def read(framing: str, parts: list[bytes]) -> list[int]:
    reader = EventReader(framing)
    return [event["n"] for part in parts for event in reader.feed(part)] + [
        each["n"] for each in reader.finish()
    ]


@pytest.mark.parametrize(("framing", "whole"), [("sse", SSE), ("lines", LINES)])
def test_however_the_bytes_are_cut_the_events_are_the_same(framing: str, whole: bytes) -> None:
    for seed in range(60):
        cuts = sorted(random.Random(seed).sample(range(1, len(whole)), seed % 20 + 1))
        parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert read(framing, parts) == [1, 2, 3]


def test_half_an_event_at_the_end_is_none() -> None:
    assert read("sse", [b'data: {"n": 1}\n\ndata: {"n": 2}\n']) == [1]
    assert read("sse", [b'data: {"n": 1}\n\ndata: {"n"']) == [1]
    assert read("lines", [b'{"n": 1}\n{"n": ']) == [1]


def test_the_end_is_known_by_its_own_event() -> None:
    reader = EventReader("sse")
    reader.feed(b"data: [DONE]\n")
    assert not reader.done
    reader.feed(b"\n")
    assert reader.done


def test_what_is_no_json_and_what_never_ends_are_errors() -> None:
    with pytest.raises(PeerError, match=r"no JSON: '\{oops\}'"):
        EventReader("sse").feed(b"data: {oops}\n\n")
    with pytest.raises(PeerError, match=f"more than {LONGEST} bytes"):
        EventReader("lines").feed(b"x" * (LONGEST + 1))
    reader = EventReader("sse")
    with pytest.raises(PeerError, match=f"more than {LONGEST} bytes"):
        for _ in range(3):
            reader.feed(b"data: " + b"x" * (LONGEST // 2) + b"\n")
