"""model/frontend.py: the training formula, streamed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from model.frontend import CHANNELS, HISTORY, HOP, LAGS, MELS, PITCHES, features, filterbank, silence

signal = pytest.importorskip("scipy.signal", reason="scipy is not installed (extra: training)")
spectrum = pytest.importorskip("training.spectrum", reason="torch is not installed (extra: training)")


@pytest.mark.parametrize("level", [1e-4, 0.1, 1.0])
def test_frames_are_those_that_the_network_was_trained_on(sound, level):
    torch = pytest.importorskip("torch")
    pcm = level * sound(1, 16_000)
    mine, _ = features(pcm, silence())
    theirs = spectrum.BatchFeatures()(torch.from_numpy(pcm)[None], torch.tensor([spectrum.NO_WARP]))
    assert mine.shape == (100, CHANNELS) and np.abs(mine - theirs[0].numpy()).max() <= 1e-4


def test_filters_are_triangles_of_equal_area_on_the_mel_scale():
    bank = filterbank(1.0)
    assert bank.min() >= 0.0
    peaks = np.argmax(bank, axis=0 if bank.shape[1] == MELS else 1)
    assert np.all(np.diff(peaks) >= 0)
    hertz = peaks[20:] * 40.0  # 16 kHz over 400 samples: 40 Hz a bin
    mels = 2595.0 * np.log10(1.0 + hertz / 700.0)
    steps = np.diff(mels)
    assert abs(steps.mean() - 2595.0 * np.log10(1.0 + 8000.0 / 700.0) / (MELS + 1)) < 1.0


def test_a_stream_cut_anywhere_equals_the_whole(sound):
    rng = np.random.default_rng(0)
    pcm = sound(2, 16_000)
    whole, _ = features(pcm, silence())
    for _ in range(20):
        cuts = np.unique([0, 100, *rng.integers(0, 100, rng.integers(1, 9))]) * HOP
        history, parts = silence(), []
        for start, end in itertools.pairwise(cuts):
            frames, history = features(pcm[start:end], history)
            parts.append(frames)
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_a_frame_knows_nothing_of_later_sound(sound):
    pcm = sound(3, 3200)
    other = pcm.copy()
    other[1600:] = 0.5
    np.testing.assert_array_equal(features(pcm, silence())[0][:10], features(other, silence())[0][:10])


def test_no_sound_gives_no_frames_and_keeps_the_history(sound):
    history = sound(4, HISTORY)
    frames, after = features(np.zeros(0, np.float32), history)
    assert frames.shape == (0, CHANNELS)
    np.testing.assert_array_equal(after, history)


def test_half_a_hop_is_refused():
    with pytest.raises(ValueError, match="160"):
        features(np.zeros(100, np.float32), silence())


def test_absurdly_loud_sound_warns_nobody_and_is_seen_as_infinite():
    frames, _ = features(np.full(1280, 3e30, np.float32), silence())
    assert not np.isfinite(frames).all()


HERTZ = np.geomspace(PITCHES[1], PITCHES[0], LAGS)


def pulses(hertz, count=16_000):
    pcm = np.zeros(count, np.float32)
    pcm[np.arange(0, count, 16_000 / hertz).astype(int)] = 0.3
    return pcm


@pytest.mark.parametrize("hertz", [72, 95, 140, 230, 390])
def test_the_lags_tell_the_pitch_of_a_low_voice_as_of_a_high_one(hertz):
    lags = features(pulses(hertz), silence())[0][20:, MELS:]
    top = HERTZ[np.argmax(lags * (hertz / 1.5 < HERTZ), axis=1)]  # its octaves below repeat, too
    assert np.all(np.abs(np.log2(top / hertz)) < 0.8 / 12)


def test_a_telephone_that_cuts_the_fundamental_away_leaves_the_pitch_in_the_lags():
    spectrum_of = np.fft.rfft(pulses(110))
    spectrum_of[:300] = 0  # below 300 Hz
    lags = features(np.fft.irfft(spectrum_of).astype(np.float32), silence())[0][20:, MELS:]
    assert np.all(np.abs(np.log2(HERTZ[np.argmax(lags * (HERTZ > 75), axis=1)] / 110)) < 0.8 / 12)


def spoken(hertz, formant, width):
    """Pulses through a resonance, at a peak of 0.5."""
    r = np.exp(-np.pi * width / 16_000)
    pcm = signal.lfilter([1], [1, -2 * r * np.cos(2 * np.pi * formant / 16_000), r * r], pulses(hertz))
    return (0.5 * pcm / np.abs(pcm).max()).astype(np.float32)


def test_a_sharp_formant_on_a_harmonic_does_not_pass_for_the_pitch():
    lags = features(spoken(100, 300, 30), silence())[0][20:, MELS:]  # uncompressed, 300 Hz is the tallest
    assert np.all(np.abs(np.log2(HERTZ[np.argmax(np.where(HERTZ > 70, lags, -1), axis=1)] / 100)) < 0.8 / 12)


def test_the_lowest_voices_are_told_in_noise_for_the_window_holds_periods_enough():
    noise = 0.2 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    lags = features(spoken(72, 500, 80) + noise, silence())[0][20:, MELS:]  # with half of the window, 1 of 9
    assert np.mean(np.abs(np.log2(HERTZ[np.argmax(lags, axis=1)] / 72)) < 0.8 / 12) > 0.95


def test_the_lags_do_not_depend_on_the_level_and_are_nothing_in_silence():
    loud, soft = (features(level * pulses(120), silence())[0][20:, MELS:] for level in (1.0, 0.05))
    assert np.abs(loud - soft).max() < 0.02 and np.abs(loud).max() <= 1.0
    empty = features(np.zeros(1600, np.float32), silence())[0][:, MELS:]
    assert np.ptp(empty, axis=0).max() < 1e-6 and np.abs(empty).max() < 0.05
