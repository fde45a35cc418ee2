"""A false interruption loses nothing: the whole session, in virtual time, with what was heard read back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.turn import TurnConfig
from pipeline.events import DraftFinished, Hold, Hush, PlaybackEnded, Resume
from pipeline.records import Decided
from sim.evidence import Evidence
from sim.invariants import violations
from sim.script import Overlap, Rest, Scenario, Speak
from sim.world import play


def interrupted(delay: float, write: float, word: str = "mhm") -> Evidence:
    """A long reply with one short word over it, that nobody's heads judge."""
    acts = (Speak(("alpha", "long")), Overlap((word,), delay), Rest(9.0))
    evidence = play(Scenario(3, acts, write=write, heads=False, shortest=1.0, turn=TurnConfig()))
    assert violations(evidence) == []
    return evidence


def words_heard(evidence: Evidence) -> list[tuple[int, int, int]]:
    """(utterance, word, samples) in the order of hearing."""
    return [(sound.utterance, sound.word, sound.samples) for sound in evidence.sounds]


@pytest.mark.parametrize(
    ("delay", "write"), [(0.3, 0.006), (0.9, 0.006), (0.2, 0.12), (0.6, 0.35), (1.1, 0.2)]
)
def test_every_word_is_heard_whole_after_a_false_hold(delay: float, write: float) -> None:
    evidence = interrupted(delay, write)
    assert len(list(evidence.of(Hold))) == len(list(evidence.of(Resume))) == 1
    assert not list(evidence.of(Hush))
    (exchange,) = evidence.exchanges
    assert exchange.whole and exchange.reply.endswith("Part 4 of 0 goes on.")
    said, heard = evidence.said(), words_heard(evidence)
    places = [(utterance, word) for utterance, word, _ in heard]
    every = [(u.serial, word) for u in said.values() for word in range(len(u.words))]
    assert sorted(set(places)) == every, "no word is missing"
    steps = [every.index(b) - every.index(a) for a, b in pairwise(places)]
    assert set(steps) <= {1, 0}, "at most the word that was cut comes twice, and in order"
    for place in every:
        whole = said[place[0]].lengths[place[1]]
        assert max(samples for u, word, samples in heard if (u, word) == place) >= 0.98 * whole, place


def test_a_false_hold_of_a_reply_that_is_still_being_written_does_not_stop_its_writing() -> None:
    evidence = interrupted(0.2, 0.12)
    resumed = next(at for at, _ in evidence.of(Resume))
    written = next(at for at, fact in evidence.of(DraftFinished) if fact.draft == 1)
    assert resumed < written < next(at for at, _ in evidence.of(PlaybackEnded))


def test_the_trace_says_in_words_why_it_held_and_why_it_went_on() -> None:
    reasons = [item.why for _, item in interrupted(0.3, 0.006).of(Decided)]
    held = next(why for why in reasons if why.startswith("held at"))
    assert " ms: sustained speech (0." in held and held.endswith(" dB)"), "and what is known of it so far"
    assert any(why.endswith("ms: it deserves no answer") for why in reasons)
