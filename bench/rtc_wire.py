"""A WebRTC call as the harness uses it: one track there and back, one channel of events, by way of aiortc.

Of aiortc come ICE, DTLS, SRTP and SCTP. Its playout does not: its own jitter buffer adds 80 ms, 200 ms more
for good after one lost packet, and it goes deaf at an empty packet; all of that would be measured as the
agent's. So packets are taken where that buffer would get them, at the instant they come. The user's packets
leave when the harness gives them; nothing here paces, and no queue grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

from pipeline.channel import Channel, ClosedError, Full, FullError
from pipeline.clock import now
from pipeline.errors import BugError, PeerError

from .rtc_media import PACKET, RTP_RATE, web
from .socket_wire import CLOSING

EVENTS = "oai-events"
"""The data channel's name."""
WAITING = 50
"""The user's packets that may wait for the network: 1 s."""
UNREAD = 4096
"""Packets and events that may wait for the harness; the oldest go. 80 s of sound."""
_TAP = "_RTCRtpReceiver__jitter_buffer"
"""Where aiortc keeps what it gives its packets to. Nothing public lies before its decoder."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of the agent's track."""

    payload: bytes
    timestamp: int
    number: int
    source: int
    "Its SSRC: another one is another clock."
    arrived: float
    "On the loop's clock."


class Call(Protocol):
    """A call that stands."""

    def play(self, payload: bytes) -> None:
        """Send the next 20 ms of the user. Raises PeerError when the call is gone."""
        ...

    def tell(self, event: str) -> None:
        """Send an event. Raises PeerError when the call is gone."""
        ...

    async def receive(self) -> str | Packet:
        """The next event or packet. Raises PeerError when the call is gone."""
        ...

    async def close(self) -> None: ...


Ring: TypeAlias = Callable[[], Awaitable[Call]]
"""Makes a call. Raises PeerError, UserError."""


class Tap:
    """Stands where aiortc's jitter buffer does; gives everything on and keeps nothing."""

    def __init__(self, take: Callable[[Packet], None]) -> None:
        self._take = take

    def add(self, packet: Any) -> tuple[bool, None]:
        """A packet that has come: no key frame is wanted, and there is nothing to decode."""
        payload = bytes(packet._data)
        self._take(Packet(payload, packet.timestamp, packet.sequence_number, packet.ssrc, now()))
        return False, None


def tap(receiver: Any, take: Callable[[Packet], None]) -> None:
    """Take a receiver's packets instead of aiortc's playout. Raises BugError for an aiortc that has none."""
    if not hasattr(receiver, _TAP):
        raise BugError("this aiortc keeps its jitter buffer elsewhere; versions 1.9 to 1.16 can be used")
    setattr(receiver, _TAP, Tap(take))


def garbled() -> tuple[type[Exception], ...]:
    """What aiortc raises for SDP that it cannot use; found by mutating answers."""
    told = web("aiortc.exceptions")
    own = (told.InternalError, told.InvalidAccessError, told.InvalidStateError, told.OperationError)
    return (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError, *own)


def sending(payloads: Channel[bytes]) -> Any:
    """A track for aiortc that sends these Opus packets as they come."""
    streams, av = web("aiortc.mediastreams"), web("av")

    track: Any = streams.MediaStreamTrack

    class Sending(track):  # type: ignore[misc]
        """Gives aiortc packets that are coded already."""

        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self._sent = 0

        async def recv(self) -> Any:
            try:
                packet = av.Packet(await payloads.get())
            except ClosedError:
                raise streams.MediaStreamError from None
            packet.pts, packet.time_base = self._sent, Fraction(1, RTP_RATE)
            self._sent += round(PACKET * RTP_RATE)
            return packet

    return Sending()


class RtcCall:
    """Our end of a call. Made by ``offer``, stands after ``accept``."""

    def __init__(self, where: str) -> None:
        aiortc = web("aiortc")
        self._where = where
        self._out: Channel[bytes] = Channel(WAITING)
        self._in: Channel[str | Packet] = Channel(UNREAD, full=Full.DROP_OLDEST)
        self._ready, self._gone = asyncio.Event(), ""
        self._peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self._describe = aiortc.RTCSessionDescription
        self._peer.on("connectionstatechange", self._state)
        self._events = self._peer.createDataChannel(EVENTS)
        self._events.on("open", self._ready.set)
        self._events.on("message", self._take)
        self._events.on("close", lambda: self._end("closed its events"))

    async def offer(self) -> str:
        """Our SDP, with all our addresses in it."""
        self._peer.addTrack(sending(self._out))
        (way,) = self._peer.getTransceivers()
        opus = [one for one in way.sender.getCapabilities("audio").codecs if one.mimeType == "audio/opus"]
        way.setCodecPreferences(opus)
        tap(way.receiver, self._take)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return str(self._peer.localDescription.sdp)

    async def accept(self, answer: str, patience: float) -> None:
        """Take the other end's SDP and wait for the call to stand. Raises PeerError."""
        try:
            await self._peer.setRemoteDescription(self._describe(answer, "answer"))
        except garbled() as error:
            raise PeerError(
                f"{self._where} answered the offer with no SDP that can be used ({type(error).__name__}: "
                f"{str(error)[:60]}); it begins {answer[:40]!r}"
            ) from None
        try:
            async with asyncio.timeout(patience):
                await self._ready.wait()
        except TimeoutError:
            raise PeerError(
                f"{self._where} answered the offer, but no call stood within {patience:g} s: no way for UDP, "
                f"or no data channel {EVENTS!r} at its end"
            ) from None
        self._check()

    def play(self, payload: bytes) -> None:
        self._check()
        try:
            self._out.put_now(payload)
        except FullError:
            raise PeerError(f"{self._where}: the network has taken no sound for 1 s") from None

    def tell(self, event: str) -> None:
        self._check()
        self._events.send(event)

    async def receive(self) -> str | Packet:
        try:
            return await self._in.get()
        except ClosedError:
            raise PeerError(f"{self._where} {self._gone} in the middle of the conversation") from None

    async def close(self) -> None:
        """Hang up; an end that does not answer is not waited for long."""
        self._out.close()
        self._gone = self._gone or "was hung up on"
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSING):
                await self._peer.close()

    def _take(self, message: object) -> None:
        if isinstance(message, (str, Packet)) and not self._in.closed:
            self._in.put_now(message)

    def _state(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self._end(f"lost the connection ({self._peer.connectionState})")

    def _end(self, why: str) -> None:
        self._gone = self._gone or why
        self._in.close()
        self._ready.set()

    def _check(self) -> None:
        if self._gone:
            raise PeerError(f"{self._where} {self._gone} in the middle of the conversation")
