"""The measuring of our WebRTC line, as far as it is no figure: what it finds where the answer is known."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from audio_io.rtc import opus
from audio_io.rtc.benchmark import EVERY, Listener, lateness, mark, spoken, summary
from audio_io.rtc.caller import RtcCall
from audio_io.rtc.relay import Relay, place, through
from audio_io.rtc.tap import Packet
from pipeline import clock
from pipeline.errors import PeerError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE


class Tape(RtcCall):
    """A call that plays what is on it."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    async def receive(self) -> str | Packet:
        if not self._packets:
            raise PeerError("over")
        return self._packets.pop(0)


def test_a_mark_is_found_where_it_was_spoken():
    sound, coder, packets = spoken(4 * EVERY), opus.encoder(CAPTURE_RATE), []
    for number, at in enumerate(range(0, len(sound), 320)):
        payload = coder.encode(sound[at : at + 320])
        packets.append(Packet(payload, number * 960, number, 1, 100.0 + 0.02 * number + 0.050))

    async def scene() -> list[float | None]:
        ear = Listener(Tape(packets))
        await ear.run()
        return [ear.found(number, 100.0 + (number + 1) * EVERY * opus.STEP) for number in (0, 1)]

    found = clock.simulate(scene)
    wanted = [100.0 + (number + 1) * EVERY * opus.STEP + 0.050 + opus.LOOKAHEAD for number in (0, 1)]
    assert found == pytest.approx(wanted, abs=0.002)


def test_silence_holds_no_mark_and_marks_are_told_apart():
    async def scene() -> float | None:
        ear = Listener(Tape([Packet(b"\xf8\xff\xfe", 960 * n, n, 1, 0.02 * n) for n in range(60)]))
        await ear.run()
        return ear.found(0, 0.1)

    assert clock.simulate(scene) is None
    one, other = mark(0, PLAYOUT_RATE), mark(1, PLAYOUT_RATE)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.3
    assert summary([]) == {"n": 0} and summary([0.1, 0.2])["p50_ms"] == 150.0


def test_a_lost_and_an_empty_packet_each_have_their_place_in_the_ring():
    """Over a real socket, 1 s. How late they are is no matter of a busy machine: see the line-up's tests."""
    late, counts = clock.run(lambda: lateness(50, lose=15, empty=32))
    assert len(late) == 50 and min(late) > 0
    assert counts.empty == 1 and counts.lost >= 1


def test_a_relay_loses_doubles_nothing_and_lets_set_up_pass():
    async def scene() -> None:
        got: list[bytes] = []

        class Server(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                got.append(data)

        loop = asyncio.get_running_loop()
        server, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = server.get_extra_info("sockname")[1]
        ours = f"a=candidate:1 1 udp 1 127.0.0.1 {port} typ host"
        answer = f"v=0\r\n{ours}\r\na=candidate:2 1 udp 1 10.0.0.1 9 typ host"
        relay = Relay(place(answer), loss=0.5, seed=1)
        await relay.start()
        led = through(answer, relay)
        assert f" 127.0.0.1 {relay.port} typ host" in led and "10.0" not in led
        client, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", relay.port)
        )
        sound = [b"\x80\x60" + bytes([n]) for n in range(100)]
        stun = [b"\x00\x01" + bytes([n]) for n in range(20)]
        for data in (*sound, *stun):
            client.sendto(data)
        async with asyncio.timeout(2):
            while len(got) < 120 - relay.dropped or not relay.dropped:  # noqa: ASYNC110  # of a socket
                await asyncio.sleep(0.01)
        assert 30 < relay.dropped < 70 and len(got) == len(set(got)) and set(stun) <= set(got)
        for transport in (server, client):
            transport.close()
        relay.close()

    clock.run(scene)
    with pytest.raises(ValueError, match="loopback"):
        place("v=0")
