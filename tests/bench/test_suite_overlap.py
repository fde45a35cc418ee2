"""The suite of overlap is data: events that want nothing, at their levels, over a talk that is held."""

import json

import numpy as np
import pytest
import soundfile

from bench import numbers
from bench.cast import Cast
from bench.labels import Kind
from bench.mix import active_level
from bench.script import When
from bench.suite_overlap import BACKGROUND, ECHOES, LEVELS, NOD_LONGEST, OFFSETS, OVER_WIRE, SCENARIOS, items
from bench.suites import suite
from bench.texts import ASIDES, BEHIND, TALK
from pipeline.clock import simulate
from tts.tone import ToneVoice

RATE = 16_000
KINDS = dict.fromkeys(BACKGROUND, Kind.ASIDE) | {
    "backchannel": Kind.BACKCHANNEL, "tic": Kind.TIC, "noise": Kind.NOISE, "aside": Kind.ASIDE,
}  # fmt: skip


class Named(ToneVoice):
    def __init__(self, name):
        super().__init__()
        self.name = name


def cues(item, voice=None):
    return simulate(lambda: item.script(voice or ToneVoice()))._cues


def events(scenario, count=12, voice=None):
    return [cue for item in items(scenario, count, 3) for cue in cues(item, voice)[1:]]


@pytest.mark.parametrize("scenario", KINDS)
def test_events_over_the_voice_want_no_reply_and_follow_one_question(scenario):
    found = events(scenario)
    assert len(found) == 12 and {cue.when for cue in found} == {When.OVER}
    assert all(cue.stimulus.kind is KINDS[scenario] and not cue.stimulus.reply for cue in found)
    for item in items(scenario, 12, 3):
        assert item.held and not item.greets and item.monologue == TALK and "talk" in item.about["agent"]
        assert cues(item)[0].stimulus.expected and cues(item)[0].when is When.AFTER_REPLY


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name.endswith("silent")])
def test_events_in_silence_have_an_agent_that_holds_no_talk(scenario):
    assert {cue.when for cue in events(scenario)} == {When.IN_SILENCE} and len(events(scenario)) == 12
    assert not any(item.monologue for item in items(scenario, 12, 3))


def test_backchannels_are_as_short_as_peoples_and_softer_than_questions():
    found = [cue.stimulus for cue in events("backchannel", 30)]
    assert all(0.15 <= one.seconds <= NOD_LONGEST for one in found)
    assert {one.voice for one in found} == {"tone", "synthetic"}
    assert all(active_level(one.pcm) < -24.5 for one in found)


@pytest.mark.parametrize("scenario", ["tic", "noise"])
def test_every_sound_comes_at_every_level(scenario):
    texts = {cue.stimulus.text for cue in events(scenario, 9)}
    assert len(texts) == 9 and all(any(f"{level:+.0f} dBFS" in text for text in texts) for level in LEVELS)


def test_others_are_others_and_as_far_away_as_named():
    voices = Cast(["a", "b", "c"], Named)
    for scenario, gain in BACKGROUND.items():
        for item in items(scenario, 12, 3):
            asked, *behind = [cue.stimulus for cue in cues(item, voices)]
            assert asked.voice not in {one.voice for one in behind}
            for one in behind:
                assert active_level(one.pcm) == pytest.approx(active_level(asked.pcm) + gain, abs=1.5)
    for item in items("aside", 12, 3):
        assert len({cue.stimulus.voice for cue in cues(item, voices)}) == 1


def test_barge_ins_come_at_every_offset_of_a_talk_and_of_an_answer():
    found = [cue for item in items("barge-in", 6, 3) for cue in cues(item)]
    assert sorted(cue.seconds for cue in found) == sorted(OFFSETS * 2)
    assert all(cue.when is When.ANEW and cue.stimulus.kind is Kind.BARGE_IN for cue in found)
    assert all(item.greets and item.held for item in items("barge-in", 6, 3))
    recovered = [cue for item in items("recovery", 6, 3) for cue in cues(item)]
    assert [cue.when for cue in recovered[:2]] == [When.AFTER_REPLY, When.AFTER_ONSET]


def test_echoes_have_every_level_and_delay_and_nobody_speaks():
    found = items("echo", 10, 1, minutes=5.0)
    assert [(item.echo, item.echo_delay) for item in found] == list(ECHOES)
    assert len({item.name for item in found}) == len(ECHOES) and not any(item.held for item in found)
    script = simulate(lambda: found[0].script(ToneVoice()))
    assert not script._cues and script._limit == 30.0
    assert all(item.echo == -10.0 for item in items("barge-in-echo", 3, 1))


def test_nothing_that_is_said_in_the_room_holds_a_number_to_be_taken_for_an_answer():
    for text in (TALK, *ASIDES, *BEHIND):
        assert not numbers.read(text.split())


def test_peoples_sounds_are_spoken_over_the_talk(tmp_path):
    for kind in ("tic", "barge-in"):
        soundfile.write(tmp_path / f"{kind}.wav", np.random.default_rng(1).normal(0, 0.1, RATE), RATE)
        (tmp_path / f"{kind}.json").write_text(json.dumps({"kind": kind, "start": 0.1, "end": 0.6}))
    whens = {}
    for kind in ("tic", "barge-in"):
        (item,) = items(f"people-{kind}", 10, 1, folder=tmp_path)
        whens[kind] = cues(item)[1].when
    assert whens == {"tic": When.OVER, "barge-in": When.ANEW}
    assert not items("people-noise", 10, 1, folder=tmp_path) and not items("people-tic", 10, 1)


def test_names_are_folders_of_their_own_and_the_suite_is_known_by_name():
    names = [item.name for scenario in SCENARIOS for item in items(scenario, 12, 3)]
    assert len(names) == len(set(names))
    assert suite("overlap").over_wire == OVER_WIRE and not any("echo" in name for name in OVER_WIRE)
    with pytest.raises(KeyError):
        items("singing", 1, 1)
