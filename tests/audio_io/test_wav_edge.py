"""Recordings in the microphone's place: right time, right samples, and a record in which both sides align."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_io.recorder import StereoRecorder
from audio_io.wav import write_wav
from audio_io.wav_edge import Cue, ScheduledEdge, WavEdge
from pipeline.clock import now, simulate
from pipeline.errors import SoundFileError
from pipeline.events import Fact, Sample, Span
from pipeline.ports import Pcm
from pipeline.ring import AudioRing


class Agent:
    """Sounds at the given seconds of the playout timeline, and notes when it was asked."""

    def __init__(self, *spans: tuple[float, float]) -> None:
        self.spans, self.at, self.asked = spans, 0, []

    def pull(self, count: int) -> Pcm:
        self.asked.append(round(now(), 6))
        at = (self.at + np.arange(count)) / 24000
        self.at += count
        loud = np.any([(at >= begin) & (at < end) for begin, end in self.spans] or [at < 0], axis=0)
        return np.where(loud, 0.5, 0.0).astype(np.float32)


def ignore(_: Fact) -> None:
    """No facts are expected of a recording."""
    raise AssertionError("a recording loses nothing")


def play(edge: WavEdge | ScheduledEdge, agent: Agent) -> tuple[Pcm, float]:
    """Run an edge in virtual time; what was captured and how long it took."""

    async def main() -> tuple[Pcm, float]:
        ring = AudioRing(120.0)
        await edge.run(ring, agent, ignore)
        return ring.read(Span(Sample(0), ring.end)), now()

    return simulate(main)


def test_a_recording_is_captured_sample_for_sample_in_real_time() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, 16000 * 3 + 100).astype(np.float32)
    captured, took = play(WavEdge(sound, tail=1.0), Agent())
    assert np.array_equal(captured[: sound.size], sound)
    assert not captured[sound.size :].any()
    assert took == pytest.approx(captured.size / 16000)
    assert took == pytest.approx(3.02 + 1.0, abs=0.03)


def test_a_long_recording_does_not_drift() -> None:
    agent = Agent()
    edge = ScheduledEdge([Cue(np.zeros(320, np.float32), at=180.0)], tail=0.5)

    async def main() -> float:
        ring = AudioRing(1.0)
        await edge.run(ring, agent, ignore)
        return ring.end / 16000

    assert simulate(main) == pytest.approx(agent.asked[-1] + 0.02)
    assert agent.asked == [round(number * 0.02, 6) for number in range(len(agent.asked))]
    assert edge.lateness < 1e-6


def test_a_frame_is_written_only_when_it_would_have_been_spoken() -> None:
    async def main() -> list[tuple[float, int]]:
        ring, seen = AudioRing(10.0), []
        edge = WavEdge(np.ones(16000, np.float32), tail=0.1)
        running = asyncio.get_running_loop().create_task(edge.run(ring, Agent(), ignore))
        for number in range(40):
            await asyncio.sleep(0.02 if number else 0.01)
            seen.append((now(), ring.end))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return seen

    for at, end in simulate(main):
        assert end <= at * 16000
        assert end > at * 16000 - 2 * 320


def test_a_loop_that_was_blocked_catches_up_and_loses_nothing() -> None:
    class Slow(Agent):
        """Its twentieth pull takes half a second."""

        def pull(self, count: int) -> Pcm:
            if len(self.asked) == 20:
                asyncio.get_running_loop()._nanoseconds += 500_000_000  # type: ignore[attr-defined]
            return super().pull(count)

    sound = np.arange(16000, dtype=np.float32) / 16000

    async def main() -> tuple[Pcm, float]:
        ring, edge = AudioRing(10.0), WavEdge(sound, tail=0.2)
        await edge.run(ring, Slow(), ignore)
        assert edge.lateness == pytest.approx(0.48)
        return ring.read(Span(Sample(0), ring.end)), now()

    captured, took = simulate(main)
    assert np.array_equal(captured[: sound.size], sound)
    assert took == pytest.approx(captured.size / 16000)


def test_both_sides_of_the_record_lie_on_one_clock(tmp_path: Path) -> None:
    sound = np.zeros(16000 * 4, np.float32)
    sound[16000:32000] = 0.5
    play(WavEdge(sound, tail=0.5, recorder=StereoRecorder(tmp_path / "a.wav")), Agent((1.0, 2.0), (3.5, 3.6)))
    both, rate = soundfile.read(tmp_path / "a.wav")
    left, right = (np.flatnonzero(np.abs(side) > 0.25) / rate for side in both.T)
    assert left[0] == pytest.approx(right[0], abs=0.001)
    assert left[-1] == pytest.approx(2.0, abs=0.001)
    assert right[-1] == pytest.approx(3.6, abs=0.001)


def test_a_session_that_ends_early_leaves_a_whole_record(tmp_path: Path) -> None:
    async def main() -> None:
        edge = WavEdge(np.ones(160000, np.float32), recorder=StereoRecorder(tmp_path / "a.wav"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await edge.run(AudioRing(60.0), Agent(), ignore)

    simulate(main)
    assert soundfile.info(tmp_path / "a.wav").duration == pytest.approx(2.5, abs=0.05)


def test_what_comes_back_through_the_room_is_captured_and_told() -> None:
    def hear_back(user: Pcm, agent: Pcm) -> Pcm:
        return user + agent[::3].repeat(2)

    edge = WavEdge(np.zeros(16000, np.float32), tail=1.0, hear_back=hear_back)
    assert edge.report().echo == "open"
    captured, _ = play(edge, Agent((0.5, 0.6)))
    assert np.flatnonzero(captured)[0] == 8000
    assert WavEdge(np.zeros(10, np.float32)).report().echo == "none"


def test_a_file_of_any_rate_is_played_and_a_bad_one_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full((48000, 2), 0.5, np.float32), 48000)
    captured, _ = play(WavEdge(tmp_path / "a.wav", tail=0.1), Agent())
    assert captured[8000] == pytest.approx(0.5, abs=0.001)
    with pytest.raises(SoundFileError, match="does not exist"):
        WavEdge(tmp_path / "b.wav")


def test_without_pace_it_ends_at_once_and_still_yields() -> None:
    captured, took = play(WavEdge(np.ones(160000, np.float32), tail=0.1, pace=False), Agent())
    assert captured[:160000].all()
    assert took == 0.0


def test_a_script_of_several_recordings_follows_the_agent() -> None:
    first, second = np.full(16000, 0.3, np.float32), np.full(16000, 0.6, np.float32)
    edge = ScheduledEdge([Cue(first, at=0.5), Cue(second, silence=1.0)], tail=1.0)
    captured, _ = play(edge, Agent((2.0, 3.0)))
    assert np.flatnonzero(captured == np.float32(0.3))[0] == 8000
    assert np.flatnonzero(captured == np.float32(0.6))[0] == pytest.approx(64000, abs=330)
