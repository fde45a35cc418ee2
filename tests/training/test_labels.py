"""Measured labels are right on signals whose truth is known."""

import random

import numpy as np
import pytest

from training.audio import RATE, rms, trim
from training.augment import noise_clip, plain
from training.corpus import Utterance
from training.labels import median_pitch, syllables, track
from training.scores import edits, percent, wilson
from training.skills.question import Question


def _voice(hertz: float, seconds: float = 0.6) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Harmonics with a formant near 500 Hz, as a vowel has."""
    t = np.arange(int(RATE * seconds)) / RATE
    parts = [np.sin(2 * np.pi * hertz * k * t) / (1 + ((hertz * k - 500) / 200) ** 2) for k in range(1, 20)]
    total = np.sum(parts, 0)
    return np.asarray(0.3 * total / np.abs(total).max(), np.float32)


@pytest.mark.parametrize("hertz", [85.0, 120.0, 170.0, 220.0, 330.0])
def test_pitch_is_found_without_octave_errors(hertz: float) -> None:
    assert median_pitch(_voice(hertz)) == pytest.approx(hertz, rel=0.04)


def test_silence_has_no_pitch_and_no_speech() -> None:
    assert median_pitch(np.zeros(RATE, np.float32)) == 0
    assert not track(np.zeros(RATE, np.float32)).speech.any()


def test_track_knows_where_speech_is() -> None:
    pcm = np.concatenate([np.zeros(6400, np.float32), _voice(150), np.zeros(6400, np.float32)])
    speech = track(pcm).speech
    assert not speech[:9].any()
    assert speech[11:24].all()
    assert not speech[-9:].any()


def test_syllables_are_vowels() -> None:
    assert syllables("wʌtɪzfɔɹɾisɛvən") == 6


def test_trim_keeps_what_is_loud() -> None:
    assert len(trim(np.array([0, 0, 0.5, 0, -0.5, 0], np.float32))) == 3


def test_a_test_clip_has_whole_positions_and_its_own_level() -> None:
    pcm = _voice(150)
    utterance = Utterance(Question("loudness", ("how",)), "haʊ", "f2", "espeak", 0, len(pcm))
    for seed in range(20):
        clip = plain(pcm, utterance, random.Random(seed))
        assert len(clip.noisy) == len(clip.clean)
        assert len(clip.noisy) % 1280 == 0
        assert clip.measured.level is not None
        assert 20 * np.log10(rms(trim(clip.clean, 1e-6))) == pytest.approx(clip.measured.level, abs=0.5)


def test_clips_without_speech_are_finite() -> None:
    for seed in range(20):
        clip = noise_clip(random.Random(seed))
        assert np.isfinite(clip.noisy).all()
        assert len(clip.noisy) % 1280 == 0


def test_wilson_interval_holds_the_share() -> None:
    low, high = wilson(93, 100)
    assert low == pytest.approx(0.8625, abs=1e-3)
    assert high == pytest.approx(0.9657, abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


def test_edits_count_words() -> None:
    assert edits(["what", "is", "one", "plus", "two"], ["what", "is", "nine", "plus", "two", "two"]) == 2
    assert percent(1, 0) == "-"
