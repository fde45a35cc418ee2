"""From blocks to frames: time is neither stretched nor squeezed, whatever a device does."""

from __future__ import annotations

from typing import Any

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


def ramp(number: int) -> Pcm:
    """10 ms of sound that tell which block they are."""
    return np.full((160, 1), number / 1000, np.float32)


@pytest.mark.parametrize("rate", [16000, 48000])
def test_a_loss_lies_before_the_sound_that_came_after_it(rate: int) -> None:
    capture, frames, waited = Capture(rate, Gaps(), FarEnd(), None), [], 0.0
    for number in range(500):
        at = number * 0.01 + (0.4 if number >= 200 else 0.0)
        block = np.full((rate // 100, 1), 0.1 if number < 200 else 0.7, np.float32)
        frames += capture.take(block, at)
        waited = max(waited, at - sound_of(frames).size / 16000)
    (hole,) = [place for place, frame in enumerate(frames) if isinstance(frame, int)]
    assert sound_of(frames[:hole]).size / 16000 == pytest.approx(2.0, abs=0.03)
    assert sound_of(frames[: hole + 1]).size / 16000 == pytest.approx(2.4, abs=0.03)
    assert sound_of(frames[hole + 2 :]).min() > 0.4
    assert sound_of(frames).size / 16000 == pytest.approx(5.4, abs=0.05)
    assert waited < 0.4 + 0.5 + 0.05


@pytest.mark.parametrize("stall", [0.05, 0.09, 0.3])
def test_what_was_only_late_comes_as_soon_as_it_is_there_and_in_order(stall: float) -> None:
    capture, frames = Capture(16000, Gaps(), FarEnd(), None), []
    for number in range(300):
        due = number * 0.01
        frames += capture.take(ramp(number), 1.0 + stall if 1.0 <= due < 1.0 + stall else due)
        if due >= 1.0 + stall or stall < 0.1:
            assert sound_of(frames).size >= number * 160 - 320
    assert not any(isinstance(frame, int) for frame in frames)
    want = np.repeat(np.arange(300) / 1000, 160).astype(np.float32)
    assert np.array_equal(sound_of(frames), want[: sound_of(frames).size])


def test_a_device_that_dies_soon_after_a_hole_gives_loss_sound_and_loss_in_order() -> None:
    capture, frames = Capture(16000, Gaps(), FarEnd(), None), []
    for number in range(120):
        frames += capture.take(ramp(number), number * 0.01 + (0.3 if number >= 100 else 0.0))
    frames += capture.stalled(2.5)
    first, last = (place for place, frame in enumerate(frames) if isinstance(frame, int))
    assert frames[first] == pytest.approx(0.3 * 16000, abs=20)
    assert last - first - 1 == 10
    assert frames[last] == pytest.approx(1.01 * 16000, abs=20)
    assert capture.stalled(2.5) == []


def test_what_was_lost_while_devices_changed_is_known_with_the_new_ones_first_block() -> None:
    gaps, frames = Gaps(), []
    old = Capture(16000, gaps, FarEnd(), None)
    for number in range(100):
        old.take(ramp(number), number * 0.01)
    new = Capture(16000, gaps, FarEnd(), None)
    for number in range(100, 104):
        frames += new.take(ramp(number), 1.39 + (number - 99) * 0.01)
    assert frames[0] == pytest.approx(0.4 * 16000, abs=2)
    assert len(frames) == 3


def test_far_end_and_microphone_still_match_after_a_hole() -> None:
    class Spy:
        off = 0.0

        def process(self, mic: Pcm, far: Pcm) -> Pcm:
            if mic.min() > 120 / 1600:
                self.off = max(self.off, float(np.abs(mic - far).max()))
            return mic

        def disturb(self) -> None:
            pass

    spy: Any = Spy()
    capture = Capture(16000, Gaps(), FarEnd(), spy)
    for number in range(400):  # the loudspeaker plays on, the microphone loses 0.2 s
        capture.played(np.full(240, number / 1600, np.float32))
        if not 100 <= number < 120:
            capture.take(ramp(number) / 1.6, number * 0.01)
    assert 0 < spy.off < 0.002  # 30 ms; 0.2 s would be 0.0125


def test_digital_silence_is_timed() -> None:
    capture = Capture(16000, Gaps(), FarEnd(), None)
    for number in range(100):
        capture.take(np.zeros((160, 1), np.float32), number * 0.01)
    assert capture.silent == pytest.approx(1.0)
    capture.take(np.full((160, 1), 1e-4, np.float32), 1.0)
    assert capture.silent == 0.0
