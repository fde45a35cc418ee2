"""The edge over packets in memory, in virtual time: what reaches the ring, what leaves and when."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from audio_io.rtc import edge as edges
from audio_io.rtc import opus
from audio_io.rtc.edge import HUSHED, RtcEdge, ear_delay
from audio_io.rtc.tap import Outgoing, Packet
from pipeline import clock
from pipeline.clock import now
from pipeline.events import AudioLost, Fact, Span
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE
from pipeline.ring import AudioRing

STEP = 960


def tone(count: int, rate: int, hertz: float = 300.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(count) / rate)).astype(np.float32)


class Voice:
    """A playout source: a tone between two moments, else silence."""

    def __init__(self, begins: float = math.inf, ends: float = math.inf) -> None:
        self.begins, self.ends = begins, ends
        self.pulls: list[float] = []

    def pull(self, count: int) -> np.ndarray:
        self.pulls.append(now())
        sounds = self.begins <= now() < self.ends
        return tone(count, PLAYOUT_RATE) if sounds else np.zeros(count, np.float32)


class Room:
    """An edge that runs, its ring, and what it said."""

    def __init__(self, voice: Voice) -> None:
        self.edge, self.ring, self.facts = RtcEdge(), AudioRing(), list[Fact]()
        self.sent: list[tuple[float, Outgoing]] = []
        self.voice, self.coder, self.place = voice, opus.encoder(CAPTURE_RATE), 0

    async def run(self) -> None:
        await self.edge.run(self.ring, self.voice, self.facts.append)

    async def network(self) -> None:
        async for packet in self.edge.outbound:
            self.sent.append((now(), packet))

    def say(self, payload: bytes | None = None, *, lose: bool = False) -> None:
        """The next 20 ms of the user come in."""
        sound = self.coder.encode(tone(FRAME, CAPTURE_RATE))
        packet = Packet(payload if payload is not None else sound, self.place * STEP, self.place, 1, now())
        self.place += 1
        if not lose:
            self.edge.take(packet)


@asynccontextmanager
async def room(voice: Voice | None = None) -> AsyncIterator[Room]:
    made = Room(voice or Voice())
    async with asyncio.TaskGroup() as group:
        group.create_task(made.run())
        group.create_task(made.network())
        await asyncio.sleep(0)
        yield made
        made.edge.end()


def loudness(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


def test_what_the_user_says_is_in_the_ring_the_moment_its_packet_comes():
    async def scene() -> None:
        async with room() as it:
            begun = it.ring.end
            for _ in range(50):
                it.say()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert it.ring.end == begun + FRAME
                begun = it.ring.end
                await asyncio.sleep(0.02)
                begun = it.ring.end
            heard = it.ring.read(Span(it.ring.end - CAPTURE_RATE // 2, it.ring.end))
            assert loudness(heard) == pytest.approx(0.3 / math.sqrt(2), rel=0.1)
            assert not it.facts

    clock.simulate(scene)


def test_a_lost_packet_leaves_no_hole_in_the_sound_and_no_fact():
    async def scene() -> None:
        async with room() as it:
            for count in range(60):
                it.say(lose=count == 40)
                await asyncio.sleep(0.02)
            heard = it.ring.read(Span(it.ring.end - 30 * FRAME, it.ring.end))
            assert min(loudness(one) for one in heard.reshape(-1, FRAME)) > 0.1
            assert it.edge.counts.lost == 1 and not it.facts

    clock.simulate(scene)


def test_a_stall_is_told_as_lost_sound_and_then_as_silence():
    async def scene() -> None:
        async with room() as it:
            for _ in range(25):
                it.say()
                await asyncio.sleep(0.02)
            spoken = it.ring.end
            await asyncio.sleep(4.0)
            lost = [fact for fact in it.facts if isinstance(fact, AudioLost)]
            assert sum(len(fact.span) for fact in lost) == CAPTURE_RATE
            assert (it.ring.end - spoken) / CAPTURE_RATE == pytest.approx(4.0, abs=0.3)
            assert loudness(it.ring.read(Span(spoken, it.ring.end))) == 0.0

    clock.simulate(scene)


def test_the_ring_goes_on_in_whole_frames_whatever_packets_hold():
    async def scene() -> None:
        async with room() as it:
            coder, place = opus.encoder(CAPTURE_RATE), 0
            for count in range(60):
                size = (160, 320, 640, 960)[count % 4]
                it.edge.take(Packet(coder.encode(tone(size, CAPTURE_RATE)), place, count, 1, now()))
                place += 3 * size
                await asyncio.sleep(size / CAPTURE_RATE)
                assert it.ring.end % FRAME == 0
            assert not it.edge.counts.gone and not it.edge.counts.concealed

    clock.simulate(scene)


def test_empty_and_broken_packets_are_heard_as_silence_and_end_nothing():
    async def scene() -> None:
        async with room() as it:
            for count in range(100):
                it.say({30: b"", 31: b"\xff", 32: b"\x6b\x3f" * 40, 33: b"\x00" * 900}.get(count))
                await asyncio.sleep(0.02)
            heard = it.ring.read(Span(it.ring.end - CAPTURE_RATE, it.ring.end))
            assert loudness(heard) == pytest.approx(0.3 / math.sqrt(2), rel=0.1)

    clock.simulate(scene)


def test_a_decoder_that_goes_deaf_is_made_anew(monkeypatch):
    made: list[object] = []

    class Deaf:
        def decode(self, payload: bytes) -> None:
            return None

        def conceal(self, samples: int, following: bytes | None = None) -> np.ndarray:
            return np.zeros(samples, np.float32)

    real = opus.decoder

    def decoder(rate: int) -> object:
        made.append(Deaf() if not made else real(rate))
        return made[-1]

    monkeypatch.setattr("audio_io.rtc.ear.opus.decoder", decoder)

    async def scene() -> None:
        async with room() as it:
            for _ in range(60):
                it.say()
                await asyncio.sleep(0.02)
            assert len(made) == 2
            assert loudness(it.ring.read(Span(it.ring.end - 20 * FRAME, it.ring.end))) > 0.15

    clock.simulate(scene)


def test_sound_much_faster_than_time_is_not_heard_and_ends_the_call():
    long = b"\x5b\x02"
    """Two bytes that claim 120 ms."""

    async def scene() -> None:
        it, reasons = Room(Voice()), list[str]()
        it.edge = RtcEdge(refuse=reasons.append)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(it.run())
            await asyncio.sleep(0)
            began = now()
            for count in range(10_000):
                it.edge.take(Packet(long, count * 6 * STEP % 2**32, count % 2**16, 1, now()))
                await asyncio.sleep(0.0012)
                if running.done():
                    break
                assert it.ring.end / CAPTURE_RATE <= 1.05 * (now() - began) + 2.1
            assert running.done() and now() - began < 10
        assert reasons == ["sent sound faster than time passes"]

    clock.simulate(scene)


def test_the_voice_leaves_in_packets_of_20_ms_when_they_are_due():
    async def scene() -> None:
        async with room(Voice(begins=0.0)) as it:
            await asyncio.sleep(2.0)
            assert len(it.sent) == pytest.approx(100, abs=1)
            assert [place for _, (_, place) in it.sent] == [STEP * count for count in range(len(it.sent))]
            moments = [at for at, _ in it.sent]
            assert max(abs(at - moments[0] - 0.02 * count) for count, at in enumerate(moments)) < 1e-6
            assert max(at - pulled for at, pulled in zip(moments, it.voice.pulls, strict=False)) < 1e-6

    clock.simulate(scene)


def test_silence_is_only_said_and_the_voice_after_it_is_whole():
    async def scene() -> None:
        async with room(Voice(begins=2.0, ends=2.5)) as it:
            await asyncio.sleep(4.0)
            sizes = [len(payload) for _, (payload, _) in it.sent]
            assert {payload for _, (payload, _) in it.sent[HUSHED + 1 : 99]} == {edges.SILENCE}
            assert all(size > 20 for size in sizes[101:124]) and sizes[-1] == 3
            decoder = opus.decoder(PLAYOUT_RATE)
            heard = np.concatenate([decoder.decode(payload) for _, (payload, _) in it.sent])
            assert loudness(heard[102 * 480 : 124 * 480]) == pytest.approx(0.3 / math.sqrt(2), rel=0.02)
            assert loudness(heard[130 * 480 :]) < 0.01

    clock.simulate(scene)


def test_a_loop_that_was_stuck_leaves_time_out_instead_of_being_late_for_good(monkeypatch):
    late = [0.0]
    monkeypatch.setattr(edges, "now", lambda: now() + late[0])

    async def scene() -> None:
        async with room(Voice(begins=0.0)) as it:
            await asyncio.sleep(1.0)
            late[0] = 0.7
            before = len(it.sent)
            await asyncio.sleep(1.0)
            assert len(it.sent) - before <= 56, "no burst of what is past"
            places = [place for _, (_, place) in it.sent]
            assert max(np.diff(places)) == pytest.approx(0.7 * 48_000, abs=3 * STEP)
            assert it.edge.skipped == pytest.approx(0.7, abs=0.05)

    clock.simulate(scene)


def test_what_came_while_the_loop_was_stuck_is_heard_and_not_given_up(monkeypatch):
    late = [0.0]
    monkeypatch.setattr(edges, "now", lambda: now() + late[0])

    async def scene() -> None:
        async with room() as it:
            for _ in range(50):
                it.say()
                await asyncio.sleep(0.02)
            spoken, late[0] = it.ring.end, 0.8
            await asyncio.sleep(0.2005)  # by the clock 1 s has passed, and then the timer is first
            for count in range(50):
                packet = Packet(
                    it.coder.encode(tone(FRAME, CAPTURE_RATE)), it.place * STEP, it.place, 1, now() + 0.8
                )
                it.place += 1
                it.edge.take(packet)
                if count % 10 == 9:
                    await asyncio.sleep(0.002)
            await asyncio.sleep(0.05)
            assert it.ring.end - spoken >= 50 * FRAME and not it.facts
            assert not it.edge.counts.late and not it.edge.counts.gone
            heard = it.ring.read(Span(spoken, spoken + 50 * FRAME))
            assert min(loudness(one) for one in heard.reshape(-1, FRAME)) > 0.1

    clock.simulate(scene)


def test_a_network_that_takes_nothing_gets_the_newest_voice_when_it_does():
    async def scene() -> None:
        it = Room(Voice(begins=0.0))
        async with asyncio.TaskGroup() as group:
            group.create_task(it.run())
            await asyncio.sleep(3.0)
            assert len(it.edge.outbound) == edges.UNSENT and it.edge.outbound.dropped > 100
            _, place = it.edge.outbound.get_now()
            assert place / 48_000 > 2.7
            it.edge.end()

    clock.simulate(scene)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ((100.0, 50.0, 20.0), 0.120),
        ((0.0, 0.0, 0.0), 0.040),
        ((None, None, None), 0.150),
        ((None, 10.0, None), 0.040),
        ((90_000.0, 90_000.0, 90_000.0), 1.0),
        ((-5.0, 60.0, -1e9), 0.060),
        ((math.nan, 60.0, math.inf), 0.060),
    ],
)
def test_what_a_client_says_of_its_playout_is_clamped(said, seconds):
    assert ear_delay(*said) == pytest.approx(seconds)
    edge = RtcEdge()
    assert edge.report().output_latency == 0.150 and edge.report().echo == "cancelled"
    assert edge.told(*said) == edge.report().output_latency == pytest.approx(seconds)
