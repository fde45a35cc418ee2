"""One conversation on the page: drawn lanes, sound that can be played, turns in words."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from bench.html_player import HEIGHT, WIDTH, embedded, linked, outcome, wave
from bench.labels import Kind
from bench.recording import Recording
from bench.score import score


def test_a_wave_lies_inside_its_lane_and_is_tall_where_the_sound_is():
    pcm = np.zeros(24_000, np.float32)
    pcm[12_000:18_000] = 0.5
    middle = HEIGHT / 4
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.-]+", wave(pcm, middle))]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT / 2 for x, y in points)
    tall = [x for x, y in points if abs(y - middle) > 5]
    assert min(tall) == pytest.approx(WIDTH / 2, abs=3) and max(tall) == pytest.approx(WIDTH * 0.75, abs=3)


def test_an_empty_or_silent_channel_is_a_flat_line():
    assert wave(np.zeros(0, np.float32), 10).startswith("M")
    assert "nan" not in wave(np.zeros(100, np.float32), 10)


def test_embedded_sound_holds_both_channels_in_step(sound):
    import soundfile

    user, agent = np.zeros(48_000, np.float32), np.zeros(48_000, np.float32)
    user[:12_000], agent[24_000:36_000] = sound(0.5), sound(0.5)
    found = embedded(Recording(user, agent, 24_000))
    head, _, data = found.source.partition(",")
    assert found.embedded and head in ("data:audio/ogg;base64", "data:audio/wav;base64")
    back, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert back.shape[1] == 2 and len(back) / rate == pytest.approx(2.0, abs=0.05)
    loud = [np.flatnonzero(np.abs(back[:, side]) > 0.05) / rate for side in (0, 1)]
    assert loud[0].max() < 0.6 and 0.9 < loud[1].min() < 1.1


def test_a_rate_that_opus_lacks_becomes_wav():
    silent = np.zeros(22_050, np.float32)
    assert embedded(Recording(silent, silent, 22_050)).source.startswith("data:audio/wav")


def test_a_linked_path_is_quoted():
    assert linked("echo+0dB/a b/conversation.wav").source == "echo%2B0dB/a%20b/conversation.wav"


def test_a_turn_is_told_in_words(stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + 0.4, 2.0)
    scene.says(end + 1.4, 1.0, Kind.BARGE_IN)
    first, second = score(scene.recording, scene.labels).turns
    assert outcome(first) == "voice to voice 400 ms"
    assert outcome(second) == "no reply · stopped after 1000 ms"


def test_what_a_trace_tells_of_a_turn_stands_under_it(stage):
    from bench.explain import Explained
    from bench.explain_parts import Parts
    from bench.explain_words import Answer
    from bench.html_player import Sound, conversation
    from bench.report import Read

    scene = stage(seconds=8.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + 0.3, 1.0)
    told = Explained(
        parts=(Parts("made", 1, 0.01, 0.21, 0.0, 0.15, 0.18, 0.22, 0.3),),
        answers=(Answer(1, "5", "<b>four", False, False, 1.25),),
    )
    one = Read(scene.labels, score(scene.recording, scene.labels), None, [], told)
    text = conversation(one, scene.recording, Sound("x.wav", False))
    assert "“&lt;b&gt;four” wrong, first answer word after 1250 ms" in text
    assert "detector 10 ms + endpoint 200 ms + words −60 ms + voice 30 ms + gate 30 ms + queue 10 ms" in text


def test_a_recording_without_a_scenario_is_headed_by_its_length_alone(stage):
    from bench.explain import Explained
    from bench.html_player import Sound, conversation
    from bench.report import Read

    scene = stage(seconds=8.0)
    scene.says(1.0, 1.0)
    one = Read(scene.labels, score(scene.recording, scene.labels), None, [], Explained())
    for scenario, head in (("", ">8 s, 1 turn ·"), ("mine", ">mine, 8 s, 1 turn ·")):
        named = replace(one, labels=replace(scene.labels, scenario=scenario))
        assert head in conversation(named, scene.recording, Sound("x.wav", False))
