"""The callers of the benchmark: each asks its question again and again, and notes when the answers come."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audio_io.resample import resample
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import PLAYOUT_RATE, Pcm

ASKED = "what is fourteen plus nine"
STEP = 0.02
"""Seconds per packet of WebRTC."""
RESERVE = 0.06
"""Seconds that an ear keeps back over WebRTC, as a browser's does at the least; a socket is sent a lead."""
_LOUD = 0.01


@dataclass(frozen=True, slots=True)
class Question:
    """Some speech and the silence after it, which repeat."""

    pcm: Pcm
    "At PLAYOUT_RATE; the question lies at its beginning."
    ends: float
    "Seconds from its beginning to the last sample that is loud."

    @property
    def every(self) -> float:
        """Seconds from one question to the next."""
        return len(self.pcm) / PLAYOUT_RATE

    @staticmethod
    async def spoken(every: float = 8.0) -> Question:
        """By the best voice of this machine: a detector does not take tones for speech."""
        from tts.choose import best_voice

        voice = best_voice()
        try:
            sound = np.concatenate([chunk.pcm async for chunk in voice.speak(ASKED)])
        finally:
            await voice.close()
        sound = resample(sound, voice.rate, PLAYOUT_RATE)
        sound = sound * np.float32(0.3 / np.abs(sound).max())
        whole = np.zeros(round(every * PLAYOUT_RATE), np.float32)
        whole[: len(sound)] = sound
        return Question(whole, float(np.flatnonzero(np.abs(whole) > _LOUD)[-1] + 1) / PLAYOUT_RATE)


@dataclass(slots=True)
class Heard:
    """What one caller noted."""

    asked: int = 0
    waits: list[float] = field(default_factory=list)
    "From the end of each question to the first sound of its answer."
    lengths: list[float] = field(default_factory=list)
    "Seconds of sound in each answer."
    chunks: int = 0
    late: int = 0
    latest: float = 0.0
    errors: list[str] = field(default_factory=list)
    _ended: float = 0.0
    _dry: float = 0.0
    "When the ear has played all that came."
    _length: float = 0.0

    def next(self, place: int, count: int, began: float, question: Question, until: float) -> int:
        """Which piece of the question comes now; one that could not be answered in time is not asked."""
        turn, index = divmod(place, count)
        starts = began + turn * question.every
        if starts + question.every > until:
            return count - 1  # silence
        if index == 0:
            self.asked += 1
            self._ended = starts + question.ends
        return index

    def sound(self, seconds: float, reserve: float = 0.0) -> None:
        """Some of an answer came; the first counts the wait. The ear keeps back so much before it plays."""
        at = now()
        self.chunks += 1
        if not self._length:
            self.waits.append(at - self._ended)
            self._dry = at + reserve
        elif at > self._dry:
            self.late += 1
            self.latest = max(self.latest, at - self._dry)
            self._dry = at
        self._dry += seconds
        self._length += seconds

    def done(self) -> None:
        """An answer is over."""
        if self._length:
            self.lengths.append(self._length)
            self._length = 0.0


async def converse(
    carrier: str, url: str, question: Question, heard: Heard, offset: float, until: float, chunk: float
) -> None:
    """One call until then; its first question comes after ``offset`` seconds."""
    try:
        if carrier == "webrtc":
            await _over_rtc(url, question, heard, offset, until)
        else:
            await _over_socket(url, question, heard, offset, until, chunk, packed=carrier == "msgpack")
    except* (PeerError, OSError, TimeoutError) as group:
        heard.errors += [f"{type(error).__name__}: {error}" for error in group.exceptions]


async def _over_socket(
    url: str, question: Question, heard: Heard, offset: float, until: float, chunk: float, *, packed: bool
) -> None:
    import aiohttp

    protocols = ("hocket.msgpack",) if packed else ()
    frames = _frames(question, chunk, packed=packed)
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/v1/realtime", protocols=protocols, max_msg_size=0) as ws,
        asyncio.TaskGroup() as group,
    ):
        listening = group.create_task(_listen(ws, heard, packed=packed))
        began, place = now() + offset, 0
        while now() < until:
            index = heard.next(place, len(frames), began, question, until)
            place += 1
            await asyncio.sleep(began + place * chunk - now())
            await (ws.send_bytes(frames[index]) if packed else ws.send_str(frames[index].decode()))
        listening.cancel()


def _frames(question: Question, chunk: float, *, packed: bool) -> list[bytes]:
    import msgspec

    size = round(chunk * PLAYOUT_RATE)
    sound = (question.pcm * 32767).astype("<i2")
    pieces = [sound[start : start + size].tobytes() for start in range(0, len(sound) - size + 1, size)]
    if packed:
        pack = msgspec.msgpack.encode
        return [pack({"type": "input_audio_buffer.append", "audio": piece}) for piece in pieces]
    head, tail = b'{"type":"input_audio_buffer.append","audio":"', b'"}'
    return [head + base64.b64encode(piece) + tail for piece in pieces]


async def _listen(ws: Any, heard: Heard, *, packed: bool) -> None:
    import msgspec

    async for message in ws:
        event = (msgspec.msgpack if packed else msgspec.json).decode(message.data)
        match event["type"]:
            case "response.output_audio.delta":
                size = len(event["delta"]) if packed else len(event["delta"]) * 3 // 4
                heard.sound(size / 2 / PLAYOUT_RATE)
            case "response.done":
                heard.done()
            case "error":
                heard.errors.append(str(event["error"]["code"]))
    raise PeerError(f"the server closed the call with {ws.close_code}")


async def _over_rtc(url: str, question: Question, heard: Heard, offset: float, until: float) -> None:
    import aiohttp

    from audio_io.rtc.caller import RtcCall

    packets = _packets(question)
    call = RtcCall(url)
    try:
        async with aiohttp.ClientSession() as client:
            headers = {"Content-Type": "application/sdp"}
            offer = await call.offer()
            async with client.post(f"{url}/v1/realtime/calls", data=offer, headers=headers) as reply:
                if reply.status != 201:
                    raise PeerError(f"the server answered with {reply.status}")
                await call.accept(await reply.text(), 10.0)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(_attend(call, heard))
            began, place = now() + offset, 0
            while now() < until:
                index = heard.next(place, len(packets), began, question, until)
                place += 1
                await asyncio.sleep(began + place * STEP - now())
                call.play(packets[index])
            listening.cancel()
    finally:
        await call.close()


def _packets(question: Question) -> list[bytes]:
    from audio_io.rtc.opus import encoder

    opus, size = encoder(PLAYOUT_RATE), round(STEP * PLAYOUT_RATE)
    pcm = question.pcm
    return [opus.encode(pcm[start : start + size]) for start in range(0, len(pcm) - size + 1, size)]


async def _attend(call: Any, heard: Heard) -> None:
    """Sound that is loud, between the server's own words of when it begins and has ended."""
    import json

    from audio_io.rtc.opus import decoder

    opus = decoder(PLAYOUT_RATE)
    sounds = False
    while True:
        found = await call.receive()
        if isinstance(found, str):
            event = json.loads(found)
            if event["type"] == "error":
                heard.errors.append(str(event["error"]["code"]))
            elif event["type"] in ("output_audio_buffer.stopped", "output_audio_buffer.cleared"):
                sounds = False
                heard.done()
            continue
        pcm = opus.decode(found.payload)
        sounds = sounds or (pcm is not None and float(np.abs(pcm).max(initial=0.0)) > _LOUD)
        if sounds:
            heard.sound(STEP, RESERVE)
