"""Whoever tells turns, and whenever that changes: what the policy is told alternates."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.openings import Openings
from pipeline.errors import UserError
from pipeline.events import (
    EndOfTurnScored,
    Fact,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    Overlap,
    OverlapScored,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
)

HERE = Sample(1000)


def openings() -> tuple[Openings, list[Fact]]:
    told: list[Fact] = []
    return Openings(told.append, lambda: HERE), told


def test_a_detector_s_facts_pass() -> None:
    one, told = openings()
    facts = [SpeechStarted(HERE), EndOfTurnScored(HERE, 0.5, "sound"), SpeechPaused(HERE)]
    for fact in facts:
        one.emit(fact)
    assert told == facts
    one.commit()
    assert told[-1] == InputCommitted(HERE)


def test_while_the_client_tells_turns_no_detector_does() -> None:
    one, told = openings()
    one.take("client")
    for fact in (
        SpeechStarted(HERE),
        EndOfTurnScored(HERE, 1.0, "level"),
        OverlapScored(HERE, Overlap.NOISE, "", "sound"),
        SpeechPaused(HERE),
    ):
        one.emit(fact)
    assert told == []
    one.emit(EndOfTurnScored(HERE, 0.9, "words"))
    assert told == [EndOfTurnScored(HERE, 0.9, "words")]  # a draft's own reading is no detector's


def test_the_client_begins_once_and_gives_what_was_said_since() -> None:
    one, told = openings()
    one.take("client")
    one.begin()
    one.begin()
    one.commit()
    assert told == [InputBegan(HERE), InputGiven(Span(HERE, HERE))]
    one.begin()
    one.withdraw()
    assert told[2:] == [InputBegan(HERE), InputWithdrawn(HERE)]
    with pytest.raises(UserError, match="nothing was said"):
        one.commit()


def test_only_a_client_that_tells_turns_begins_them() -> None:
    one, _ = openings()
    with pytest.raises(UserError, match=r"take_turns\('client'\)"):
        one.begin()
    with pytest.raises(UserError, match="detector or client"):
        one.take("nobody")


def test_what_the_client_was_giving_is_given_when_a_detector_takes_over() -> None:
    one, told = openings()
    assert not one.take("client")
    one.begin()
    assert one.take("detector")
    assert told == [InputBegan(HERE), InputGiven(Span(HERE, HERE))]


DOINGS = st.lists(
    st.sampled_from(["started", "paused", "client", "detector", "begin", "commit", "withdraw"]), max_size=30
)


@given(DOINGS)
def test_speech_begins_and_pauses_in_turn_whatever_happens(doings: list[str]) -> None:
    one, told = openings()
    talking = False
    for doing in doings:
        if doing in ("started", "paused") and talking != (doing == "started"):
            talking = doing == "started"
            one.emit(SpeechStarted(HERE) if talking else SpeechPaused(HERE))
        elif doing in ("client", "detector"):
            one.take(doing)
        elif doing in ("begin", "commit", "withdraw") and (one.by == "client" or doing == "withdraw"):
            try:
                getattr(one, doing)()
            except UserError:
                assert doing == "commit"
    speech = [type(fact) for fact in told if isinstance(fact, SpeechStarted | SpeechPaused)]
    assert speech == [(SpeechStarted, SpeechPaused)[index % 2] for index in range(len(speech))]
    opened = [type(fact) for fact in told if isinstance(fact, InputBegan | InputGiven)]
    assert all(a is not b for a, b in pairwise(opened)) or InputWithdrawn in map(type, told)
