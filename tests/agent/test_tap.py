"""The tap on an edge: both voices recorded where they sounded together, nothing kept unless asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agent.tap import Tap, tracks
from audio_io.recorder import StereoRecorder
from pipeline.clock import now, simulate
from pipeline.errors import SoundFileError
from pipeline.events import Fact
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing


class Device:
    """An edge that captures a click at one time and plays in blocks, with a latency, from some time on."""

    def __init__(
        self, click: float, *, latency: float = 0.0, begins: float = 0.0, capture_begins: float = 0.0
    ) -> None:
        self.click, self.latency, self.begins, self.late = click, latency, begins, capture_begins

    def report(self) -> EdgeReport:
        return EdgeReport("test", "none", self.latency)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        start = now()
        for tick in range(1, 151):
            at = tick * 0.02
            await asyncio.sleep(start + at - now())
            if at > self.late:
                frame = np.zeros(FRAME, np.float32)
                if at - 0.02 <= self.click < at - 1e-9:
                    frame[round((self.click - at + 0.02) * CAPTURE_RATE)] = 0.9
                ring.write(frame)
            if at > self.begins:
                source.pull(480)


class Clicks:
    """A playout source with one click at this second of its own count."""

    def __init__(self, click: float) -> None:
        self.at, self.click = 0, round(click * PLAYOUT_RATE)

    def pull(self, count: int) -> Pcm:
        pcm = np.zeros(count, np.float32)
        if self.at <= self.click < self.at + count:
            pcm[self.click - self.at] = 0.9
        self.at += count
        return pcm


def _nothing(fact: Fact) -> None:
    raise AssertionError(fact)


def _clicks(folder: Path, device: Device, played: float) -> tuple[float, float]:
    """Seconds of the recording at which the user's and the agent's click lie."""
    path = folder / "both.wav"

    async def main() -> None:
        tap = Tap(device, StereoRecorder(path))
        await tap.run(AudioRing(), Clicks(played), _nothing)
        tap.close()

    simulate(main)
    both = tracks(path)
    user, agent = (int(np.argmax(np.abs(lane))) / both.rate for lane in (both.user, both.agent))
    return user, agent


def test_what_sounds_together_lies_together(tmp_path: Path) -> None:
    user, agent = _clicks(
        tmp_path, Device(click=1.0), played=0.98
    )  # pulled at 1.0, when a frame of capture is in
    assert user == pytest.approx(1.0, abs=0.001)
    assert agent == pytest.approx(1.0, abs=0.001)


def test_the_agent_lies_where_the_ear_hears_it(tmp_path: Path) -> None:
    _, agent = _clicks(tmp_path, Device(click=1.0, latency=0.2), played=0.98)
    assert agent == pytest.approx(1.2, abs=0.001)


def test_a_loudspeaker_that_starts_late_is_not_shifted(tmp_path: Path) -> None:
    user, agent = _clicks(tmp_path, Device(click=1.0, begins=0.5), played=0.48)
    assert user == pytest.approx(1.0, abs=0.001)
    assert agent == pytest.approx(1.0, abs=0.001)


def test_a_microphone_that_starts_late_is_made_up_for_once_the_agent_is_silent(tmp_path: Path) -> None:
    user, agent = _clicks(tmp_path, Device(click=2.5, capture_begins=0.1), played=2.48)
    assert user == pytest.approx(2.4, abs=0.001), "the record begins with the microphone"
    assert agent == pytest.approx(2.4, abs=0.01)


def test_nothing_is_kept_without_a_recorder() -> None:
    async def main() -> Tap:
        tap = Tap(Device(click=1.0))
        await tap.run(AudioRing(), Clicks(0.5), _nothing)
        tap.keep()
        tap.close()
        return tap

    assert not simulate(main)._played


def test_the_level_of_what_is_played_is_known() -> None:
    async def main() -> list[float]:
        tap = Tap(Device(click=1.0))
        levels = []

        class Tone:
            def pull(self, count: int) -> Pcm:
                levels.append(tap.level)
                return np.full(count, 0.1, np.float32)

        await tap.run(AudioRing(), Tone(), _nothing)
        return [*levels, tap.level]

    levels = simulate(main)
    assert levels[0] < -100 and levels[-1] == pytest.approx(-20.0, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"no sound", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_that_is_no_recording_is_told_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(SoundFileError, match="is not a stereo recording"):
        tracks(tmp_path / "x.wav")
