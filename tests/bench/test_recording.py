"""Files that would give a wrong score silently are refused with what to do."""

from dataclasses import replace

import numpy as np
import pytest

from bench.labels import Kind, LabelsError
from bench.recording import Recording, fit, from_channels, load, save
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


def test_a_lopsided_noise_under_all_of_it_is_no_offset():
    steep = np.random.default_rng(2).exponential(0.05, (32_000, 2)).astype(np.float32)
    samples = 0.05 - steep
    assert np.median(samples[:, 0]) > 0.01 and abs(samples[:, 0].mean()) < 0.001
    assert from_channels(samples, 16_000, "x.wav").length == 32_000


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


# --- whether the labels fit --------------------------------------------------------------------------------

RATE = 24_000


@pytest.fixture
def scene(stage):
    made = stage(seconds=14.0, floor=-60.0)
    for at in (1.0, 6.0):
        end = made.says(at, 1.5) / RATE
        made.answers(end + 1.0, 1.5)
    return made


def test_labels_that_fit_are_let_through(scene):
    fit(scene.recording, scene.labels)


def test_channels_of_different_lengths_are_refused(scene):
    short = replace(scene.recording, agent=scene.agent[:-240])
    with pytest.raises(SoundFileError, match="channel has 336000 samples and the agent's 335760"):
        fit(short, scene.labels)


def test_a_label_outside_of_the_recording_is_named_with_both_ends(scene):
    cut = Recording(scene.user[: 7 * RATE], scene.agent[: 7 * RATE], RATE)
    with pytest.raises(LabelsError, match=r"turn 2 .* up to 7\.50 s, but the recording ends at 7\.00"):
        fit(cut, scene.labels)


def test_labels_of_another_length_are_refused_though_every_turn_lies_inside(scene):
    with pytest.raises(LabelsError, match="describe 336000 samples and the recording has 335999"):
        fit(Recording(scene.user[:-1], scene.agent[:-1], RATE), scene.labels)


def test_labels_of_another_rate_are_refused(scene):
    with pytest.raises(LabelsError, match="count 16000 samples a second and the recording has 24000"):
        fit(scene.recording, replace(scene.labels, rate=16_000))


def test_swapped_channels_are_told_by_where_the_users_speech_lies(scene):
    crossed = replace(scene.recording, user=scene.agent, agent=scene.user)
    with pytest.raises(SoundFileError, match=r"2 of 2 labelled turns .* lies in channel 1, not in channel 0"):
        fit(crossed, scene.labels)


def test_a_mono_mix_in_two_channels_is_refused(scene):
    mixed = scene.user + scene.agent
    with pytest.raises(SoundFileError, match="both channels hold the same sound: a mono mix"):
        fit(Recording(mixed, mixed.copy(), RATE), scene.labels)


def test_two_silent_channels_without_turns_are_no_mono_mix(stage):
    empty = stage(seconds=3.0)
    empty.user[:], empty.agent[:] = 0, 0
    fit(empty.recording, empty.labels)


def test_a_silent_user_is_refused_by_that_name(scene):
    scene.user[:] = 0
    scene.agent[: 4 * RATE] = 0
    scene.agent[6 * RATE : 8 * RATE] = 0
    with pytest.raises(SoundFileError, match="silent throughout, though 2 turns are labelled"):
        fit(scene.recording, scene.labels)


def test_one_silent_turn_of_several_is_named(scene):
    scene.user[6 * RATE : 8 * RATE] = 0
    with pytest.raises(LabelsError, match=r"turn 2 is labelled from 6\.00 to 7\.50 s, but"):
        fit(scene.recording, scene.labels)


@pytest.mark.parametrize("kind", [Kind.TIC, Kind.NOISE, Kind.ASIDE])
def test_a_cough_too_brief_to_count_as_speech_does_not_condemn_the_recording(scene, kind):
    scene.says(10.0, 0.5, kind, reply=False)
    scene.user[round(10.02 * RATE) :] *= 0.001
    fit(scene.recording, scene.labels)
