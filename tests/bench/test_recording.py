"""Files that would give a wrong score silently are refused with what to do."""

import numpy as np
import pytest

from bench.recording import Recording, from_channels, load, save
from pipeline.errors import SoundFileError


def stereo(seconds=1.0, level=0.1):
    return np.random.default_rng(1).normal(0, level, (round(16_000 * seconds), 2)).astype(np.float32)


def test_the_first_channel_is_the_user():
    samples = stereo()
    found = from_channels(samples, 16_000, "x.wav")
    assert np.array_equal(found.user, samples[:, 0]) and np.array_equal(found.agent, samples[:, 1])
    assert found.length == 16_000


@pytest.mark.parametrize("shape", [(100,), (100, 1), (100, 3)])
def test_anything_but_two_channels_is_refused(shape):
    with pytest.raises(SoundFileError, match=r"x\.wav has \d channels?; a conversation has 2"):
        from_channels(np.zeros(shape, np.float32), 16_000, "x.wav")


def test_an_empty_recording_is_refused():
    with pytest.raises(SoundFileError, match="holds no samples"):
        from_channels(np.zeros((0, 2), np.float32), 16_000, "x.wav")


def test_samples_that_are_not_numbers_are_refused():
    samples = stereo()
    samples[5, 1] = np.nan
    with pytest.raises(SoundFileError, match="not numbers"):
        from_channels(samples, 16_000, "x.wav")


@pytest.mark.parametrize("side", [0, 1])
def test_a_constant_offset_is_refused_before_it_passes_for_sound(side):
    samples = stereo(level=0.0005)
    samples[:, side] += 0.0057
    name = ("user", "agent")[side]
    with pytest.raises(SoundFileError, match=f"{name}'s channel has a constant offset of .0.0057"):
        from_channels(samples, 16_000, "x.wav")


def test_lopsided_speech_is_no_offset():
    samples = stereo()
    samples[:4000] = np.abs(samples[:4000])
    samples[4000:] = 0
    assert from_channels(samples, 16_000, "x.wav").length == 16_000


def test_a_recording_reads_back_from_its_file(tmp_path):
    samples = stereo()
    whole = Recording(samples[:, 0].copy(), samples[:, 1].copy(), 24_000)
    save(whole, tmp_path / "a.wav")
    found = load(tmp_path / "a.wav")
    assert found.rate == 24_000
    assert np.abs(found.user - whole.user).max() < 1e-4 and np.abs(found.agent - whole.agent).max() < 1e-4


def test_files_that_hold_no_conversation_are_named(tmp_path):
    with pytest.raises(SoundFileError, match=r"there is no sound file .*gone\.wav"):
        load(tmp_path / "gone.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(SoundFileError, match="0 bytes"):
        load(tmp_path / "empty.wav")
    (tmp_path / "text.wav").write_text("this is no sound at all, whatever it is called")
    with pytest.raises(SoundFileError, match="cannot be read as sound"):
        load(tmp_path / "text.wav")
