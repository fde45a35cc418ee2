"""Recorded digits are glued into phrases, and what was heard is counted by word."""

import random
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

from training.people import Heard, _phrase, _recording, measure


def _write(path: Path, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = 8000 * np.sin(np.arange(rate // 2) * 0.3)
        file.writeframes(np.concatenate([np.zeros(rate // 4), tone]).astype(np.int16).tobytes())


def test_a_recording_is_trimmed_and_level_at_16_khz(tmp_path: Path) -> None:
    _write(tmp_path / "3_ann_0.wav", 8000)
    pcm = _recording(tmp_path / "3_ann_0.wav")
    assert len(pcm) == pytest.approx(8000, abs=200)
    assert float(np.sqrt(np.square(pcm).mean())) == pytest.approx(0.05, rel=1e-3)
    assert len(_phrase(pcm, pcm, pcm, random.Random(0))) > 3 * len(pcm)


def test_a_recording_of_another_rate_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "3_ann_0.wav", 16000)
    with pytest.raises(ValueError, match="8 kHz"):
        _recording(tmp_path / "3_ann_0.wav")


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Free Spoken Digit"):
        measure(tmp_path, tmp_path, 1, tell=print)


def test_digits_count_where_they_belong() -> None:
    assert Heard(("three", "five"), ["three", "plus", "five"], refused=False).right
    half = Heard(("three", "five"), ["three", "plus", "nine"], refused=False)
    assert not half.right
    assert half.digits == 1
