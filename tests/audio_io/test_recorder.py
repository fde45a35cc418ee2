"""The record of both voices: aligned, bounded, and whole at every moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_io.recorder import StereoRecorder
from pipeline.errors import SoundFileError
from pipeline.ports import Pcm


def clicks(rate: int, *seconds: float, length: float = 1.0) -> Pcm:
    sound = np.zeros(round(rate * length), np.float32)
    for second in seconds:
        sound[round(rate * second)] = 0.9
    return sound


def times(side: Pcm, rate: int) -> list[float]:
    loud = np.abs(side)
    peaks = (loud[1:-1] > 0.3) & (loud[1:-1] >= loud[:-2]) & (loud[1:-1] > loud[2:])
    return [round(float(at + 1) / rate, 4) for at in np.flatnonzero(peaks)]


def read(path: Path) -> tuple[Pcm, Pcm, int]:
    both, rate = soundfile.read(path, dtype="float32")
    return both[:, 0], both[:, 1], rate


def test_what_sounds_together_lies_together(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav")
    user, agent = clicks(16000, 0.25, 0.75), clicks(24000, 0.25, 0.75)
    for tick in range(50):
        recorder.agent(tick * 480, agent[tick * 480 : tick * 480 + 480])
        recorder.user(tick * 320, user[tick * 320 : tick * 320 + 320])
    recorder.close()
    left, right, rate = read(recorder.path)
    assert rate == 24000
    assert left.size == 24000
    assert times(left, rate) == times(right, rate) == [0.25, 0.75]


def test_gaps_on_either_side_are_silence_of_their_length(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.user(0, clicks(16000, 0.5))
    recorder.agent(24000, clicks(24000, 0.5))
    recorder.user(48000, clicks(16000, 0.25))
    recorder.close()
    left, right, rate = read(recorder.path)
    assert times(left, rate) == [0.5, 3.25]
    assert times(right, rate) == [1.5]
    assert left.size == 4 * 24000


def test_a_side_that_says_nothing_is_silent_and_memory_stays_bounded(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav")
    second = clicks(16000, 0.5)
    for number in range(40):
        recorder.user(number * 16000, second)
    assert recorder.seconds == pytest.approx(38, abs=0.1)
    recorder.close()
    left, right, rate = read(recorder.path)
    assert len(times(left, rate)) == 40
    assert not right.any()


def test_what_comes_for_a_moment_already_written_is_counted(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.user(0, clicks(16000, length=10.0))
    recorder.agent(0, clicks(24000, 0.5))
    recorder.agent(12 * 24000, clicks(24000, 0.5))
    recorder.close()
    assert recorder.late == 24000
    _, right, rate = read(recorder.path)
    assert times(right, rate) == [12.5]


def test_the_file_is_whole_while_the_conversation_goes_on(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav")
    for number in range(10):
        recorder.user(number * 16000, clicks(16000, 0.5))
        recorder.agent(number * 24000, clicks(24000, 0.5))
        copy = tmp_path / "copy.wav"
        copy.write_bytes(recorder.path.read_bytes())  # what a program that dies now leaves behind
        _, right, rate = read(copy)
        assert right.size >= (number - 0.1) * rate
        assert len(times(right, rate)) >= number - 1
    recorder.close()
    recorder.close()


def test_a_record_of_nothing_is_a_sound_file(tmp_path: Path) -> None:
    StereoRecorder(tmp_path / "new" / "a.wav").close()
    left, _, rate = read(tmp_path / "new" / "a.wav")
    assert (left.size, rate) == (0, 24000)


def test_another_rate_can_be_asked_for(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "a.wav", 16000)
    recorder.user(0, clicks(16000, 0.5))
    recorder.agent(0, clicks(24000, 0.5))
    recorder.close()
    left, right, rate = read(recorder.path)
    assert rate == left.size == 16000
    assert times(left, rate) == times(right, rate) == [0.5]


def test_a_full_disk_ends_the_record_and_not_the_conversation(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here to stand for a full disk")
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder._file.close()
    recorder._file = full.open("wb", buffering=0)
    recorder.user(0, clicks(16000))
    recorder.agent(0, clicks(24000))
    recorder.user(16000, clicks(16000))
    recorder.close()
    assert "No space left" in recorder.fault


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SoundFileError, match="cannot be written"):
        StereoRecorder(tmp_path / "file" / "a.wav")
