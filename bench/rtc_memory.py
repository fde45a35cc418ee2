"""A null agent's call without a network: what a simulation calls. Codec, packets and stamps are real."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from audio_io.rtc.tap import Packet
from pipeline.channel import Channel, ClosedError
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import PLAYOUT_RATE

from .rtc_marks import reply
from .rtc_media import PACKET, RTP_RATE, Encoder
from .rtc_null import Answers, NullEar

SESSION = {"type": "realtime", "model": "null", "audio": {"input": {"turn_detection": None}}}
STEP = round(PACKET * RTP_RATE)
ROOM = 2**16
"""Packets and events that may wait for the harness: more than a test has."""


class MemoryCall:
    """Both ends of a call to a null agent; implements ``rtc_wire.Call``. ``speak`` must run beside it."""

    def __init__(self, delay: float, seconds: float = 0.8) -> None:
        self.inbound: Channel[str | Packet] = Channel(ROOM)
        self.events: list[dict[str, Any]] = []
        "What the harness told."
        self.left: list[float] = []
        "When each of the user's packets left."
        self._delay, self._reply = delay, reply(seconds)
        self._ear, self._answers = NullEar(), Answers()

    def say(self, kind: str, **fields: Any) -> None:
        """Send an event to the harness."""
        self.inbound.put_now(json.dumps({"type": kind, **fields}))

    def play(self, payload: bytes) -> None:
        number = len(self.left)
        self.left.append(now())
        begins, ends = self._ear.hear(Packet(payload, number * STEP, number, 1, now()))
        if begins:
            self.say("input_audio_buffer.speech_started", item_id="user")
            self._answers.stop(now())
        for end in ends:
            self._answers.say(self._reply, max(end + self._delay, now()))

    def tell(self, event: str) -> None:
        self.events.append(json.loads(event))
        if self.events[-1]["type"] == "session.update":
            self.say("session.updated", session=SESSION)

    async def receive(self) -> str | Packet:
        try:
            return await self.inbound.get()
        except ClosedError:
            raise PeerError("the other end closed the call in the middle of the conversation") from None

    async def close(self) -> None:
        self.inbound.close()

    async def speak(self) -> None:
        """The agent's track, until cancelled or hung up on."""
        encoder, self._answers.began, number = Encoder(PLAYOUT_RATE), now(), 0
        while not self.inbound.closed:
            await asyncio.sleep(max(self._answers.began + (number + 1) * PACKET - now(), 0.0))
            (payload,) = encoder.push(self._answers.frame())
            for packet in self.on_its_way(Packet(payload, number * STEP, number % 2**16, 2, now())):
                self.inbound.put_now(packet)
            number += 1

    def on_its_way(self, packet: Packet) -> list[Packet]:
        """What becomes of a packet of the agent's."""
        return [] if self.inbound.closed else [packet]
