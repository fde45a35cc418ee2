"""Our end of one WebRTC call: aiortc's connection behind a few methods, watched, with an end that is an end.

Of aiortc come ICE, DTLS, SRTP and SCTP; its playout does not (``tap``). Must never keep a task, thread or
socket of a call after ``close``, and never wait for a client without a limit.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from pipeline.channel import Channel
from pipeline.clock import now
from pipeline.errors import PeerError

from . import seams
from .config import RtcConfig
from .edge import RtcEdge
from .events import EventLine
from .extra import web
from .sdp import SdpError, finished, screen
from .tap import Packet, sending, tap

LOOK = 0.5
"""Seconds between two looks at whether the client is still there."""
SLOWLY, FEW = 0.95, 0.01
"""What a reported loss is worth at the next look, and how little counts as none."""
SOURCES = 16
"""SSRCs in one call: aiortc keeps books on each."""
_log = logging.getLogger("hocket.rtc")


class RtcPeer:
    """One call: ``answer``, then ``run`` beside whoever uses ``edge`` and ``messages``, then ``close``."""

    def __init__(self, config: RtcConfig | None = None) -> None:
        """Raises UserError where the extra ``web`` is missing."""
        self._config = config or RtcConfig()
        self.edge = RtcEdge(self._config.bitrate, self.hang_up)
        self.why = ""
        "Why the call is over, in one phrase; empty while it stands."
        self._events = EventLine(self.hang_up, self._config.write)
        self._over, self._connected = asyncio.Event(), asyncio.Event()
        self._heard = self._began = now()
        self._sources: set[int] = set()
        self._closed, self._lost = False, 0.0
        aiortc = web("aiortc")
        servers = [
            aiortc.RTCIceServer(one.url, username=one.username or None, credential=one.credential or None)
            for one in self._config.servers
        ]
        policy = aiortc.RTCBundlePolicy.MAX_BUNDLE  # one socket per address, from the first moment
        self._peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(servers, bundlePolicy=policy))
        self._describe = aiortc.RTCSessionDescription
        self._peer.on("connectionstatechange", self._state)
        self._peer.on("datachannel", self._events.attach)
        self._way = self._transceiver()

    @property
    def messages(self) -> Channel[str]:
        """What the client sends over its data channel; closed when it is gone."""
        return self._events.messages

    async def __aenter__(self) -> RtcPeer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def answer(self, offer: str | bytes) -> str:
        """Our SDP to a client's. Raises SdpError for an offer that cannot be used, PeerError when there is
        no port for it."""
        clean = screen(offer, self._config)
        if "m=application" not in clean:
            self._events.open.set()
        try:
            await self._peer.setRemoteDescription(self._describe(clean, "offer"))
            answer = await self._peer.createAnswer()
        except Exception as error:  # noqa: BLE001  # a parser of others: all that it raises is about the offer
            raise SdpError(f"the offer cannot be used ({type(error).__name__})") from None
        if self._peer.sctp is not None:
            seams.bear_messages(self._peer.sctp, self._events.malformed)
        self._began = self._heard = now()
        try:
            async with asyncio.timeout(self._config.setup):
                await self._peer.setLocalDescription(answer)
        except TimeoutError:
            raise PeerError("STUN and TURN servers did not answer in time") from None
        return finished(self._peer.localDescription.sdp, self._config)

    async def opened(self) -> None:
        """Wait until sound and events can pass. Raises PeerError when they cannot within ``setup`` seconds of
        the answer, or the client is gone."""
        try:
            async with asyncio.timeout_at(self._began + self._config.setup):
                await self._connected.wait()
                await self._events.open.wait()
        except TimeoutError:
            what = "no data channel" if self._peer.connectionState == "connected" else "no connection"
            self.hang_up(f"made {what} within {self._config.setup:g} s")
        if self.why:
            raise PeerError(f"the client {self.why}")

    async def send(self, text: str) -> None:
        """Send an event; waits while the client takes nothing. Raises PeerError when it is gone,
        LargeEventError for an event that it has no room for: then the call goes on."""
        await self._events.send(text)

    async def run(self) -> None:
        """Watch over the call until it is over; ``why`` says why."""
        with suppress(PeerError):
            await self.opened()
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._over.wait()
            self._look()
            await self._mend()

    def hang_up(self, why: str) -> None:
        """Let the call end, for a reason that follows on "the client": ``run`` and the edge's ``run`` return,
        ``messages`` closes. Does not wait; the first reason counts."""
        if self.why:
            return
        self.why = why
        self.edge.end()
        self._events.end(why)
        self._over.set()
        self._connected.set()

    async def close(self) -> None:
        """Hang up and let go of all that belongs to the call, within ``closing`` seconds. Idempotent."""
        self.hang_up("was hung up on")
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(self._config.closing):
                await self._peer.close()
        except TimeoutError:
            _log.warning("a call did not close within %g s", self._config.closing)
        except (ConnectionError, OSError) as error:
            _log.info("a call closed with %s", type(error).__name__)

    # --- inside --------------------------------------------------------------------------------------------

    def _transceiver(self) -> Any:
        """The one track there and back, which is Opus, and the seams below it."""
        way = self._peer.addTransceiver(sending(self.edge.outbound), direction="sendrecv")
        codecs = way.sender.getCapabilities("audio").codecs
        way.setCodecPreferences([one for one in codecs if one.mimeType == "audio/opus"])
        tap(way.receiver, self._take)
        connection = seams.connection_of(way)
        seams.take_ports(connection, self._config)
        seams.heed(connection, self._hear)
        return way

    def _hear(self) -> None:
        self._heard = now()

    def _take(self, packet: Packet) -> None:
        self._heard = packet.arrived
        if packet.source not in self._sources:
            if len(self._sources) >= SOURCES:
                self.hang_up("changed the source of its sound too often")
                return
            self._sources.add(packet.source)
        self.edge.take(packet)

    def _state(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected.set()
        elif state == "closed":
            self.hang_up("hung up")
        elif state == "failed":
            self.hang_up("lost the connection")

    async def _mend(self) -> None:
        """Where the client says that packets get lost, code the voice so that it is heard all the same."""
        lost = max(
            (
                one.fractionLost / 256
                for one in (await self._way.sender.getStats()).values()
                if one.type == "remote-inbound-rtp"
            ),
            default=0.0,
        )
        if lost or self._lost:
            self._lost = max(lost, SLOWLY * self._lost) if lost or self._lost > FEW else 0.0
            self.edge.expect_loss(self._lost)

    def _look(self) -> None:
        if self.why:
            return
        if now() - self._heard > self._config.gone:
            self.hang_up(f"sent nothing for {self._config.gone:g} s")
        elif self._peer.sctp is not None and seams.overrun(self._peer.sctp):
            self.hang_up("sent a message without end")
        elif seams.sending_ended(self._way.sender):
            self.hang_up("takes no sound any more")
