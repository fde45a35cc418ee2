"""The core suite is data: as many events as asked, every draw from the seed."""

import pytest

from bench.item import Actor
from bench.labels import Kind
from bench.script import When
from bench.suite_core import ECHOES, OFFSETS, PAUSES, SCENARIOS, items
from pipeline.clock import simulate
from tts.tone import ToneVoice


def cues(item):
    return simulate(lambda: item.script(ToneVoice()))._cues


@pytest.mark.parametrize(("scenario", "events"), [("smooth", 12), ("hesitation", 36), ("barge-in", 12)])
def test_a_scenario_holds_as_many_events_as_asked(scenario, events):
    kinds = {"barge-in": Kind.BARGE_IN}
    said = [cue.stimulus for item in items(scenario, 12, 3) for cue in cues(item)]
    assert sum(one.kind is kinds.get(scenario, Kind.QUESTION) for one in said) == events


def test_every_length_of_pause_comes_equally_often_and_each_question_has_one():
    said = [cue.stimulus for item in items("hesitation", 8, 3) for cue in cues(item)]
    lengths = [(one.pauses[0].end - one.pauses[0].start) / 16_000 for one in said]
    assert {length: lengths.count(length) for length in lengths} == dict.fromkeys(PAUSES, 8)
    assert all(len(one.pauses) == 1 for one in said)


def test_answers_are_interrupted_at_every_offset():
    found = [cue for item in items("barge-in", 6, 3) for cue in cues(item) if cue.when is When.AFTER_ONSET]
    assert sorted(cue.seconds for cue in found) == sorted(OFFSETS * 2)


def test_equal_seeds_ask_equal_questions_and_others_ask_others():
    def asked(seed):
        return [cue.stimulus.text for item in items("smooth", 10, seed) for cue in cues(item)]

    assert asked(4) == asked(4) != asked(5)
    assert len(set(asked(4))) > 8


def test_names_are_folders_of_their_own():
    names = [item.name for name in SCENARIOS for item in items(name, 12, 3)]
    assert len(names) == len(set(names))
    assert [item.echo for item in items("echo", 1, 1)] == list(ECHOES)
    assert all(item.actor is Actor.NULL for item in items("null", 1, 1))
    with pytest.raises(KeyError):
        items("singing", 1, 1)
