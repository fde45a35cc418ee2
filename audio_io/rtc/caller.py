"""The calling end of a WebRTC call: one track there and back, one channel of events. For harness and tests.

The caller's packets leave when they are given; nothing here paces, and no queue grows.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pipeline.channel import Channel, ClosedError, Full, FullError
from pipeline.errors import PeerError

from .extra import web
from .framing import TICKS
from .opus import STEP
from .tap import Outgoing, Packet, garbled, sending, tap

EVENTS = "oai-events"
"""The data channel's name."""
WAITING = 50
"""Packets that may wait for the network: 1 s."""
UNREAD = 4096
"""Packets and events that may wait to be received; the oldest go. 80 s of sound."""
CLOSING = 2.0
"""Seconds that hanging up may take."""


class RtcCall:
    """Our end of a call. Made by ``offer``, stands after ``accept``."""

    def __init__(self, where: str) -> None:
        aiortc = web("aiortc")
        self._where = where
        self._out: Channel[Outgoing] = Channel(WAITING)
        self._in: Channel[str | Packet] = Channel(UNREAD, full=Full.DROP_OLDEST)
        self._ready, self._gone = asyncio.Event(), ""
        self._played = 0
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
        """Send the next 20 ms of the caller. Raises PeerError when the call is gone."""
        self._check()
        try:
            self._out.put_now((payload, self._played))
        except FullError:
            raise PeerError(f"{self._where}: the network has taken no sound for 1 s") from None
        self._played += round(STEP * TICKS)

    def tell(self, event: str) -> None:
        """Send an event. Raises PeerError when the call is gone."""
        self._check()
        self._events.send(event)

    async def receive(self) -> str | Packet:
        """The next event or packet. Raises PeerError when the call is gone."""
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
