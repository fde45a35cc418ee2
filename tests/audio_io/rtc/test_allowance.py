from __future__ import annotations

from audio_io.rtc.allowance import BURST, PATIENCE, SPEED, Allowance


def test_sound_at_the_pace_of_time_always_passes():
    allowance = Allowance(0.0)
    assert all(allowance.take(0.02, at * 0.02 / 1.04) for at in range(50_000))
    assert not allowance.abused()


def test_a_burst_after_a_stall_passes():
    allowance = Allowance(0.0)
    taken = sum(allowance.take(0.02, 10.0) for _ in range(1000))
    assert abs(taken - BURST / 0.02) <= 1


def test_a_hundred_times_real_time_is_held_to_real_time_and_told_in_the_end():
    allowance, taken, at = Allowance(0.0), 0.0, 0.0
    while at < 60.0:
        taken += 0.12 * allowance.take(0.12, at)
        at += 0.0012
        assert allowance.abused() == (at > PATIENCE + BURST) or 4.9 < at < PATIENCE + BURST + 0.1
    assert taken <= SPEED * 60.0 + BURST


def test_a_client_that_comes_back_to_reason_is_forgiven():
    allowance = Allowance(0.0)
    while allowance.take(0.12, 1.0):
        pass
    assert allowance.take(0.02, 3.0) and not allowance.abused()
