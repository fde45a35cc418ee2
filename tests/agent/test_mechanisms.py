"""Each switch of ``[mechanisms]`` leaves out what it names, in whole conversations of a paced brain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.line import SessionConfig
from pipeline.events import (
    CommitDraft,
    DraftStarted,
    EndOfTurnScored,
    Listened,
    PlaybackEnded,
    PlaybackStarted,
    PlaybackStarved,
    SpeechPaused,
)
from pipeline.mechanisms import Mechanisms
from pipeline.records import Noted, Speculated, Thought
from sim import sweep_booth
from sim.sweep import case
from sim.sweep_booth import Record, hold

QUESTION = ("alpha", "bravo", "delta", "echo", "foxtrot")


def held(monkeypatch: pytest.MonkeyPatch, *, pace: float = 0.02, **switches: object) -> Record:
    """One long question to a paced brain that notes and holds its tongue, and its answer."""

    def config(**settings: object) -> SessionConfig:
        return SessionConfig(**{**settings, "mechanisms": Mechanisms(**switches)})  # type: ignore[arg-type]

    monkeypatch.setattr(sweep_booth, "SessionConfig", config)
    given = case("resume", 0)
    mind = replace(given.mind, pace=pace, speaking="auto")
    return hold(replace(given, mind=mind, first=QUESTION, second=(), lag=0.06, first_sound=0.05))


def times(record: Record, kind: type) -> list[float]:
    return [at for at, _ in record.evidence.of(kind)]


def reply(record: Record) -> str:
    return " ".join(exchange.reply for exchange in record.evidence.exchanges)


def test_with_everything_on_it_notes_while_the_user_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch)
    notes = times(record, Noted)
    assert len(notes) >= 3 and notes[0] < notes[2] < times(record, SpeechPaused)[-1]
    assert "Sum" in reply(record) and record.open_streams == 0
    ((_, told),) = list(record.evidence.of(Speculated))[-1:]
    assert told.hit and told.saved > 0


def test_with_everything_on_it_thinks_on_beneath_its_first_words(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, pace=0.06)
    sounds = times(record, PlaybackStarted)[0]
    assert [at for at, thought in record.evidence.of(Thought) if thought.draft and at > sounds]
    assert "Sum" in reply(record) and record.open_streams == 0


def test_a_thinker_that_is_too_slow_pauses_the_voice_between_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, pace=0.12)
    assert times(record, PlaybackStarved), "counted"
    assert times(record, PlaybackEnded) and "Sum" in reply(record), "and said to its end"


def test_a_reply_without_thoughts_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, speaking_thoughts="think-fully", listening_thoughts="off")
    thoughts = times(record, Thought)
    assert thoughts and max(thoughts) < times(record, PlaybackStarted)[0]


def test_a_reply_without_any_thought(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not times(held(monkeypatch, speaking_thoughts="no-think", listening_thoughts="off"), Thought)


def test_listening_thoughts_off(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, listening_thoughts="off")
    assert not times(record, Noted)
    assert all(thought.draft for _, thought in record.evidence.of(Thought))


def test_prefill_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert times(held(monkeypatch), Listened)
    assert not times(held(monkeypatch, prefill=False), Listened)


def test_speculation_off(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, speculation=False)
    assert min(times(record, DraftStarted)) >= times(record, CommitDraft)[-1]
    assert "Sum" in reply(record)


def test_end_of_turn_off(monkeypatch: pytest.MonkeyPatch) -> None:
    record = held(monkeypatch, end_of_turn=False)
    assert not [fact for _, fact in record.evidence.of(EndOfTurnScored) if fact.source == "sound"]
