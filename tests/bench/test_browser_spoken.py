from __future__ import annotations

import numpy as np
import pytest

from audio_io.resample import resample
from audio_io.wav import read_sound
from bench.browser_spoken import RATE, Spoken, labelled, microphone, placed
from bench.labels import Kind
from bench.recording import Recording
from bench.stimuli import Stimulus
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE


def speech(seconds: float, seed: int) -> np.ndarray:
    """Noise whose level moves as a voice's does; no two seeds are alike."""
    dice = np.random.default_rng(seed)
    count = round(seconds * CAPTURE_RATE)
    swell = 0.5 + 0.5 * np.sin(np.arange(count) * 2 * np.pi * 4 / CAPTURE_RATE)
    low = np.convolve(dice.normal(0, 0.3, count), np.ones(6) / 6, "same")
    return (low * swell).astype(np.float32)


SAID = (
    Spoken(1.0, Stimulus(speech(1.2, 1), text="one")),
    Spoken(4.0, Stimulus(speech(0.8, 2), Kind.BARGE_IN, text="two")),
)


def heard(late: float, drift: float = 0.0, gain: float = 1.0) -> Recording:
    """What a page at 48 kHz recorded: all later by ``late``, the second stimulus by ``drift`` more."""
    whole = np.zeros(round(7 * CAPTURE_RATE), np.float32)
    for one, more in zip(SAID, (0.0, drift), strict=True):
        at = round((one.seconds + late + more) * CAPTURE_RATE)
        whole[at : at + len(one.stimulus.pcm)] += gain * one.stimulus.pcm
    whole += np.random.default_rng(3).normal(0, 0.01, len(whole)).astype(np.float32)
    user = resample(whole, CAPTURE_RATE, RATE)
    return Recording(user, np.zeros_like(user), RATE)


def test_the_file_holds_each_stimulus_at_its_place(tmp_path):
    path = microphone(SAID, 6.0, tmp_path / "mic.wav")
    sound = read_sound(path)
    assert abs(len(sound) - 6 * CAPTURE_RATE) <= 2
    at = CAPTURE_RATE
    assert np.allclose(sound[at : at + 12_000], SAID[0].stimulus.pcm[:12_000], atol=0.02)
    assert np.abs(sound[: at - 200]).max() < 0.01


@pytest.mark.parametrize(("late", "drift", "gain"), [(0.0, 0.0, 1.0), (0.731, 0.0, 0.4), (0.2, 0.13, 1.5)])
def test_each_stimulus_is_found_by_itself_to_a_millisecond(late, drift, gain):
    first, second = placed(heard(late, drift, gain), SAID)
    assert abs(first[0] / RATE - 1.0 - late) < 0.001
    assert abs(second[0] / RATE - 4.0 - late - drift) < 0.001
    assert abs(second[1] / RATE - 4.8 - late - drift) < 0.001


def test_a_block_that_the_microphone_dropped_moves_the_end_and_not_the_begin():
    whole = heard(0.3)
    cut = slice(round(1.9 * RATE), round(1.95 * RATE))  # inside the first stimulus
    user = np.delete(whole.user, cut)
    (first, second) = placed(Recording(user, np.zeros_like(user), RATE), SAID)
    assert abs(first[0] / RATE - 1.3) < 0.001 and abs(first[1] / RATE - 2.45) < 0.001
    assert abs(second[0] / RATE - 4.25) < 0.001


def test_of_two_that_begin_alike_the_first_is_found_first():
    same = speech(1.0, 7)
    twice = (Spoken(1.0, Stimulus(same)), Spoken(3.5, Stimulus(same)))
    whole = np.zeros(round(5 * CAPTURE_RATE), np.float32)
    for one, gain in zip(twice, (0.5, 1.0), strict=True):
        at = round(one.seconds * CAPTURE_RATE)
        whole[at : at + len(same)] = gain * same
    user = resample(whole, CAPTURE_RATE, RATE)
    found = placed(Recording(user, np.zeros_like(user), RATE), twice)
    assert [round(start / RATE, 2) for start, _ in found] == [1.0, 3.5]


def test_labels_lie_where_the_page_heard_the_words():
    labels = labelled(heard(0.5), SAID, "talk", {"target": "browser"})
    first, second = labels.turns
    assert (first.kind, second.kind) == (Kind.QUESTION, Kind.BARGE_IN)
    assert abs(labels.seconds(first.end) - 2.7) < 0.002
    assert abs(labels.seconds(second.start) - 4.5) < 0.002


def test_a_microphone_that_was_not_heard_is_told_and_not_labelled():
    silent = np.random.default_rng(0).normal(0, 0.05, 7 * RATE).astype(np.float32)
    with pytest.raises(UserError, match="cannot be found"):
        placed(Recording(silent, silent, RATE), SAID)


def test_a_recording_that_ends_too_early_is_told():
    whole = heard(0.0)
    early = Recording(whole.user[: 3 * RATE], whole.agent[: 3 * RATE], RATE)
    with pytest.raises(UserError, match=r"at 4\.0 s cannot be found"):
        placed(early, SAID)
