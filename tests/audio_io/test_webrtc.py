"""The light detector: a smooth score, quiet on noise, right on most of human speech."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audio_io.silero import SileroDetector
from audio_io.wav import read_sound
from audio_io.webrtc import WebrtcDetector
from pipeline.errors import BugError, ModelError

AUDIO = Path(__file__).parents[3] / "shared" / "audio"


def test_silence_and_steady_noise_are_not_speech() -> None:
    noise = (0.05 * np.random.default_rng(0).standard_normal(16000 * 6)).astype(np.float32)
    for sound in (np.zeros(32000, np.float32), noise):
        detector = WebrtcDetector()
        heard = [detector.score(window) for window in sound[: sound.size // 512 * 512].reshape(-1, 512)]
        assert max(heard) < 0.5


@pytest.mark.skipif(not AUDIO.is_dir(), reason="the folder ../shared/audio is not here")
def test_it_agrees_with_silero_on_people() -> None:
    sound = read_sound(AUDIO / "pyannote__sample.wav")
    windows = sound[: sound.size // 512 * 512].reshape(-1, 512)
    light, sure = WebrtcDetector(), SileroDetector()
    pairs = np.array([(light.score(window) > 0.5, sure.score(window) > 0.5) for window in windows])
    assert np.mean(pairs[:, 0] == pairs[:, 1]) > 0.75


@pytest.mark.skipif(not AUDIO.is_dir(), reason="the folder ../shared/audio is not here")
def test_scores_are_probabilities_that_move_smoothly_and_reset_forgets() -> None:
    sound = read_sound(AUDIO / "vosk__test.wav")[: 512 * 150].reshape(-1, 512)
    detector = WebrtcDetector()
    first = [detector.score(window) for window in sound]
    assert 0.0 <= min(first) <= max(first) <= 1.0
    assert max(first) > 0.8
    assert np.abs(np.diff(first)).max() <= 1 - 0.8**4 + 1e-6
    detector.reset()
    assert [detector.score(window) for window in sound] == first


def test_a_window_of_another_size_is_our_bug() -> None:
    with pytest.raises(BugError, match="512"):
        WebrtcDetector().score(np.zeros(480, np.float32))


def test_an_absent_wheel_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(ModelError, match="pip install webrtcvad-wheels"):
        WebrtcDetector()
