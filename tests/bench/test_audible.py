"""The ruler: what counts as heard, and where exactly it begins and ends."""

import numpy as np
import pytest

from bench.audible import THRESHOLD, audible, loudness, stretches

RATE = 24_000


def silence(seconds, floor=None):
    count = round(seconds * RATE)
    if floor is None:
        return np.zeros(count, np.float32)
    return np.random.default_rng(3).normal(0, 10 ** (floor / 20), count).astype(np.float32)


def with_tone(start, seconds, *, length=3.0, level=-20.0, floor=None):
    """A cosine, loud from its first sample to its last, at an exact sample."""
    out = silence(length, floor)
    count = round(seconds * RATE)
    phase = 2 * np.pi * 300 * np.arange(count) / RATE
    out[start : start + count] += (10 ** (level / 20) * np.sqrt(2) * np.cos(phase)).astype(np.float32)
    return out


@pytest.mark.parametrize("floor", [None, -60.0, -52.0])
@pytest.mark.parametrize("start", [24_000, 24_001, 24_119, 24_120, 24_239, 30_077])
def test_edges_are_found_within_a_millisecond_wherever_they_lie_in_a_window(start, floor):
    (found,) = stretches(with_tone(start, 0.5123, floor=floor), RATE)
    assert found.start == pytest.approx(start, abs=24)
    assert found.end == pytest.approx(start + round(0.5123 * RATE), abs=24)
    assert found.loud == pytest.approx(0.51, abs=0.021)


def test_sound_just_under_the_threshold_is_not_audible_and_just_over_it_is():
    assert not stretches(with_tone(24_000, 0.5, level=-46.0), RATE)
    assert len(stretches(with_tone(24_000, 0.5, level=-44.0), RATE)) == 1


def test_less_than_30_ms_in_60_is_a_click_and_no_sound():
    assert not stretches(with_tone(24_000, 0.015), RATE)
    assert len(stretches(with_tone(24_000, 0.040), RATE)) == 1
    flicker = sum((with_tone(24_000 + round(0.05 * RATE) * n, 0.01) for n in range(10)), silence(3.0))
    assert not stretches(flicker, RATE)


def test_gaps_of_less_than_200_ms_belong_to_the_sound():
    def two(gap):
        return with_tone(24_000, 0.3) + with_tone(24_000 + round((0.3 + gap) * RATE), 0.3)

    assert len(stretches(two(0.19), RATE)) == 1
    assert len(stretches(two(0.21), RATE)) == 2
    assert len(stretches(two(0.21), RATE, join=0.3)) == 1
    assert stretches(two(0.19), RATE)[0].loud == pytest.approx(0.6, abs=0.03)


def test_windows_are_10_ms_of_root_mean_square_and_the_last_may_be_short():
    levels = loudness(np.full(250, 0.5, np.float32), RATE)
    assert levels.shape == (2,)
    assert levels[0] == pytest.approx(0.5) and levels[1] == pytest.approx(0.5 * np.sqrt(10 / 240))
    assert pytest.approx(0.005623, abs=1e-6) == THRESHOLD


def test_nothing_is_heard_in_nothing():
    assert stretches(silence(0.0), RATE) == [] and not audible(silence(0.005), RATE).any()
