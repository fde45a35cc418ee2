"""Whole calls over this machine's loopback: aiortc keeps its own time, so these run in real time, briefly."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
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
from audio_io.rtc.extra import web
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


def test_sound_and_events_go_both_ways_and_an_empty_packet_does_no_harm():
    async def scene() -> None:
        async with standing() as (peer, call, left):
            await speak(call, 40, empty=15)
            assert peer.edge.counts.empty == 1
            assert loudest(left.ring) == pytest.approx(0.21, rel=0.15)
            call.tell('{"type":"session.update"}')
            assert await asyncio.wait_for(peer.messages.get(), 2) == '{"type":"session.update"}'
            await peer.send('{"type":"session.updated"}')
            heard, said = [], []
            async with asyncio.timeout(2):
                while not said or len(heard) < 20:
                    one = await call.receive()
                    (heard if isinstance(one, Packet) else said).append(one)
            assert said == ['{"type":"session.updated"}']
            decoder = opus.decoder(PLAYOUT_RATE)
            pcm = np.concatenate([decoder.decode(one.payload) for one in heard])
            assert np.sqrt(np.mean(pcm[-2400:] ** 2)) == pytest.approx(0.21, rel=0.15)

    real(scene)


@pytest.mark.parametrize("fast", [False, True], ids=["asyncio", "uvloop"])
def test_a_client_that_hangs_up_ends_the_call_at_once(fast):
    async def scene() -> None:
        async with standing() as (peer, call, left):
            await speak(call, 10)
            assert loudest(left.ring) > 0.1
            began = now()
            await call.close()
            await until(lambda: bool(peer.why))
            assert now() - began < 1.0 and peer.messages.closed
            with pytest.raises(PeerError, match="the client"):
                await peer.send("x")

    real(scene, fast=fast)


def test_a_client_that_is_simply_gone_is_missed():
    async def scene() -> None:
        async with standing(RtcConfig(addresses=("127.0.0.1",), gone=0.4)) as (peer, call, _):
            (way,) = call._peer.getTransceivers()
            for protocol in way.receiver.transport.transport._connection._protocols:
                protocol.transport.abort()  # no goodbye
            began = now()
            await until(lambda: bool(peer.why))
            assert peer.why == "sent nothing for 0.4 s" and now() - began < 1.5

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


def test_twenty_calls_and_as_many_failed_ones_leave_no_task_thread_or_socket():
    async def scene() -> None:
        async with standing():  # what is loaded once
            pass
        tasks, threads, files = len(asyncio.all_tasks()), threading.active_count(), open_files()
        for count in range(20):
            async with standing() as (_, call, _):
                call.tell("hello")
            async with RtcPeer(HERE) as peer:  # refused
                with pytest.raises(SdpError):
                    await peer.answer("v=0\n")
            if count % 4 == 0:  # answered, and given up while it is being set up
                other = RtcCall("the test")
                async with RtcPeer(HERE) as peer:
                    await peer.answer(await other.offer())
                await other.close()
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == tasks, asyncio.all_tasks()
        assert threading.active_count() == threads
        assert open_files() <= files + 1

    real(scene)


def open_files() -> int:
    places = Path("/proc/self/fd")
    return len(list(places.iterdir())) if places.is_dir() else 0


def free_pair() -> int:
    """The first of two neighbouring ports that nobody has; below those that the system gives away."""
    for first in random.Random().sample(range(20_000, 32_000), 50):
        with contextlib.suppress(OSError), contextlib.ExitStack() as both:
            for port in (first, first + 1):
                both.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no two ports are free")


def test_calls_take_their_ports_from_the_range_and_tell_the_announced_address():
    first = free_pair()
    config = RtcConfig(("127.0.0.1",), announce="203.0.113.9", first_port=first, last_port=first + 1)

    async def scene() -> None:
        async with RtcPeer(config) as one, RtcPeer(config) as two, RtcPeer(config) as three:
            calls = [RtcCall("the test") for _ in range(3)]
            answers = [
                await peer.answer(await call.offer()) for peer, call in zip((one, two), calls, strict=False)
            ]
            told = "".join(answers)
            assert set(re.findall(r"203\.0\.113\.9 (\d+) typ host", told)) == {str(first), str(first + 1)}
            assert f"127.0.0.1 {first}" not in told
            with pytest.raises(PeerError, match=f"no UDP port is free.*{first} and {first + 1}") as caught:
                await three.answer(await calls[2].offer())
            assert not isinstance(caught.value, SdpError)
            for call in calls:
                await call.close()
        async with RtcPeer(config) as again:
            call = RtcCall("the test")
            assert await again.answer(await call.offer())
            await call.close()

    real(scene)


def test_a_stun_server_says_how_the_world_sees_us_and_one_that_is_silent_costs_no_call(monkeypatch):
    monkeypatch.setattr("audio_io.rtc.seams.STUN", 0.2)
    stun = web("aioice.stun")

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            asked = stun.parse_message(data)
            told = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, asked.transaction_id)
            told.attributes["XOR-MAPPED-ADDRESS"] = ("203.0.113.77", addr[1])
            self.transport.sendto(bytes(told), addr)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = server.get_extra_info("sockname")[1]
        call = RtcCall("the test")
        offer = await call.offer()
        config = RtcConfig(addresses=("127.0.0.1",), ice_servers=(f"stun:127.0.0.1:{port}",))
        async with RtcPeer(config) as peer:
            answer = await peer.answer(offer)
        assert re.search(r"203\.0\.113\.77 \d+ typ srflx", answer) and "127.0.0.1" in answer
        server.close()
        async with RtcPeer(config) as peer:
            answer = await peer.answer(offer)
            assert "typ host" in answer and "srflx" not in answer
        await call.close()

    real(scene)


def test_no_packet_goes_to_an_address_because_an_offer_names_it():
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
            victim.bind(("127.0.0.1", 0))
            victim.setblocking(False)
            port = victim.getsockname()[1]
            call = RtcCall("the test")
            named = rf"\1 127.0.0.1 {port}"
            offer = re.sub(r"(a=candidate:\S+ 1 udp \d+) \S+ \d+", named, await call.offer())
            assert f"127.0.0.1 {port}" in offer
            async with RtcPeer(RtcConfig()) as peer:
                await peer.answer(offer)
                await asyncio.sleep(0.3)
                with pytest.raises(BlockingIOError):
                    victim.recv(1)
            await call.close()

    real(scene)


def test_datagrams_from_strangers_and_messages_that_are_no_text_end_nothing():
    async def scene() -> None:
        async with standing() as (peer, call, left):
            place = re.search(r"127\.0\.0\.1 (\d+) typ host", peer._peer.localDescription.sdp)
            assert place is not None
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for size in (0, 0, 1, 20, 200, 1400):
                    stranger.sendto(random.Random(size).randbytes(size), ("127.0.0.1", int(place[1])))
            await call._peer.sctp._send(call._events.id, 51, b"\xff\xfe no text")  # WEBRTC_STRING
            await call._peer.sctp._send(call._events.id, 50, b"\x03" + b"\x00" * 11)  # opens what is open
            await speak(call, 20)
            call.tell("still here")
            assert await asyncio.wait_for(peer.messages.get(), 2) == "still here"
            assert loudest(left.ring) > 0.1 and not peer.why
            assert peer._events.bad == 2

    real(scene)


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
        for _ in range(40):
            lines = from_a_browser.splitlines()
            for _ in range(2):
                at = chance.randrange(len(lines))
                lines[at] = chance.choice([lines[at][: len(lines[at]) // 2], lines[at - 1], lines[at] + "9"])
            async with RtcPeer(HERE) as peer:
                try:
                    answered += "a=setup:active" in await peer.answer("\n".join(lines))
                except SdpError:
                    continue
        assert 0 < answered < 40

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
