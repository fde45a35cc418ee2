"""model/ear.py: sound is encoded once, and streaming equals the whole."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from model.ear import Ear
from model.onnx_runtime import OnnxNetwork
from pipeline.errors import ModelError
from pipeline.prompt import BLOCK, Audio


@pytest.fixture(scope="module")
def network(chance):
    return OnnxNetwork(chance)


def fresh(network, **changes):
    return Ear(network, **({"positions": 4096, "state_bytes": 16 << 20} | changes))


def heard(ear, pcm):
    audio = Audio(pcm.copy())
    return np.concatenate([ear.embeddings(audio, 0, audio.positions), ear.ending(audio)[None]])


def test_a_recording_taken_in_by_random_cuts_equals_the_whole(network, sound):
    rng = np.random.default_rng(0)
    for seed in range(6):
        pcm = sound(seed, int(rng.integers(1, 8 * 16_000)))
        whole, ear = heard(fresh(network, stride=1000), pcm), fresh(network)
        for cut in sorted(rng.integers(1, len(pcm) + 1, 8)):
            heard(ear, pcm[:cut])
        np.testing.assert_allclose(heard(ear, pcm), whole, atol=1e-4)


def test_a_persons_voice_streamed_in_80_ms_steps_equals_the_whole_with_the_real_weights(real, recordings):
    with wave.open(str(recordings / "lyra__sample1_16k.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    network = OnnxNetwork(real)
    ear = fresh(network)
    for end in range(BLOCK, len(pcm), BLOCK):
        ear.embeddings(Audio(pcm[:end].copy()), 0, end // BLOCK)
    np.testing.assert_allclose(heard(ear, pcm), heard(fresh(network, stride=1000), pcm), atol=1e-4)


def test_a_growing_segment_encodes_only_what_is_new(network, sound):
    ear, pcm = fresh(network), sound(1, 40 * BLOCK)
    for positions in (10, 10, 25, 40, 5):
        ear.embeddings(Audio(pcm[: positions * BLOCK].copy()), 0, positions)
    assert ear.encoded == 40


@pytest.mark.parametrize(("taken_in", "again"), [(0, 1), (10, 1), (19, 2), (20, 1)])
def test_a_draft_in_a_pause_costs_the_growing_segment_a_position_or_two(network, sound, taken_in, again):
    ear, pcm = fresh(network), sound(1, 40 * BLOCK)
    heard(ear, pcm[: taken_in * BLOCK]) if taken_in else None
    heard(ear, pcm[: 20 * BLOCK + 7])
    np.testing.assert_allclose(heard(ear, pcm), heard(fresh(network), pcm), atol=1e-4)
    assert ear.encoded == 40 + again


@pytest.mark.parametrize("positions", [1, 3, 64, 65, 313])
def test_lengths_around_the_stride_are_whole(network, sound, positions):
    pcm = sound(2, positions * BLOCK - 100)
    assert heard(fresh(network), pcm).shape == (positions + 1, 192)


@pytest.mark.parametrize(
    "limits", [{"positions": 0}, {"positions": 7}, {"state_bytes": 0}, {"state_bytes": 99_999}]
)
def test_forgetting_costs_time_and_changes_nothing(network, sound, limits):
    ear, rng = fresh(network, **limits), np.random.default_rng(3)
    sounds = [sound(seed, 12 * BLOCK) for seed in range(3)]
    for _ in range(12):
        pcm = sounds[rng.integers(3)][: rng.integers(1, 12 * BLOCK)]
        np.testing.assert_allclose(heard(ear, pcm), heard(fresh(network), pcm), atol=1e-4)


def test_what_a_segment_says_about_its_speaker_depends_on_all_of_it(network, sound):
    ear, pcm = fresh(network), sound(1, 10 * BLOCK)
    louder = np.concatenate([pcm[: 5 * BLOCK], 3 * pcm[5 * BLOCK :]])
    assert np.abs(ear.ending(Audio(pcm)) - ear.ending(Audio(louder))).max() > 1e-3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_fail_this_request_alone(network, sound, bad):
    ear, pcm = fresh(network), sound(1, 4 * BLOCK)
    good, broken = heard(ear, pcm), pcm.copy()
    broken[3 * BLOCK + 5] = bad
    with pytest.raises(ModelError, match="not numbers"):
        heard(ear, broken)
    np.testing.assert_array_equal(heard(ear, pcm), good)


def test_absurdly_loud_sound_is_refused_not_answered(network):
    with pytest.raises(ModelError, match="not numbers"):
        heard(fresh(network), np.full(BLOCK, 3e30, np.float32))
