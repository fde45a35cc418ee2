"""The capture side over packets and times alone: how long what it writes is, against the time that passed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from audio_io.rtc import opus
from audio_io.rtc.ear import Ear
from audio_io.rtc.tap import Packet
from pipeline.errors import PeerError
from pipeline.events import Fact
from pipeline.ports import CAPTURE_RATE, FRAME
from pipeline.ring import AudioRing

STEP = 960
VOICE = opus.encoder(CAPTURE_RATE).encode(np.full(FRAME, 0.1, np.float32))


class Heard:
    """An ear, its ring, and what it said."""

    def __init__(self) -> None:
        self.ring, self.facts = AudioRing(), list[Fact]()
        self.ear = Ear(self.ring, self.facts.append, 0.0)

    def idle(self, until: float) -> None:
        while self.ear.deadline() < until:
            self.ear.hear(self.ear.deadline())

    def packet(self, number: int, at: float) -> None:
        self.ear.hear(at, Packet(VOICE, number * STEP, number, 1, at))

    @property
    def seconds(self) -> float:
        return self.ring.end / CAPTURE_RATE


@pytest.mark.parametrize("timers_first", [True, False])
def test_a_loop_that_was_stuck_for_long_leaves_the_ring_as_long_as_the_time(timers_first):
    """Who speaks at the pace of time is neither cut short nor thrown out for it."""
    it, chance, stuck, free = Heard(), random.Random(1), 10.0, 16.0
    moments = sorted(((n + 1) * 0.02 + chance.uniform(0, 0.15), n) for n in range(2000))
    for at, number in moments:
        if at >= stuck:
            break
        it.idle(at)
        it.packet(number, at)
    if timers_first:
        it.ear.hear(free)
    for at, number in moments:
        if at >= stuck:
            if at > free:
                it.idle(at)
            it.packet(number, max(at, free))
    assert it.seconds == pytest.approx(40.0, abs=0.3)


def test_a_client_cannot_make_time_pass_faster_by_jumps_of_its_clock():
    it, at = Heard(), 0.0
    with pytest.raises(PeerError, match="faster"):
        for count in range(5000):
            at = 0.01 * count
            stamp = count // 2 * 7 * 48_000 + count % 2 * 47_000  # each second packet 1 s ahead of its clock
            number = (count // 2 * 5000 + count % 2) % 2**16
            it.ear.hear(at, Packet(VOICE, stamp % 2**32, number, 1, at))
            assert it.seconds < 1.05 * at + 2.5
    assert at < 10.0
