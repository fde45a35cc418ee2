"""From blocks to frames: time is neither stretched nor squeezed, whatever a device does."""

from __future__ import annotations

import numpy as np
import pytest

from audio_io.capture import Capture, Gaps
from audio_io.far_end import FarEnd
from pipeline.ports import Pcm


def sound_of(frames: list[Pcm | int]) -> Pcm:
    parts = [np.zeros(frame, np.float32) if isinstance(frame, int) else frame for frame in frames]
    return np.concatenate([np.zeros(0, np.float32), *parts])


class TestGaps:
    def test_regular_blocks_lose_nothing(self) -> None:
        gaps = Gaps()
        assert sum(gaps.arrived(0.01, 5.0 + number * 0.01) for number in range(5000)) == 0.0

    def test_jitter_and_late_bursts_are_not_losses(self) -> None:
        gaps, dice, lost = Gaps(), np.random.default_rng(0), 0.0
        for number in range(3000):
            stalled = number // 100 % 5 == 4 and number % 100 < 20  # 200 ms that come late, together
            at = (number // 100 * 100 + 20) * 0.01 if stalled else number * 0.01
            lost += gaps.arrived(0.01, at + float(dice.uniform(0, 0.03)))
        assert lost == 0.0

    @pytest.mark.parametrize("gap", [0.15, 1.0, 7.0])
    def test_a_hole_is_measured_once(self, gap: float) -> None:
        gaps = Gaps()
        times = [number * 0.01 + (gap if number > 300 else 0.0) for number in range(2000)]
        found = [gaps.arrived(0.01, at) for at in times]
        assert sum(found) == pytest.approx(gap, abs=0.012)
        assert sum(value > 0 for value in found) == 1
        assert found.index(max(found)) <= 300 + 52

    def test_a_hole_of_less_than_100_ms_is_no_fact(self) -> None:
        gaps = Gaps()
        times = [number * 0.01 + (0.08 if number > 300 else 0.0) for number in range(2000)]
        assert sum(gaps.arrived(0.01, at) for at in times) == 0.0

    @pytest.mark.parametrize("ppm", [-500, 500])
    def test_a_clock_that_runs_wrong_is_not_a_loss(self, ppm: int) -> None:
        gaps = Gaps()
        assert sum(gaps.arrived(0.01, number * 0.01 * (1 + ppm * 1e-6)) for number in range(100_000)) == 0.0

    def test_a_device_that_is_gone_loses_time_as_it_passes(self) -> None:
        gaps = Gaps()
        for number in range(100):
            gaps.arrived(0.01, number * 0.01)
        lost = [gaps.stalled(2.0), gaps.stalled(3.0), gaps.stalled(4.0)]
        assert lost == pytest.approx([1.01, 1.0, 1.0], abs=0.011)
        back = [gaps.arrived(0.01, 4.3 + number * 0.01) for number in range(200)]
        assert sum(lost) + sum(back) == pytest.approx(3.3, abs=0.03)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_of_any_size_become_20_ms_frames_of_the_right_duration(rate: int, channels: int) -> None:
    dice, capture, frames, at = np.random.default_rng(rate), Capture(rate, Gaps(), FarEnd(), None), [], 0.0
    given = 0
    for size in [1, 0, 2, rate // 100, 1, *dice.integers(0, rate // 20, 60).tolist(), rate * 3]:
        tone = 0.4 * np.sin(2 * np.pi * 500 * np.arange(given, given + size) / rate)
        given += size
        at += size / rate
        frames += capture.take(np.repeat(tone[:, None], channels, axis=1).astype(np.float32), at)
    assert all(not isinstance(frame, int) and frame.shape == (320,) for frame in frames)
    sound = sound_of(frames)
    assert abs(sound.size / 16000 - given / rate) <= 0.022
    want = 0.4 * np.sin(2 * np.pi * 500 * np.arange(sound.size) / 16000)
    assert np.abs(sound - want)[400:-400].max() < 0.01


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, 5.0])
def test_impossible_samples_give_finite_frames_within_full_scale(bad: float) -> None:
    capture = Capture(48000, Gaps(), FarEnd(), None)
    block = np.full((4800, 1), 0.1, np.float32)
    block[100] = bad
    frames = sound_of(capture.take(block, 0.1))
    assert np.isfinite(frames).all()
    assert np.abs(frames).max() <= 1.0
    assert capture.unsound == (0 if np.isfinite(bad) else 1)


def test_a_hole_comes_out_as_a_count_at_its_place() -> None:
    capture, frames = Capture(16000, Gaps(), FarEnd(), None), []
    for number in range(300):
        at = number * 0.01 + (1.0 if number >= 100 else 0.0)
        frames += capture.take(np.full((160, 1), 0.1, np.float32), at)
    holes = [frame for frame in frames if isinstance(frame, int)]
    assert holes == [pytest.approx(16000, abs=200)]
    assert sound_of(frames).size == pytest.approx(4 * 16000, abs=500)


def test_digital_silence_is_timed() -> None:
    capture = Capture(16000, Gaps(), FarEnd(), None)
    for number in range(100):
        capture.take(np.zeros((160, 1), np.float32), number * 0.01)
    assert capture.silent == pytest.approx(1.0)
    capture.take(np.full((160, 1), 1e-4, np.float32), 1.0)
    assert capture.silent == 0.0
