"""Kinds of decision are read from the policy's own words, and each can be brought about."""

from __future__ import annotations

import pytest

from agent.turn import TurnConfig
from pipeline.events import Fact, Overlap, OverlapScored, Sample
from pipeline.records import Decided
from pipeline.trace import Entry
from sim import script
from sim.decisions import DECISIONS, EVERY, UNSURE, decisions
from sim.evidence import Evidence
from sim.invariants import violations
from sim.script import CLOSURE, Act, Hasten, Rest, Scenario, Speak
from sim.words import BACKCHANNEL, COUGH
from sim.world import play


def told(*items: Fact | Decided) -> Evidence:
    return Evidence(entries=tuple(Entry(seq, float(seq), item) for seq, item in enumerate(items)))


def met(*acts: Act, seed: int = 1, **settings: object) -> set[str]:
    evidence = play(Scenario(seed, acts, shortest=1.0, **settings))  # type: ignore[arg-type]
    assert violations(evidence) == []
    return {name for name, count in decisions(evidence).items() if count}


LONG = Speak(("alpha", "long"))
OVER = [
    ((BACKCHANNEL,) * 2, True, "overlap: excused"),
    ((BACKCHANNEL,), True, "overlap: judged in its pause"),
    ((BACKCHANNEL,) * 6, True, "overlap: too long for a backchannel"),
    (("kilo", "lima", "mike", "golf"), True, "overlap: barge-in while talking"),
    (("kilo", "lima", "mike", "golf"), False, "overlap: the user goes on"),
    ((BACKCHANNEL,), False, "overlap: deserves no answer"),
    ((COUGH,), False, "overlap: only a burst"),
    (("ponder",), False, "overlap: not judged in time"),
]


@pytest.mark.parametrize(("words", "heads", "name"), OVER, ids=[name for _, _, name in OVER])
def test_speech_over_the_voice_is_decided_on_in_every_way(
    words: tuple[str, ...], heads: bool, name: str
) -> None:
    assert name in met(LONG, script.Overlap(words, 0.6), Rest(5.0), heads=heads)


def test_a_voice_that_fades_before_a_plosive_is_drafted_and_the_draft_dropped_when_it_is_back() -> None:
    fell = met(Speak(("alpha", "bravo", "charlie"), pauses=((2, CLOSURE),)), Rest(4.0), heads=False)
    assert {"draft before a pause, by the level", "early draft dropped: the level is back"} <= fell
    assert "early draft stands" in fell, "at the true end another one begins"


def test_a_lone_backchannel_is_declined_and_a_long_silence_broken_once() -> None:
    assert "short turn declined" in met(Speak((BACKCHANNEL,)), Rest(3.0))
    assert "silence broken" in met(Speak(("alpha",)), Rest(4.0), turn=TurnConfig(nudge_after=1.0))


def test_a_user_who_hesitates_teaches_the_policy_how_long() -> None:
    slow = Speak(("alpha", "bravo", "charlie"), pauses=((1, 0.3), (2, 0.35)))
    settings = {"heads": False, "turn": TurnConfig(adapt_after=2)}
    assert "committed by the user's own pauses" in met(slow, Rest(4.0), **settings)


def test_a_turn_goes_on_after_its_commit_while_nothing_was_heard() -> None:
    hasty = Hasten(("alpha", "ponder"), ("golf",))
    assert "turn goes on after its commit" in met(hasty, Rest(4.0))


def test_a_reason_that_stays_the_same_counts_once_and_doubt_is_counted_too() -> None:
    again = Decided("nudged: nothing was said for 1 s")
    doubt = OverlapScored(Sample(0), Overlap.UNSURE, "", "sound")
    counted = decisions(told(again, again, Decided("speech in silence: a new turn"), again, doubt, doubt))
    assert counted == {"silence broken": 2, UNSURE: 2}


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(set(EVERY)) == len(DECISIONS) + 1
