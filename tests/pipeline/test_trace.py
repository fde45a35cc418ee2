"""The trace: what is recorded reads back equal, and a broken file says where."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import tempfile
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import events
from pipeline.clock import simulate
from pipeline.errors import UserError
from pipeline.events import (
    Overlap,
    OverlapScored,
    Sample,
    SpeechPaused,
    SpeechStarted,
    TextEntered,
    TimerRang,
)
from pipeline.ports import Phrase
from pipeline.records import Window
from pipeline.trace import Entries, Entry, Item, Trace, line, read

KINDS = typing.get_args(Item)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may hold."""
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return st.one_of(
            *[st.none() if each is type(None) else values(each) for each in typing.get_args(hint)]
        )
    if hint is events.Span:
        pairs = st.tuples(st.integers(0, 2**40), st.integers(0, 2**40))
        return pairs.map(lambda pair: events.Span(Sample(min(pair)), Sample(max(pair))))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-(2**40), 2**40), float: st.floats(allow_nan=False),
        str: st.text(), bool: st.booleans(),
    }  # fmt: skip
    return plain[hint]


def items() -> st.SearchStrategy[Item]:
    """Anything that can stand in a trace."""
    return st.one_of(
        *[
            st.builds(kind, **{name: values(hint) for name, hint in typing.get_type_hints(kind).items()})
            for kind in KINDS
        ]
    )


def recorded(path: Path, *told: Item) -> list[Entry]:
    """The entries of a trace of these items, one virtual second apart."""
    heard: list[Entry] = []

    async def main() -> None:
        await asyncio.sleep(5)
        trace = Trace(path)
        trace.subscribe(heard.append)
        for item in told:
            trace.record(item)
            await asyncio.sleep(1)
        trace.close()

    simulate(main)
    return heard


def test_every_fact_order_and_passing_thing_has_its_kind() -> None:
    defined = [each for each in vars(events).values() if dataclasses.is_dataclass(each)]
    assert {each for each in defined if each is not events.Span} <= set(KINDS)
    assert len({kind.__name__ for kind in KINDS}) == len(KINDS)


@given(st.lists(items(), max_size=20))
def test_whatever_is_recorded_reads_back_equal(told: list[Item]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        entries = recorded(Path(folder) / "t.jsonl", *told)
        found = read(Path(folder) / "t.jsonl")
    assert found == entries
    assert [entry.item for entry in found] == told
    assert [type(entry.item) for entry in found] == [type(item) for item in told]
    assert found.note == ""


def test_entries_are_numbered_and_timed_from_the_first(tmp_path: Path) -> None:
    entries = recorded(tmp_path / "t.jsonl", TimerRang(), TimerRang(), SpeechStarted(Sample(3)))
    assert [(entry.seq, entry.at) for entry in entries] == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_a_line_is_plain_json(tmp_path: Path) -> None:
    recorded(tmp_path / "t.jsonl", SpeechStarted(Sample(16000)), OverlapScored(Sample(5), Overlap.NOISE))
    first, second = (tmp_path / "t.jsonl").read_text().splitlines()
    assert json.loads(first) == {"seq": 0, "t": 0.0, "kind": "SpeechStarted", "at": 16000, "sounds": None}
    told = {"at": 5, "kind_": "noise", "why": "", "source": "words"}
    assert json.loads(second) == {"seq": 1, "t": 1.0, "kind": "OverlapScored", **told}


def test_numpy_scalars_become_plain_and_infinity_becomes_a_word(tmp_path: Path) -> None:
    window = Window(Sample(np.int64(7)), np.float32(0.1), -math.inf)  # type: ignore[arg-type]
    recorded(tmp_path / "t.jsonl", window)
    assert '"probability": 0.10000000149011612, "level": "-inf"' in (tmp_path / "t.jsonl").read_text()
    (entry,) = read(tmp_path / "t.jsonl")
    assert entry.item == window
    assert isinstance(entry.item, Window)
    assert type(entry.item.at) is int
    assert type(entry.item.probability) is float


def test_a_trace_without_a_file_tells_its_subscribers() -> None:
    async def main() -> list[Entry]:
        trace, heard = Trace(), list[Entry]()
        trace.record(TimerRang())
        unsubscribe = trace.subscribe(heard.append)
        trace.record(SpeechStarted(Sample(1)))
        unsubscribe()
        unsubscribe()
        trace.record(SpeechPaused(Sample(2)))
        trace.close()
        assert [entry.seq for entry in trace.tail] == [0, 1, 2]
        return heard

    assert simulate(main) == [Entry(1, 0.0, SpeechStarted(Sample(1)))]


def test_what_a_listener_records_is_told_after_what_it_listened_to() -> None:
    async def main() -> list[list[Item]]:
        trace = Trace()
        first: list[Item] = []
        second: list[Item] = []

        def answer(entry: Entry) -> None:
            first.append(entry.item)
            if isinstance(entry.item, SpeechStarted):
                trace.record(TimerRang())

        trace.subscribe(answer)
        trace.subscribe(lambda entry: second.append(entry.item))
        trace.record(SpeechStarted(Sample(1)))
        return [first, second]

    story = [SpeechStarted(Sample(1)), TimerRang()]
    assert simulate(main) == [story, story]


def test_a_listener_that_fails_is_heard_of_and_does_not_block_the_trace() -> None:
    async def main() -> list[Item]:
        trace, heard = Trace(), list[Item]()

        def fail(entry: Entry) -> None:
            if entry.seq == 0:
                raise ValueError("a broken view")

        trace.subscribe(fail)
        trace.subscribe(lambda entry: heard.append(entry.item))
        with pytest.raises(ValueError, match="a broken view"):
            trace.record(TimerRang())
        trace.record(SpeechStarted(Sample(1)))
        return heard

    assert simulate(main) == [SpeechStarted(Sample(1))]


def test_memory_stays_bounded_and_little_waits_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    async def main() -> None:
        trace = Trace(path)
        for _ in range(1000):
            trace.record(TimerRang())
        assert len(trace.tail) == 64
        assert 1000 - 64 <= len(path.read_bytes().splitlines()) <= 1000
        trace.close()
        trace.close()
        trace.record(TimerRang())

    simulate(main)
    assert len(read(path)) == 1000


def test_a_last_line_that_was_cut_off_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    recorded(path, *[SpeechStarted(Sample(at)) for at in range(3)])
    whole = path.read_bytes()
    for cut in range(1, 20):
        path.write_bytes(whole[:-cut])
        found = read(path)
        assert [entry.item for entry in found] == [SpeechStarted(Sample(0)), SpeechStarted(Sample(1))]
        assert "last line" in found.note
        assert "(3) is cut off" in found.note


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"not json\n", "line 2 is not a trace entry"),
        (b"[1, 2]\n", "line 2 is not a trace entry"),
        (b'{"seq": 1, "t": 0.0}\n', "line 2 is not a trace entry .*seq, t and kind"),
        (b"\xff\xfe\n", "line 2 is not a trace entry"),
        (b"\n", "line 2 is not a trace entry"),
        (b'{"seq": 1, "t": 0.0, "kind": "Sneezed"}\n', "line 2 has the unknown kind 'Sneezed'"),
        (b'{"seq": 1, "t": 0.0, "kind": "SpeechStarted"}\n', "line 2 is not a valid SpeechStarted"),
        (
            b'{"seq": 1, "t": 0.0, "kind": "SpeechStarted", "at": "x"}\n',
            "line 2 is not a valid SpeechStarted",
        ),
        (b'{"seq": 1, "t": 0.0, "kind": "SpeechStarted", "at": 1, "b": 2}\n', r"unknown fields \['b'\]"),
        (
            b'{"seq": 1, "t": 0.0, "kind": "OverlapScored", "at": 1, "kind_": "cough"}\n',
            "not a valid OverlapScored",
        ),
    ],
)
def test_a_line_that_is_no_entry_is_named_by_its_number(tmp_path: Path, text: bytes, complaint: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"seq": 0, "t": 0.0, "kind": "TimerRang"}\n' + text)
    with pytest.raises(UserError, match=complaint):
        read(path)


def test_a_file_that_cannot_be_opened_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the trace"):
        read(tmp_path / "absent.jsonl")
    with pytest.raises(UserError, match="choose another folder"):
        Trace(tmp_path / "absent" / "t.jsonl")


def test_an_empty_file_is_an_empty_trace(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    assert read(path) == []


def test_a_full_disk_ends_the_file_but_not_the_conversation() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full to fill")

    async def main() -> tuple[str, int]:
        trace, heard = Trace(full), list[Entry]()
        trace.subscribe(heard.append)
        for _ in range(200):
            trace.record(TextEntered("x" * 100))
        trace.close()
        return trace.fault, len(heard)

    fault, heard = simulate(main)
    assert "the trace ends at entry 63" in fault
    assert heard == 200


def test_phrases_keep_their_text() -> None:
    entry = Entry(0, 0.1, Phrase(1, 2, 3, 'é "quoted"\n\u2028'))
    assert line(entry).count("\n") == 1
    assert isinstance(Entries(), list)
