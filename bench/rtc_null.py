"""A WebRTC server of the Realtime protocol that answers exactly ``delay`` after the user's marked end.

It models nothing: it knows the end by a chirp in the sound (``rtc_marks``), at its place on the sender's
clock, and its answer begins at its place on a track that is sent in packets of 20 ms, each when its last
sample is over. What the codec and the packets add is therefore in every figure, and nothing else.
``python -m bench.rtc_null`` serves in a process of its own, so that it shares no thread with the harness.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from audio_io.rtc.extra import web
from audio_io.rtc.hosting import host
from audio_io.rtc.tap import Packet, garbled, tap
from pipeline.channel import Channel, ClosedError, Full
from pipeline.clock import now
from pipeline.ports import PLAYOUT_RATE, Pcm

from .audible import THRESHOLD
from .rtc_dial import PATH
from .rtc_marks import ChirpMark, reply
from .rtc_media import PACKET, RTP_RATE, Encoder, TrackDecoder
from .socket_null import main as null_main

FRAME = round(PACKET * PLAYOUT_RATE)
_QUERY = (("delay", "0"), ("reply", "0.8"))
QUIET = 0.3
"""Seconds of quiet after which a loud packet is the user beginning anew."""


@dataclass(slots=True)
class Answers:
    """What the agent says and when: sound placed on its track. Pure but for the moments it is told."""

    began: float = 0.0
    "When the track's first sample was, on the loop's clock."
    at: int = 0
    "The first sample that is not sent yet."
    placed: list[tuple[int, Pcm]] = field(default_factory=list)

    def say(self, pcm: Pcm, moment: float) -> None:
        """Begin to sound at this moment, or as soon as can be."""
        self.placed.append((max(round((moment - self.began) * PLAYOUT_RATE), self.at), pcm))

    def stop(self, moment: float) -> None:
        """Fall silent: what is not said by this moment never will be."""
        until = max(round((moment - self.began) * PLAYOUT_RATE), self.at)
        self.placed = [(start, pcm[: max(until - start, 0)]) for start, pcm in self.placed]

    def frame(self) -> Pcm:
        """The next FRAME samples."""
        out, until = np.zeros(FRAME, np.float32), self.at + FRAME
        for start, pcm in self.placed:
            low, high = max(start, self.at), min(start + len(pcm), until)
            if low < high:
                out[low - self.at : high - self.at] += pcm[low - start : high - start]
        self.placed = [(start, pcm) for start, pcm in self.placed if start + len(pcm) > until]
        self.at = until
        return out


@dataclass(slots=True)
class NullEar:
    """Hears the user's track: when a turn begins and, exactly, when it ended."""

    mark: ChirpMark = field(default_factory=ChirpMark)
    decoder: TrackDecoder = field(default_factory=TrackDecoder)
    zero: float = math.inf
    "When the sender's sample 0 was, as the quickest packet says: it left when its last sample was over."
    loud: float = -math.inf

    def hear(self, packet: Packet) -> tuple[bool, list[float]]:
        """Whether the user begins, and the moments of the marked ends in this packet."""
        heard = self.decoder.push(packet.payload, packet.timestamp, packet.number)
        if heard is None:
            return False, []
        over = heard.stamp + self.decoder.pad + len(heard.pcm)
        self.zero = min(self.zero, packet.arrived - over / PLAYOUT_RATE)
        begins = False
        if float(np.sqrt(np.mean(heard.pcm**2))) > THRESHOLD:
            begins, self.loud = packet.arrived - self.loud > QUIET, packet.arrived
        ends = self.mark.hear(heard.stamp, heard.pcm)
        return begins, [self.zero + end / PLAYOUT_RATE for end in ends]


class NullCall:
    """One call's far end."""

    def __init__(self, delay: float, seconds: float) -> None:
        aiortc = web("aiortc")
        self.peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self._describe = aiortc.RTCSessionDescription
        self._delay, self._reply = delay, reply(seconds)
        self._packets: Channel[Packet] = Channel(256, full=Full.DROP_OLDEST)
        self._answers, self._ear = Answers(), NullEar()
        self._events: Any = None
        self._said = 0
        self.peer.on("datachannel", self._opened)

    async def answer(self, offer: str) -> str:
        """Our SDP to theirs. Raises ValueError and its like for what is none."""
        await self.peer.setRemoteDescription(self._describe(offer, "offer"))
        self.peer.addTrack(_speaking(self._answers))
        (way,) = self.peer.getTransceivers()
        tap(way.receiver, self._packets.put_now)
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        return str(self.peer.localDescription.sdp)

    async def run(self) -> None:
        """Listen until the call is over."""
        with suppress(ClosedError):
            while True:
                begins, ends = self._ear.hear(await self._packets.get())
                if begins:
                    self._tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id="user")
                    self._answers.stop(now())
                for end in ends:
                    self._answer(end + self._delay)

    async def close(self) -> None:
        self._packets.close()
        await self.peer.close()

    def _opened(self, channel: Any) -> None:
        self._events = channel
        channel.on("message", self._take)
        channel.on("close", self._packets.close)
        self._tell("session.created", session={"model": "null", "type": "realtime"})

    def _take(self, message: object) -> None:
        with suppress(ValueError, TypeError):
            event = json.loads(str(message))
            if event.get("type") == "session.update":
                self._tell("session.updated", session={"model": "null", "type": "realtime"})

    def _answer(self, moment: float) -> None:
        self._said += 1
        name = {"response_id": f"resp_{self._said}"}
        self._tell("response.created", response={"id": name["response_id"], "status": "in_progress"})
        self._answers.say(self._reply, max(moment, now()))
        self._tell("output_audio_buffer.started", **name)

    def _tell(self, kind: str, **fields: Any) -> None:
        if self._events is not None and self._events.readyState == "open":
            self._events.send(json.dumps({"type": kind, "event_id": "event", **fields}))


def _speaking(answers: Answers) -> Any:
    """The agent's track: a packet of 20 ms whenever its last sample is over, silence too."""
    streams, av = web("aiortc.mediastreams"), web("av")
    encoder = Encoder(PLAYOUT_RATE)

    track: Any = streams.MediaStreamTrack

    class Speaking(track):  # type: ignore[misc]
        """Gives aiortc packets that are coded already."""

        kind = "audio"

        async def recv(self) -> Any:
            if not answers.began:
                answers.began = now()
            begun = answers.at
            await asyncio.sleep(max(answers.began + (begun + FRAME) / PLAYOUT_RATE - now(), 0.0))
            (payload,) = encoder.push(answers.frame())
            packet = av.Packet(payload)
            packet.pts, packet.time_base = begun * RTP_RATE // PLAYOUT_RATE, Fraction(1, RTP_RATE)
            return packet

    return Speaking()


class Calls:
    """Takes offers over HTTP and holds the calls, each in a task of ``group``."""

    def __init__(self, group: asyncio.TaskGroup, last: int) -> None:
        """``last``: how many calls to hold until ``done``; 0: any number."""
        self.done = asyncio.Event()
        self._group, self._last, self._over = group, last, 0
        self._http = web("aiohttp.web")

    async def take(self, request: Any) -> Any:
        """``?delay=0.2`` in the address chooses the delay of one call, ``reply`` the answer's seconds."""
        try:
            delay, seconds = (float(request.query.get(name, usual)) for name, usual in _QUERY)
            held = NullCall(delay, seconds)
            answer = await held.answer(await request.text())
        except garbled():
            return self._http.Response(status=400, text="this is no SDP offer, or no number of seconds")
        self._group.create_task(self._hold(held))
        return self._http.Response(status=201, text=answer, content_type="application/sdp")

    async def _hold(self, call: NullCall) -> None:
        try:
            await call.run()
        finally:
            await call.close()
        self._over += 1
        if self._over == self._last:
            self.done.set()


async def serve(port: int, ready: asyncio.Future[int] | None = None, calls: int = 0) -> None:
    """Serve on this machine until cancelled, or until so many ``calls`` are over."""
    http = web("aiohttp.web")
    async with asyncio.TaskGroup() as group:
        held, app = Calls(group, calls), http.Application()
        app.router.add_post(PATH, held.take)
        await host(app, port, ready, held.done)


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m bench.rtc_null --port 0``: prints the port, serves until it is killed."""
    null_main(arguments, serve, "bench.rtc_null", __doc__)


if __name__ == "__main__":
    main()
