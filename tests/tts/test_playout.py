"""The gate at the sink: what may pass, how gains change, and that every sample is accounted for."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from pipeline.errors import BugError
from pipeline.ports import PLAYOUT_RATE
from tts.playout import CAPACITY, NOBODY, Block, Gate, Playout

FADE = 0.03


def opened(count: int = 9600, *, gain: float = 1.0, ramp: float = 0.01) -> Playout:
    playout = Playout()
    playout.publish(Gate(1, 1, 1, gain, ramp=ramp))
    playout.feed(0, 0, np.ones(count, np.float32))
    return playout


def test_nothing_published_is_silence_of_the_asked_length() -> None:
    playout = Playout()
    for count in (0, 1, 480, 1000):
        assert playout.pull(count).tolist() == [0.0] * count
    assert playout.gate is NOBODY and playout.progress.pulls == 4 and playout.progress.missing == 0


def test_a_reply_starts_at_full_volume_and_unchanged() -> None:
    playout = opened()
    assert np.array_equal(playout.pull(480), np.ones(480, np.float32))
    assert playout.progress.position == 480 and playout.progress.generation == 1


def test_what_is_missing_is_silence_and_counted() -> None:
    playout = opened(100)
    out = playout.pull(480)
    assert out[:100].all() and not out[100:].any()
    assert playout.progress.missing == 380 and playout.progress.position == 100
    playout.feed(0, 100, np.ones(50, np.float32))
    assert playout.pull(50).all() and playout.progress.position == 150


@pytest.mark.parametrize(("gain", "samples"), [(0.5, 120), (0.25, 180)])
def test_a_duck_takes_its_share_of_10_ms_without_a_jump(gain: float, samples: int) -> None:
    playout = opened()
    playout.pull(480)
    playout.publish(Gate(1, 1, 1, gain))
    out = playout.pull(480)
    assert np.abs(np.diff(out, prepend=1.0)).max() <= 1 / 240 + 1e-6
    assert np.allclose(out[samples:], gain) and (out[: samples - 1] > gain).all()


def test_a_hold_fades_over_30_ms_then_freezes_the_position() -> None:
    playout = opened()
    playout.pull(480)
    playout.publish(Gate(1, 1, 1, open=False, ramp=FADE))
    out = np.concatenate([playout.pull(480) for _ in range(4)])
    assert np.flatnonzero(out).size == 719 and (np.diff(out) <= 0).all()
    assert playout.progress.position == 480 + 720
    playout.publish(Gate(1, 1, 1))
    assert playout.pull(480)[-1] == 1.0 and playout.progress.position == 1680


def test_after_a_hush_only_the_fade_leaves_and_the_rest_is_discarded() -> None:
    playout = opened()
    playout.pull(480)
    playout.publish(Gate(2, 0, 0, open=False, ramp=FADE))
    out = np.concatenate([playout.pull(480) for _ in range(5)])
    assert np.flatnonzero(out).max() < 720
    assert playout.departures() == [(0, 0), (1, 1200)] and playout.departures() == []
    assert (playout.delivered, playout.discarded, playout.queued) == (1200, 8400, 0)


def test_a_ducked_voice_fades_in_its_share_of_the_time() -> None:
    playout = opened(gain=0.25)
    playout.pull(480)
    playout.publish(Gate(2, 0, 0, open=False, ramp=FADE))
    assert np.flatnonzero(playout.pull(960)).size == 179


def test_the_next_reply_begins_in_the_same_pull_behind_the_fade_of_the_last() -> None:
    playout = opened()
    playout.pull(480)
    playout.publish(Gate(2, 2, 2, ramp=0.01))
    playout.feed(0, 0, np.full(4800, 0.5, np.float32))
    out = playout.pull(960)
    assert (np.diff(out[:240]) < 0).all() and out[239] == 0.0
    assert (out[240:] == 0.5).all()
    assert playout.progress.position == 720 and playout.departures()[-1] == (1, 720)


def test_a_resume_begins_from_silence_at_the_earlier_place() -> None:
    playout = opened()
    playout.pull(960)
    playout.publish(Gate(1, 1, 1, open=False, ramp=FADE))
    playout.pull(960)
    playout.publish(Gate(2, 1, 1, ramp=0.02, soft=True))
    playout.feed(0, 500, np.ones(2000, np.float32))
    out = playout.pull(600)
    assert out[0] == pytest.approx(1 / 480) and out[479] == 1.0 and (np.diff(out[:480]) > 0).all()
    assert playout.progress.position == 1100


def test_blocks_of_a_later_generation_than_the_gate_read_are_left_in_the_queue() -> None:
    playout = opened(480)
    old = playout.gate
    playout.publish(Gate(2, 2, 2))
    playout.feed(0, 0, np.full(480, 0.5, np.float32))
    first = playout._fill(old, 480)  # the sink had read the gate just before the loop replaced it
    assert (first == 1.0).all()
    assert (playout.pull(480) == 0.5).all()


def test_a_pull_never_raises_and_its_fault_is_kept_for_whoever_watches() -> None:
    playout = opened(0)
    playout._queue.append(Block(1, 1, 1, 0, 0, None))  # type: ignore[arg-type]
    assert playout.pull(480).tolist() == [0.0] * 480
    assert isinstance(playout.fault, TypeError)


def test_the_loop_cannot_feed_a_gap_an_overflow_or_a_closed_gate() -> None:
    playout = Playout()
    some = np.ones(10, np.float32)
    with pytest.raises(BugError, match="nobody"):
        playout.feed(0, 0, some)
    playout.publish(Gate(1, 1, 1))
    playout.feed(0, 0, some)
    with pytest.raises(BugError, match="does not follow"):
        playout.feed(0, 20, some)
    with pytest.raises(BugError, match="have room"):
        playout.feed(0, 10, np.ones(CAPACITY, np.float32))
    assert playout.room == CAPACITY - 10


def test_a_gate_cannot_go_back_or_change_its_draft() -> None:
    playout = opened()
    with pytest.raises(BugError, match="cannot follow"):
        playout.publish(NOBODY)
    with pytest.raises(BugError, match="belongs to"):
        playout.publish(Gate(1, 1, 2))


class _Loop:
    """The loop's half of a random life of the playout: only ones are fed, one generation after the other."""

    def __init__(self, playout: Playout, dice: random.Random) -> None:
        self.playout, self.dice = playout, dice
        self.generation, self.at = 0, 0

    def step(self) -> None:
        dice, playout = self.dice, self.playout
        choice = dice.random()
        if choice < 0.15 or not self.generation:
            self.generation, self.at = self.generation + 1, 0
            turn = dice.choice([0, self.generation])
            soft = dice.random() < 0.3
            gate = Gate(
                self.generation, turn, turn, open=bool(turn), ramp=dice.choice([1e-9, 0.01, FADE]), soft=soft
            )
            playout.publish(gate)
        elif choice < 0.3:
            gate = playout.gate
            is_open = bool(gate.turn) and dice.random() < 0.6
            playout.publish(
                Gate(gate.generation, gate.turn, gate.draft, dice.choice([1.0, 0.3]), open=is_open)
            )
        elif playout.gate.turn:
            count = min(dice.randrange(0, 3000), playout.room)
            playout.feed(0, self.at, np.ones(count, np.float32))
            self.at += count


@pytest.mark.parametrize("seed", range(10))
def test_every_sample_fed_is_delivered_discarded_or_still_queued(seed: int) -> None:
    dice = random.Random(seed)
    playout = Playout()
    loop, out = _Loop(playout, dice), []
    for _ in range(400):
        loop.step()
        if dice.random() < 0.5:
            out.append(playout.pull(dice.choice([1, 100, 480, 1024])))
        assert playout.fault is None
        assert playout.fed == playout.delivered + playout.discarded + playout.queued
        assert playout.queued == sum(len(block.pcm) for block in playout._queue) - playout._used
        assert 0 <= playout.queued <= CAPACITY
    sound = np.concatenate(out)
    assert np.count_nonzero(sound) <= playout.delivered
    assert sound.min() >= 0 and sound.max() <= 1
    positions = dict(playout.departures())
    assert len(positions) <= 64


def test_with_a_real_device_thread_nothing_breaks_and_every_sample_is_accounted_for() -> None:
    playout, stop, bad = Playout(), threading.Event(), []

    def sink() -> None:
        while not stop.is_set():
            out = playout.pull(240)
            if out.min() < 0 or out.max() > 1 or len(out) != 240:
                bad.append(out)

    thread = threading.Thread(target=sink)
    thread.start()
    loop = _Loop(playout, random.Random(1))
    try:
        for _ in range(20_000):
            loop.step()
    finally:
        stop.set()
        thread.join(10)
    assert not bad and playout.fault is None
    playout.publish(Gate(loop.generation + 1, 0, 0, open=False))
    for _ in range(20):
        playout.pull(PLAYOUT_RATE // 100)
    assert playout.queued == 0 and playout.fed == playout.delivered + playout.discarded
