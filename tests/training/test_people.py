"""Recorded digits are glued into phrases, and what was heard is counted by speaker."""

import random
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from training.audio import POSITION
from training.augment import Clip
from training.outcomes import Outcome
from training.people import cases, line, phrase, recording, threshold_on
from training.player import Answer
from training.sets import case_of
from training.skills.question import Question
from training.spectrum import NO_WARP


def _write(path: Path, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = 8000 * np.sin(np.arange(rate // 2) * 0.3)
        hiss = 80 * np.sin(np.arange(rate // 4) * 2.0)
        file.writeframes(np.concatenate([hiss, tone]).astype(np.int16).tobytes())


def _outcome(speaker: str, right: bool, score: float) -> Outcome:
    silence = np.zeros(POSITION, np.float32)
    question = Question("digits", ("four", "two", "one"), (4, 2, 1))
    said = "Four, two, one." if right else "Nine."
    text = f"heard: four two one\ndigits 421\n</think>\n{said}"
    return Outcome(case_of(Clip(silence, silence, NO_WARP), question, speaker), Answer(text, score))


def test_a_recording_is_level_at_16_khz_and_keeps_its_weak_beginning(tmp_path: Path) -> None:
    _write(tmp_path / "3_ann_0.wav", 8000)
    pcm = recording(tmp_path / "3_ann_0.wav")
    assert len(pcm) == 12000
    hiss, tone = pcm[:3900], pcm[4100:]
    assert float(np.sqrt(np.square(tone).mean())) == pytest.approx(0.05, rel=1e-2)
    assert 0.0003 < float(np.abs(hiss).max()) < 0.001, "the beginning of a six is no more than that"
    whole = phrase([pcm, pcm, pcm], random.Random(0))
    assert len(whole) > 3 * len(pcm)
    assert len(whole) % POSITION == 0


def test_a_recording_of_another_rate_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "3_ann_0.wav", 16000)
    with pytest.raises(ValueError, match="8 kHz"):
        recording(tmp_path / "3_ann_0.wav")


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Free Spoken Digit"):
        cases(tmp_path, 1)


def test_every_speaker_says_threes_that_are_to_be_said_again(tmp_path: Path) -> None:
    for digit in range(10):
        for speaker in ("ann", "bob"):
            _write(tmp_path / f"{digit}_{speaker}_0.wav", 8000)
    found = cases(tmp_path, 1, count=2)
    assert [case.voice for case in found] == ["ann", "ann", "bob", "bob"]
    assert all(len(case.question.numbers) == 3 and case.reply.count(",") == 2 for case in found)


def test_a_threshold_leaves_few_wrong_answers() -> None:
    found = [_outcome("ann", i % 2 == 0, -0.01 * i) for i in range(100)]
    threshold = threshold_on(found, 0.03)
    assert sum(o.wrong(threshold) for o in found) == 3
    assert sum(o.right_with_refusal(threshold) for o in found) >= 3
    assert threshold_on([_outcome("ann", True, -1.0)]) == -np.inf


def test_intervals_of_few_speakers_are_those_between_speakers() -> None:
    found = [
        (_outcome(speaker, speaker == "ann", -0.1), -1.0) for speaker in ("ann", "bob") for _ in range(50)
    ]
    assert "50.0% [0.0%, 100.0%]" in line("all", "here", found, many=True)
    assert "50.0% [40.4%, 59.6%]" in line("all", "here", found, many=False)
