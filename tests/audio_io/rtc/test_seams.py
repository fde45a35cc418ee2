"""What is mended inside aiortc and aioice, on this machine's loopback: ports, strangers, who gets packets."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from audio_io.rtc import seams
from audio_io.rtc.caller import RtcCall
from audio_io.rtc.config import RtcConfig
from audio_io.rtc.extra import web
from audio_io.rtc.peer import RtcPeer
from audio_io.rtc.sdp import SdpError
from pipeline.clock import run
from pipeline.errors import PeerError

HERE = RtcConfig(addresses=("127.0.0.1",), setup=5.0)
ALERT = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
"""DTLS: the handshake has failed. Before there are keys anybody could say so."""
CHECK = struct.pack("!HHL12s", 1, 8, 0x2112A442, b"x" * 12)
"""A STUN request, up to its one attribute."""


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

    run(scene)


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

    run(scene)


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

    run(scene)


@contextlib.asynccontextmanager
async def answered(
    speak: Callable[[int], None] = lambda port: None,
) -> AsyncIterator[tuple[RtcPeer, RtcCall, int]]:
    """A call that stands, and our port; somebody may ``speak`` to it while it is being set up."""
    call = RtcCall("the test")
    async with RtcPeer(HERE) as peer:
        try:
            answer = await peer.answer(await call.offer())
            (port,) = set(re.findall(r"127\.0\.0\.1 (\d+) typ host", answer))
            speak(int(port))
            await asyncio.gather(call.accept(answer, 5.0), peer.opened())
            yield peer, call, int(port)
        finally:
            await call.close()


@pytest.mark.parametrize("fast", [False, True], ids=["asyncio", "uvloop"])
def test_strangers_end_no_call_whenever_they_speak(fast):
    chance, faults = random.Random(1), list[object]()
    short = CHECK + struct.pack("!HH2sxx", 0x24, 2, b"ab")  # a priority of two bytes
    junk = [chance.randbytes(size) for size in (0, 0, 1, 20, 200, 1400)]

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: faults.append(what))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:

            def speak(port: int) -> None:
                for data in (ALERT, short, *junk, ALERT):
                    stranger.sendto(data, ("127.0.0.1", port))

            async with answered(speak) as (peer, call, port):
                speak(port)
                call.tell("still here")
                assert await asyncio.wait_for(peer.messages.get(), 5) == "still here"
                assert not peer.why and not faults

    run(scene, fast=fast)


def test_a_client_has_only_so_many_addresses(monkeypatch):
    """Each that comes with the call's password is sent checks, and its sender may have made it up."""
    monkeypatch.setattr("audio_io.rtc.seams.KNOWN", 1)
    stun = web("aioice.stun")

    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            async with answered() as (peer, call, port):
                ours = seams.connection_of(peer._way)
                check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
                check.attributes["USERNAME"] = f"{ours.local_username}:{ours.remote_username}"
                check.attributes["PRIORITY"] = 1
                check.add_message_integrity(ours.local_password.encode())
                other.sendto(bytes(check), ("127.0.0.1", port))
                call.tell("after it")
                assert await asyncio.wait_for(peer.messages.get(), 5) == "after it"
                with pytest.raises(BlockingIOError):
                    other.recv(1)

    run(scene)
