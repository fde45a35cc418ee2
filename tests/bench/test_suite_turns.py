"""The suite of turns is data: as many events as asked, every draw from the seed, its conditions audible."""

import json
from functools import lru_cache

import numpy as np
import pytest
import soundfile

from bench import numbers
from bench.cast import Cast
from bench.mix import decibels
from bench.script import When
from bench.stimuli import LEVEL
from bench.suite_turns import CONDITIONS, OVER_WIRE, PAUSES, SCENARIOS, TURNS, items
from bench.suites import suite
from pipeline.clock import simulate
from tts.tone import ToneVoice

RATE = 16_000
ASKED = ("smooth", "hesitation", "um", "correction", "trap", "long")


class Named(ToneVoice):
    def __init__(self, name):
        super().__init__()
        self.name = name


def built(item, voice=None):
    return simulate(lambda: item.script(voice or ToneVoice()))


@lru_cache
def said(scenario, count=10, seed=3):
    return [cue.stimulus for item in items(scenario, count, seed) for cue in built(item)._cues]


@pytest.mark.parametrize(
    ("scenario", "each"), [(name, len(PAUSES) if name == "hesitation" else 1) for name in ASKED]
)
def test_a_scenario_holds_as_many_questions_as_asked(scenario, each):
    found = said(scenario)
    assert len(found) == 10 * each and all(one.reply and one.expected for one in found)


def test_every_length_of_pause_comes_equally_often_also_over_a_last_short_conversation():
    lengths = [(one.pauses[0].end - one.pauses[0].start) / RATE for one in said("hesitation", 7)]
    assert {length: lengths.count(length) for length in lengths} == dict.fromkeys(PAUSES, 7)
    assert all(len(one.pauses) == 1 for one in said("hesitation", 7))


def test_an_um_lies_before_the_pause_and_is_speech():
    for one in said("um"):
        (pause,) = one.pauses
        before = one.pcm[pause.start - 160 : pause.start]
        assert " um … " in one.text and np.abs(before).max() > 0.01
        assert not one.pcm[pause.start : pause.end].any()


def test_a_trap_sounds_whole_before_its_pause_and_means_more():
    for one in said("trap"):
        whole, rest = (numbers.read(part.split()) for part in one.text.split("…"))
        assert len(whole) == 2 and len(rest) == 1
        assert int(one.expected) == sum(whole) + sum(rest) != sum(whole)


def test_a_correction_is_answered_by_what_was_meant_in_the_end():
    for one in said("correction"):
        (left, _), (right,) = (numbers.read(part.split()) for part in one.text.split("…"))
        assert int(one.expected) == left + right and "no, plus" in one.text


def test_long_questions_have_four_to_six_numbers():
    assert {len(numbers.read(one.text.split())) for one in said("long", 30)} <= {4, 5, 6}


def test_equal_seeds_ask_equal_questions_and_others_ask_others():
    for scenario in ASKED:
        texts = [one.text for one in said(scenario)]
        script = [cue.stimulus.text for item in items(scenario, 10, 3) for cue in built(item)._cues]
        assert texts == script and len(set(texts)) >= 9
        assert texts != [one.text for one in said(scenario, 10, 4)]


def test_a_silent_user_says_nothing_for_a_minute():
    (item,) = items("silence", 10, 1)
    script, frames = built(item), 0
    while not script.finished:
        assert not script.frame(heard=False).any()
        frames += 1
    assert frames == 3000 and len(items("silence", 40, 1)) == 4


@pytest.mark.parametrize("scenario", [name for name in CONDITIONS if "dB" in name and "own" not in name])
def test_a_bed_lies_under_all_of_a_conversation_at_its_ratio(scenario):
    ratio = float(scenario.partition("-")[2].removesuffix("dB"))
    for item in items(scenario, 7, 2):
        script = built(item)
        bed = script._bed
        power = np.sqrt(np.mean(bed.astype(np.float64) ** 2))
        assert power == pytest.approx(LEVEL * decibels(-ratio), rel=0.01)
        heard = np.concatenate([script.frame(heard=False) for _ in range(20)])
        assert np.array_equal(heard, bed[: len(heard)]) and item.about["condition"] == CONDITIONS[scenario]


def test_every_second_question_of_a_condition_has_a_pause_and_none_of_them_is_unlike_the_others():
    for scenario in ("room", "telephone", "pink-10dB"):
        assert [bool(one.pauses) for one in said(scenario)] == [False, True] * 5
    assert all(one.tail > 0 for one in said("room")) and not any(one.tail for one in said("telephone"))


def test_users_take_turns_and_one_conversation_has_one():
    voices = Cast(["a", "b", "c"], Named)
    held = [
        {cue.stimulus.voice for cue in built(item, voices)._cues} for item in items("smooth", 3 * TURNS, 1)
    ]
    assert all(len(one) == 1 for one in held) and len(set.union(*held)) == 3


def test_the_users_own_recordings_are_held_where_there_are_some(tmp_path):
    sound = np.random.default_rng(1).normal(0, 0.1, 2 * RATE)
    told = {"kind": "question", "text": "four", "start": 0.1, "end": 1.5}
    rows = {"a": told, "b": told | {"pauses": [[0.5, 0.9]]}, "c": {"kind": "bed"}}
    for name, row in rows.items():
        soundfile.write(tmp_path / f"{name}.wav", sound, RATE)
        (tmp_path / f"{name}.json").write_text(json.dumps(row))
    for scenario, pauses in (("people", 0), ("people-hesitation", 1)):
        (item,) = items(scenario, 10, 1, folder=tmp_path)
        (cue,) = built(item)._cues
        assert len(cue.stimulus.pauses) == pauses and cue.when is When.AFTER_REPLY
    assert len(items("own-10dB", 6, 1, folder=tmp_path)) == 1
    assert built(items("own-10dB", 6, 1, folder=tmp_path)[0])._bed is not None
    assert not items("people", 10, 1) and not items("own-10dB", 10, 1)


def test_names_are_folders_of_their_own_and_the_suite_is_known_by_name():
    names = [item.name for scenario in SCENARIOS for item in items(scenario, 12, 3)]
    assert len(names) == len(set(names))
    assert suite("turns").scenarios == SCENARIOS == OVER_WIRE and suite("turns").people
    with pytest.raises(KeyError):
        items("singing", 1, 1)
