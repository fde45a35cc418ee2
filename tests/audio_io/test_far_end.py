"""The line of what was played: in order, bounded, cut only where nothing sounds."""

from __future__ import annotations

import numpy as np

from audio_io.far_end import MOST, FarEnd


def test_samples_come_out_in_order_at_the_capture_rate() -> None:
    far = FarEnd()
    played = np.sin(2 * np.pi * 300 * np.arange(24000) / 24000).astype(np.float32)
    heard = []
    for at in range(0, 24000, 240):
        far.push(played[at : at + 240])
        if at >= 240:
            heard.append(far.pull(160))
    want = np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)
    joined = np.concatenate(heard)
    assert np.abs(joined[100:] - want[100 : joined.size]).max() < 0.01
    assert far.missing == 0


def test_what_is_not_there_yet_is_silence_and_counted() -> None:
    far = FarEnd()
    far.push(np.zeros(240, np.float32))
    assert not far.pull(160).any()  # 1 ms short, for good
    assert (far.missing, far.ready(160)) == (0, True)
    assert not far.pull(640).any()
    assert (far.missing, far.ready(320)) == (640, False)


def test_a_stuck_microphone_does_not_make_it_grow() -> None:
    far = FarEnd()
    for _ in range(1000):
        far.push(np.ones(240, np.float32))
        assert far.waiting <= MOST * 16000
    assert far.trimmed > 0


def feed(far: FarEnd, value: float, blocks: int) -> None:
    """Both devices in step, 10 ms at a time."""
    for _ in range(blocks):
        far.push(np.full(240, value, np.float32))
        far.pull(160)


def test_a_little_that_was_never_needed_is_cut_in_a_pause_of_the_agent_only() -> None:
    far = FarEnd()
    far.push(np.full(600, 0.5, np.float32))  # 25 ms: 15 more than may wait
    feed(far, 0.5, 400)
    assert far.trimmed == 0
    feed(far, 0.0, 100)
    assert 0 < far.trimmed <= 250
    assert far.waiting <= 170
    assert far.missing == 0


def test_much_that_was_never_needed_is_cut_at_once_because_the_microphone_lost_it() -> None:
    far = FarEnd()
    far.push(np.full(2400, 0.5, np.float32))
    feed(far, 0.5, 120)
    assert far.waiting <= 170


def test_what_comes_late_is_skipped_so_that_no_echo_comes_before_its_sound() -> None:
    far, ramp = FarEnd(), np.arange(24000, dtype=np.float32) / 24000
    heard = []
    for number in range(100):
        first = 50 if number == 52 else number
        if number not in (50, 51):
            far.push(ramp[first * 240 : number * 240 + 240])
        heard.append(far.pull(160))
    joined, want = np.concatenate(heard), np.arange(16000) / 16000
    assert far.missing == 320
    after = slice(53 * 160, 15000)
    assert np.abs(joined[after] - want[after]).max() < 0.002


def test_before_anything_was_played_nothing_is_late() -> None:
    far = FarEnd()
    for _ in range(100):
        assert not far.pull(160).any()
    assert far.missing == 0
    far.push(np.full(480, 0.5, np.float32))
    assert far.pull(160)[30:].min() > 0.4


def test_what_the_microphone_lost_is_skipped() -> None:
    far = FarEnd()
    far.push(np.arange(2400, dtype=np.float32) / 2400)
    far.skip(800)
    assert abs(far.pull(160)[0] - 0.5) < 1e-4
