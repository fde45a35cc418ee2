"""model/step/frontend.py: the released frames, and lengths on which both published counts agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.step.frontend import (
    HOP,
    LONGEST,
    filterbank,
    frames,
    log_mel,
    padded,
    positions,
    reconciled,
    served_positions,
)
from pipeline.errors import ModelError
from pipeline.prompt import Audio


def test_the_filters_are_those_of_transformers():
    from transformers.audio_utils import mel_filter_bank

    theirs = mel_filter_bank(
        num_frequency_bins=201, num_mel_filters=128, min_frequency=0.0, max_frequency=8000.0,
        sampling_rate=16_000, norm="slaney", mel_scale="slaney",
    )  # fmt: skip
    assert filterbank().shape == (128, 201)
    np.testing.assert_allclose(filterbank(), theirs.T, atol=1e-8)


@pytest.mark.parametrize("samples", [480, 4_000, 16_000, 40_321])
def test_frames_are_those_of_whispers_extractor_on_the_padded_sound(sound, samples):
    """Whisper's extractor frames and scales likewise; only its own padding differs, so it is given ours."""
    from transformers import WhisperFeatureExtractor

    pcm = sound(3, samples)
    ours = log_mel(torch.from_numpy(pcm)).numpy()
    assert ours.shape == (128, frames(samples))
    theirs = WhisperFeatureExtractor(feature_size=128, dither=0.0)
    expected = theirs(
        np.pad(pcm, (0, 479)), sampling_rate=16_000, padding=False, truncation=False, return_tensors="np"
    ).input_features[0]
    np.testing.assert_allclose(ours, expected, atol=2e-4)


def test_silence_is_flat_and_the_loudest_point_sets_the_floor(sound):
    assert np.allclose(log_mel(torch.zeros(3200)).numpy(), (-10 + 4) / 4)
    quiet = 1e-3 * sound(1, 16_000)
    alone = log_mel(torch.from_numpy(quiet)).numpy()
    followed = log_mel(torch.from_numpy(np.concatenate([quiet, sound(1, 16_000)]))).numpy()
    assert np.abs(alone[:, :90] - followed[:, :90]).max() > 0.1  # not causal: what comes later changes it


@pytest.mark.parametrize(
    ("seconds", "count"), [(1, 13), (2, 25), (4, 50), (10, 125), (20, 250), (25, 313), (29.98, 375)]
)
def test_positions_are_the_published_ones(seconds, count):
    samples = round(seconds * 16_000)
    assert positions(samples) == served_positions(samples) == count


def test_the_counts_differ_on_a_quarter_of_lengths():
    grid = range(HOP, LONGEST, HOP)
    differ = [positions(samples) != served_positions(samples) for samples in grid]
    assert 0.24 < np.mean(differ) < 0.26
    assert (positions(8_000), served_positions(8_000)) == (6, 7)
    assert (positions(1_600), served_positions(1_600)) == (1, 2)


def test_every_length_up_to_thirty_seconds_is_reconciled():
    for samples in range(0, LONGEST + 1, 40):
        length = reconciled(samples)
        assert 0 <= length - samples < 3 * HOP and length % HOP == 0 and length <= LONGEST
        assert positions(length) == served_positions(length) == -(-samples // 1280)
        for shorter in range(-(-samples // HOP) * HOP, length, HOP):  # and none that is shorter would do
            assert positions(shorter) != served_positions(shorter)


@pytest.mark.parametrize("samples", [1, 160, 1279, 1280, 1281, 40_000])
def test_padded_sound_has_the_positions_that_its_prompt_says(sound, samples):
    pcm = sound(2, samples)
    assert positions(len(padded(pcm))) == Audio(pcm).positions
    np.testing.assert_array_equal(padded(pcm)[:samples], pcm)
    assert not padded(pcm)[samples:].any()


def test_a_segment_too_long_for_the_encoder_is_refused():
    with pytest.raises(ModelError, match=r"29\.98"):
        reconciled(LONGEST + 1)
