"""The line of what was played: in order, bounded, cut only where nothing sounds."""

from __future__ import annotations

import numpy as np

from audio_io.far_end import FarEnd


def test_samples_come_out_in_order_at_the_capture_rate() -> None:
    far = FarEnd()
    played = np.sin(2 * np.pi * 300 * np.arange(24000) / 24000).astype(np.float32)
    heard = []
    for at in range(0, 24000, 240):
        far.push(played[at : at + 240])
        if at >= 480:
            heard.append(far.pull(160))
    want = np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)
    joined = np.concatenate(heard)
    assert np.abs(joined[100:] - want[100 : joined.size]).max() < 0.01
    assert far.missing == 0


def test_what_is_not_there_yet_is_silence_and_counted() -> None:
    far = FarEnd()
    assert not far.pull(160).any()
    assert far.missing == 160


def test_a_stuck_microphone_does_not_make_it_grow() -> None:
    far = FarEnd()
    for _ in range(1000):
        far.push(np.ones(240, np.float32))
        assert far.waiting <= 0.25 * 16000
    assert far.trimmed > 0


def test_what_was_never_needed_is_cut_in_a_pause_of_the_agent_only() -> None:
    far = FarEnd()
    far.push(np.full(2400, 0.5, np.float32))
    for _ in range(400):
        far.push(np.full(240, 0.5, np.float32))
        far.pull(160)
    assert far.trimmed == 0
    assert far.waiting > 1500
    for _ in range(400):
        far.push(np.zeros(240, np.float32))
        far.pull(160)
    assert far.waiting <= 170
    assert far.missing == 0
