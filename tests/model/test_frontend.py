"""model/frontend.py: the training formula, streamed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from model.frontend import HOP, MELS, filterbank, log_mel, silence

spectrum = pytest.importorskip("training.spectrum", reason="torch is not installed (extra: training)")


@pytest.mark.parametrize("level", [1e-4, 0.1, 1.0])
def test_frames_are_those_that_the_network_was_trained_on(sound, level):
    torch = pytest.importorskip("torch")
    pcm = level * sound(1, 16_000)
    mine, _ = log_mel(pcm, silence())
    theirs = spectrum.BatchMel()(torch.from_numpy(pcm)[None], torch.tensor([spectrum.NO_WARP]))[0].numpy()
    assert mine.shape == (100, MELS) and np.abs(mine - theirs).max() <= 1e-4


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
    whole, _ = log_mel(pcm, silence())
    for _ in range(20):
        cuts = np.unique([0, 100, *rng.integers(0, 100, rng.integers(1, 9))]) * HOP
        history, frames = silence(), []
        for start, end in itertools.pairwise(cuts):
            mel, history = log_mel(pcm[start:end], history)
            frames.append(mel)
        np.testing.assert_allclose(np.concatenate(frames), whole, atol=1e-5)


def test_a_frame_knows_nothing_of_later_sound(sound):
    pcm = sound(3, 3200)
    other = pcm.copy()
    other[1600:] = 0.5
    np.testing.assert_array_equal(log_mel(pcm, silence())[0][:10], log_mel(other, silence())[0][:10])


def test_no_sound_gives_no_frames_and_keeps_the_history(sound):
    history = sound(4, 240)
    mel, after = log_mel(np.zeros(0, np.float32), history)
    assert mel.shape == (0, MELS)
    np.testing.assert_array_equal(after, history)


def test_half_a_hop_is_refused():
    with pytest.raises(ValueError, match="160"):
        log_mel(np.zeros(100, np.float32), silence())


def test_absurdly_loud_sound_warns_nobody_and_is_seen_as_infinite():
    mel, _ = log_mel(np.full(1280, 3e30, np.float32), silence())
    assert not np.isfinite(mel).all()
