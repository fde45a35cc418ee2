"""Sound over a socket in virtual time: what goes into the ring and when, what is sent and how far ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from agent.wire.refusal import WireError
from agent.wire.schema import MuLaw, Pcm
from agent.wire.socket_edge import LEAD, LONGEST, SocketEdge
from agent.wire.told import Sounded
from pipeline.clock import now, simulate
from pipeline.events import Sample, Span
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE
from pipeline.ports import Pcm as Sound
from pipeline.ring import AudioRing


@dataclass
class Progress:
    turn: int = 0
    position: int = 0
    delivered: int = 0


@dataclass
class Voice:
    """A source that speaks what it was given, as soon as it is pulled."""

    left: int = 0
    progress: Progress = field(default_factory=Progress)
    pulls: list[float] = field(default_factory=list)

    def say(self, turn: int, seconds: float) -> None:
        self.progress.turn, self.left = turn, self.left + round(seconds * PLAYOUT_RATE)

    def pull(self, count: int) -> Sound:
        self.pulls.append(now())
        some = min(count, self.left)
        self.left -= some
        self.progress.delivered += some
        out = np.zeros(count, np.float32)
        out[:some] = 0.5
        return out


class Scene:
    """An edge that runs, what it hears from and what it sends."""

    def __init__(self) -> None:
        self.edge, self.voice, self.ring = SocketEdge(), Voice(), AudioRing()
        self.sent: list[tuple[float, Sounded]] = []
        self.drained: list[float] = []
        self.edge.connect(
            lambda told: self.sent.append((round(now(), 4), told)), lambda: self.drained.append(now())
        )

    def feed(self, seconds: float) -> None:
        self.edge.feed(np.full(round(seconds * 24000), 8000, "<i2").tobytes())

    @property
    def captured(self) -> float:
        return self.ring.end / CAPTURE_RATE

    def sounds(self) -> float:
        """Seconds of captured sound that are no silence."""
        pcm = self.ring.read(Span(self.ring.start, Sample(self.ring.end)))
        return float((np.abs(pcm) > 0.1).sum()) / CAPTURE_RATE


def _run(play: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def main() -> Scene:
        scene = Scene()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(scene.edge.run(scene.ring, scene.voice, lambda fact: None))
            await asyncio.sleep(0)
            await play(scene)
            task.cancel()
        return scene

    return simulate(main)


def test_sound_that_comes_as_it_is_spoken_is_heard_at_once() -> None:
    async def play(scene: Scene) -> None:
        for step in range(1, 51):
            await asyncio.sleep(0.1)
            scene.feed(0.1)
            assert scene.captured == pytest.approx(0.1 * step, abs=0.002)

    assert _run(play).sounds() == pytest.approx(5.0, abs=0.01)


def test_sound_that_comes_faster_is_heard_no_faster_than_it_was_spoken() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(0.5)
        scene.feed(10.0)
        for _ in range(9):
            await asyncio.sleep(1.0)
            assert scene.captured <= now() + 0.021
            assert scene.captured == pytest.approx(now(), abs=0.03)

    assert _run(play).edge.waiting == pytest.approx(0.5, abs=0.05)


def test_after_a_stall_of_the_network_what_is_late_is_heard_at_once() -> None:
    async def play(scene: Scene) -> None:
        for _ in range(10):
            await asyncio.sleep(0.02)
            scene.feed(0.02)
        await asyncio.sleep(0.6)
        scene.feed(0.6)
        assert scene.captured == pytest.approx(0.8, abs=0.01)

    assert _run(play).sounds() == pytest.approx(0.8, abs=0.01)


def test_silence_goes_on_where_a_client_stops_sending_and_not_before_a_second() -> None:
    async def play(scene: Scene) -> None:
        scene.feed(0.02)
        await asyncio.sleep(0.9)
        assert scene.captured < 0.1
        await asyncio.sleep(0.2)
        assert scene.captured == pytest.approx(1.0, abs=0.03)
        await asyncio.sleep(5.0)
        assert scene.captured == pytest.approx(now() - 0.1, abs=0.03)
        scene.feed(0.1)
        assert scene.edge.waiting == pytest.approx(0.0, abs=0.03)

    _run(play)


def test_more_than_a_minute_that_waits_is_refused_and_nothing_of_it_is_taken() -> None:
    async def play(scene: Scene) -> None:
        scene.feed(59.0)
        before = scene.edge.waiting
        with pytest.raises(WireError) as refused:
            scene.feed(2.0)
        assert refused.value.problem.code == "input_audio_buffer_full"
        assert scene.edge.waiting == before

    _run(play)


def test_by_hand_all_is_taken_at_once_but_not_without_end() -> None:
    async def play(scene: Scene) -> None:
        scene.edge.by_client = True
        scene.feed(5.0)
        await asyncio.sleep(0.1)
        assert scene.captured == pytest.approx(5.0, abs=0.002)
        assert min(at for at in scene.drained if at > 0.0) == pytest.approx(0.08, abs=0.021)
        await asyncio.sleep(1.9)
        assert scene.captured == pytest.approx(6.8, abs=0.1)
        with pytest.raises(WireError):
            for _ in range(100):
                scene.feed(5.0)

    _run(play)


def test_what_was_forgotten_is_never_heard() -> None:
    async def play(scene: Scene) -> None:
        scene.feed(3.0)
        scene.edge.forget()
        await asyncio.sleep(4.0)

    assert _run(play).sounds() < 0.1


def test_a_reply_is_sent_with_a_lead_that_never_grows_nor_shrinks() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(1.0)
        scene.voice.say(3, 10.0)
        await asyncio.sleep(12.0)

    scene = _run(play)
    began, total = scene.sent[0][0], 0.0
    assert began == pytest.approx(1.0, abs=0.021)
    for at, told in scene.sent:
        assert told.turn == 3 and told.seconds <= LONGEST + 1e-6
        assert len(told.audio) == round(told.seconds * 48000)
        total += told.seconds
        assert total <= at - began + LEAD + 0.001
    middle = [
        (at, sum(each.seconds for when, each in scene.sent if when <= at)) for at, _ in scene.sent[20:-5]
    ]
    assert all(sent - (at - began) >= LEAD - 0.06 for at, sent in middle)
    assert total == pytest.approx(10.0, abs=1e-6)


def test_nothing_is_sent_while_nobody_speaks_and_pulls_go_on() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(5.0)

    scene = _run(play)
    assert not scene.sent
    assert 240 <= len(scene.voice.pulls) <= 260


def test_a_voice_that_was_flushed_is_followed_at_once_by_the_next() -> None:
    async def play(scene: Scene) -> None:
        scene.voice.say(1, 1.0)
        await asyncio.sleep(0.5)
        scene.voice.left = 0
        scene.edge.flushed()
        scene.voice.say(2, 1.0)
        await asyncio.sleep(1.5)

    scene = _run(play)
    first = next(at for at, told in scene.sent if told.turn == 2)
    assert first == pytest.approx(0.5, abs=0.021)


def test_after_the_loop_stood_still_the_lead_is_there_again() -> None:
    async def play(scene: Scene) -> None:
        scene.voice.say(1, 10.0)
        await asyncio.sleep(1.0)
        before = sum(told.seconds for _, told in scene.sent)
        scene.edge._plays_until -= 2.0  # as if two seconds had gone by without a tick
        await asyncio.sleep(0.03)
        assert sum(told.seconds for _, told in scene.sent) - before <= LEAD + 0.05

    _run(play)


def test_another_format_counts_from_the_next_piece_on() -> None:
    async def play(scene: Scene) -> None:
        scene.edge.suit(MuLaw(), MuLaw())
        scene.edge.feed(bytes(8000))
        scene.voice.say(1, 1.0)
        await asyncio.sleep(1.5)
        scene.edge.suit(Pcm(), Pcm())

    scene = _run(play)
    assert scene.sounds() == pytest.approx(1.0, abs=0.002)
    assert sum(len(told.audio) for _, told in scene.sent) == pytest.approx(8000, abs=30)


def test_how_late_it_is_heard_is_what_is_sent_ahead() -> None:
    report = SocketEdge().report()
    assert (report.output_latency, report.echo) == (LEAD, "cancelled")


def test_a_place_in_the_sound_counts_what_the_client_sent_and_no_silence_of_ours() -> None:
    async def play(scene: Scene) -> None:
        scene.feed(0.5)
        await asyncio.sleep(3.0)
        assert scene.edge.placed(8000) == pytest.approx(500, abs=2)
        assert scene.edge.placed(scene.ring.end) == pytest.approx(500, abs=2)
        at = scene.ring.end
        scene.feed(0.1)
        assert scene.edge.placed(at + 800) == pytest.approx(550, abs=2)
        await asyncio.sleep(3.0)
        later = scene.ring.end
        scene.feed(0.1)
        assert scene.edge.placed(later + 1600) == pytest.approx(700, abs=2)

    _run(play)
