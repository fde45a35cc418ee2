"""Any server of the OpenAI Realtime protocol over WebRTC: an Opus track each way, events on ``oai-events``.

The user's packets leave every 20 ms on the harness's clock. The agent's are played by their timestamps
(``rtc_sink``), and the server itself stops its track when it is interrupted: what still comes is heard.
"""

from __future__ import annotations

import json
from typing import Any

from audio_io.rtc.tap import Packet
from bench.rtc_media import Encoder, TrackDecoder
from bench.rtc_wire import Call, Ring
from pipeline.errors import PeerError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from .openai_realtime import Conversing, RealtimeConfig, parsed
from .port import Act, Told

SOUND = "track"
"""The name of a packet's sound."""
BAD = "bench.bad_packet"
"""The name of a packet that holds no sound, in the log."""
APART = 60 * PLAYOUT_RATE
"""Samples of stamps between two sources of a track, whose clocks have nothing in common: they begin anew."""


class RealtimeCall(Conversing):
    """A line to such a server; implements ``targets.port.Line`` and ``ByHand``."""

    rate = CAPTURE_RATE

    def __init__(self, ring: Ring, config: RealtimeConfig | None = None) -> None:
        super().__init__(config or RealtimeConfig())
        self._ring = ring
        self._call: Call | None = None
        self._encoder = Encoder(CAPTURE_RATE)
        self._decoder, self._source = TrackDecoder(), -1
        self._zero = self._last = 0

    async def open(self) -> dict[str, str]:
        """Call and agree on the session; the sound's format was agreed on in SDP."""
        self._call = await self._ring()
        return await self.agree(formats=False)

    async def send(self, pcm: Pcm) -> None:
        """Every 20 ms that are full, as a packet."""
        for payload in self._encoder.push(pcm):
            self._open_call().play(payload)

    async def receive(self) -> Told:
        """The next event, or the next packet that holds sound."""
        while True:
            told = self._told(await self._open_call().receive())
            if told is not None:
                return told

    async def truncate(self, item: str, heard: float) -> None:
        """Nothing: over WebRTC the server knows what it played, and truncates by itself."""

    async def begin_turn(self) -> None:
        """As over a socket; and what the server has buffered of its answer goes."""
        answering = self._answering
        await super().begin_turn()
        if answering:
            await self._put({"type": "output_audio_buffer.clear"})

    async def close(self) -> None:
        if self._call is not None:
            await self._call.close()

    def _told(self, message: str | Packet) -> Told | None:
        if isinstance(message, str):
            told = self._noticed(parsed(message))
            if told.act is Act.SOUND:  # beside a track nobody plays it
                return Told(told.name, Act.NOTE, told.item, None, told.facts)
            return told
        if message.source != self._source:
            self._source, self._decoder, self._zero = message.source, TrackDecoder(), self._last + APART
        bad = self._decoder.bad
        heard = self._decoder.push(message.payload, message.timestamp, message.number)
        if heard is None:
            return Told(BAD, facts={"bytes": len(message.payload)}) if self._decoder.bad > bad else None
        self._last = self._zero + heard.stamp
        return Told(SOUND, Act.SOUND, SOUND, heard.pcm, {}, self._last, message.arrived)

    def _open_call(self) -> Call:
        if self._call is None:
            raise PeerError("this line was not opened")
        return self._call

    async def _put(self, event: dict[str, Any]) -> None:
        self._open_call().tell(json.dumps(event))

    async def _next(self) -> dict[str, Any]:
        """The next event; packets before a session is agreed on were nobody's answer."""
        while True:
            message = await self._open_call().receive()
            if isinstance(message, str):
                return parsed(message)
