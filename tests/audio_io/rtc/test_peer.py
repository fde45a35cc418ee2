"""Whole calls over this machine's loopback: aiortc keeps its own time, so these run in real time, briefly."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from audio_io.rtc import opus
from audio_io.rtc.caller import RtcCall
from audio_io.rtc.config import RtcConfig
from audio_io.rtc.edge import RtcEdge
from audio_io.rtc.peer import RtcPeer
from audio_io.rtc.sdp import SdpError
from audio_io.rtc.tap import Packet
from pipeline import clock
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.events import Fact, Sample, Span
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE
from pipeline.ring import AudioRing

HERE = RtcConfig(addresses=("127.0.0.1",), gone=2.0, setup=3.0)


def tone(count: int, rate: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 300 * np.arange(count) / rate)).astype(np.float32)


class Humming:
    def pull(self, count: int) -> np.ndarray:
        return tone(count, PLAYOUT_RATE)


class Ended:
    """What a call left behind."""

    def __init__(self) -> None:
        self.ring, self.facts = AudioRing(), list[Fact]()


@asynccontextmanager
async def standing(config: RtcConfig = HERE) -> AsyncIterator[tuple[RtcPeer, RtcCall, Ended]]:
    """A call between our two ends, with the edge and the watch running."""
    call, left = RtcCall("the test"), Ended()
    async with RtcPeer(config) as peer:
        answer = await peer.answer(await call.offer())
        try:
            await asyncio.gather(call.accept(answer, 3.0), peer.opened())
            async with asyncio.TaskGroup() as group:
                group.create_task(peer.run())
                group.create_task(peer.edge.run(left.ring, Humming(), left.facts.append))
                yield peer, call, left
                peer.hang_up("was hung up on")
        finally:
            await call.close()


def real(scene: Callable[[], Awaitable[None]], *, fast: bool = False) -> None:
    clock.run(scene, fast=fast)


async def speak(call: RtcCall, count: int, *, empty: int = -1) -> None:
    """So many packets of a tone, paced; one of them without sound."""
    coder, began = opus.encoder(CAPTURE_RATE), now()
    for place in range(count):
        await asyncio.sleep(max(0.0, began + 0.02 * place - now()))
        call.play(b"" if place == empty else coder.encode(tone(320, CAPTURE_RATE)))


async def until(true: Callable[[], bool], limit: float = 3.0) -> None:
    async with asyncio.timeout(limit):
        while not true():  # noqa: ASYNC110  # what is waited for is aiortc's, and tells nobody
            await asyncio.sleep(0.01)


def loudest(ring: AudioRing) -> float:
    """Of all tenths of a second: a busy machine may have made gaps elsewhere."""
    whole = ring.end // 1600 * 1600
    pcm = ring.read(Span(Sample(0), Sample(whole))).reshape(-1, 1600)
    return float(np.sqrt(np.mean(pcm**2, axis=1)).max())


@pytest.mark.parametrize("fast", [False, True], ids=["asyncio", "uvloop"])
def test_a_whole_call(fast):
    """Sound and events both ways, an empty packet, a message that is no text, and a client that hangs up."""

    async def scene() -> None:
        async with standing() as (peer, call, left):
            await speak(call, 25, empty=8)
            assert peer.edge.counts.empty == 1
            assert loudest(left.ring) == pytest.approx(0.21, rel=0.15)
            await call._peer.sctp._send(call._events.id, 51, b"\xff\xfe no text")  # WEBRTC_STRING
            await call._peer.sctp._send(call._events.id, 50, b"\x03" + b"\x00" * 11)  # opens what is open
            call.tell('{"type":"session.update"}')
            assert await asyncio.wait_for(peer.messages.get(), 5) == '{"type":"session.update"}'
            assert peer._events.bad == 2
            await peer.send('{"type":"session.updated"}')
            heard, said = [], []
            async with asyncio.timeout(5):
                while not said or len(heard) < 20:
                    one = await call.receive()
                    (heard if isinstance(one, Packet) else said).append(one)
            assert said == ['{"type":"session.updated"}']
            decoder = opus.decoder(PLAYOUT_RATE)
            pcm = np.concatenate([decoder.decode(one.payload) for one in heard])
            assert np.sqrt(np.mean(pcm[-2400:] ** 2)) == pytest.approx(0.21, rel=0.15)
            began = now()
            await call.close()
            await until(lambda: bool(peer.why))
            assert now() - began < HERE.gone, "it is told, and not missed"
            assert peer.messages.closed
            with pytest.raises(PeerError, match="the client"):
                await peer.send("x")

    real(scene, fast=fast)


def test_a_client_that_is_simply_gone_is_missed():
    async def scene() -> None:
        async with standing(RtcConfig(addresses=("127.0.0.1",), gone=0.3)) as (peer, call, _):
            (way,) = call._peer.getTransceivers()
            for protocol in way.receiver.transport.transport._connection._protocols:
                protocol.transport.abort()  # no goodbye
            began = now()
            await until(lambda: bool(peer.why))
            assert peer.why == "sent nothing for 0.3 s" and now() - began < 3.0

    real(scene)


def test_an_offer_that_is_never_taken_up_ends_at_the_deadline():
    async def scene() -> None:
        call = RtcCall("the test")
        async with RtcPeer(RtcConfig(addresses=("127.0.0.1",), setup=0.3)) as peer:
            await peer.answer(await call.offer())
            began = now()
            await peer.run()
            assert peer.why == "made no connection within 0.3 s" and now() - began < 1.0
            with pytest.raises(PeerError, match="no connection"):
                await peer.opened()
        await call.close()

    real(scene)


def test_calls_and_failed_ones_leave_no_task_thread_or_socket():
    async def scene() -> None:
        async with standing():  # what is loaded once
            pass
        tasks, threads, files = len(asyncio.all_tasks()), threading.active_count(), open_files()
        for count in range(6):
            if count % 2:
                async with standing() as (_, call, _):
                    call.tell("hello")
            else:  # answered, and given up while it is being set up
                other = RtcCall("the test")
                async with RtcPeer(HERE) as peer:
                    await peer.answer(await other.offer())
                await other.close()
            async with RtcPeer(HERE) as peer:  # refused
                with pytest.raises(SdpError):
                    await peer.answer("v=0\n")
        await until(lambda: len(asyncio.all_tasks()) == tasks)
        assert threading.active_count() == threads
        assert open_files() <= files + 1

    real(scene)


def open_files() -> int:
    places = Path("/proc/self/fd")
    return len(list(places.iterdir())) if places.is_dir() else 0


def test_a_connection_that_does_not_close_is_not_waited_for(monkeypatch):
    async def scene() -> None:
        peer = RtcPeer(RtcConfig(addresses=("127.0.0.1",), closing=0.05))
        proper = peer._peer.close
        monkeypatch.setattr(peer._peer, "close", lambda: asyncio.sleep(60))
        began = now()
        await peer.close()
        await peer.close()
        assert now() - began < 0.5
        await proper()

    real(scene)


def test_a_browsers_offer_with_a_few_things_wrong_is_answered_or_refused_as_such():
    from_a_browser = (Path(__file__).parent / "chromium_offer.sdp").read_text()

    async def scene() -> None:
        answered, chance = 0, random.Random(5)
        for _ in range(25):
            lines = from_a_browser.splitlines()
            for _ in range(2):
                at = chance.randrange(len(lines))
                lines[at] = chance.choice([lines[at][: len(lines[at]) // 2], lines[at - 1], lines[at] + "9"])
            async with RtcPeer(HERE) as peer:
                try:
                    answered += "a=setup:active" in await peer.answer("\n".join(lines))
                except SdpError:
                    continue
        assert 0 < answered < 25

    real(scene)


def test_where_the_client_reports_losses_the_voice_is_coded_to_stand_them_until_they_are_over():
    async def scene() -> None:
        expected: list[float] = []
        lost = [0, 64, 0]

        async def stats() -> dict[str, object]:
            return {"a": SimpleNamespace(type="remote-inbound-rtp", fractionLost=lost.pop(0) if lost else 0)}

        async with RtcPeer(HERE) as peer:
            proper, peer._way = peer._way, SimpleNamespace(sender=SimpleNamespace(getStats=stats))
            peer.edge._encoder = SimpleNamespace(expect_loss=expected.append)
            for _ in range(100):
                await peer._mend()
            peer._way = proper
        assert expected[0] == 0.25 and expected == sorted(expected, reverse=True)
        assert expected[-1] == 0.0 and 30 < len(expected) < 80

    real(scene)


def test_an_edge_alone_ends_when_its_peer_does():
    async def scene() -> None:
        edge = RtcEdge()
        edge.end()
        await edge.run(AudioRing(), Humming(), lambda fact: None)

    clock.simulate(scene)
