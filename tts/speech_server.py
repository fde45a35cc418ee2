"""A voice behind somebody else's server: OpenAI's ``/v1/audio/speech``, streamed as raw samples.

Nothing but the phrase, the voice's name and a key from the environment leaves the machine, and only to the
server that was named. Closing an utterance closes its request.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import numpy as np

from pipeline.errors import VoiceError
from pipeline.ports import VoiceChunk

RATE = 24_000
"""Samples per second of the format ``pcm``: 16 bits, little-endian, mono (OpenAI API, createSpeech)."""
LONGEST = 1000
"""Characters per phrase."""
HOSTED = "https://api.openai.com/v1"
KEY = "OPENAI_API_KEY"
BLOCK = 2400
"""Samples per chunk handed on, the first one aside, which comes at once."""
_CONNECT, _SILENT = 3.0, 5.0
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """Which server, and what it is asked for."""

    url: str
    "Up to and with ``/v1``."
    voice: str
    model: str = "tts-1"
    key_env: str = ""
    "Name of the environment variable that holds its key; empty: none is sent."


def speech_server(name: str) -> SpeechServer:
    """``openai:VOICE``, ``openai:MODEL/VOICE`` or ``http(s)://host:port/v1#[MODEL/]VOICE``.

    A key goes to OpenAI alone. Raises VoiceError for anything else.
    """
    hosted = re.fullmatch(r"openai:(?:([^/\s]+)/)?([^/\s]+)", name)
    if hosted:
        return SpeechServer(HOSTED, hosted[2], hosted[1] or "tts-1", KEY)
    served = re.fullmatch(r"(https?://[^#\s]+?)/?#(?:([^#\s]+)/)?([^/#\s]+)", name)
    if served and urlsplit(served[1]).hostname:
        key = KEY if served[1] == HOSTED else ""
        return SpeechServer(served[1], served[3], served[2] or "tts-1", key)
    raise VoiceError(
        f"{name!r} names no served voice; write openai:VOICE, openai:MODEL/VOICE or "
        "http://host:port/v1#VOICE (or #MODEL/VOICE)"
    )


class ServedVoice:
    """ports.Voice over HTTP. It tells no word times: they are estimated from the phrase's length."""

    rate = RATE

    def __init__(
        self,
        server: SpeechServer,
        *,
        environment: Mapping[str, str] = os.environ,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises VoiceError where its key is not set. ``transport``: plays the network in tests."""
        key = environment.get(server.key_env, "") if server.key_env else ""
        if server.key_env and not key:
            raise VoiceError(f"the voice of {server.url} needs a key: set {server.key_env} and start again")
        self.name = f"{server.model}/{server.voice} of {urlsplit(server.url).hostname}"
        self._server = server
        self._client = httpx.AsyncClient(
            base_url=server.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(_SILENT, connect=_CONNECT),
            transport=transport,
            trust_env=False,
        )

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream one phrase; closing it closes the request. Raises VoiceError."""
        if len(text) > LONGEST:
            raise VoiceError(f"a phrase of {len(text)} characters is too long to send; at most {LONGEST}")
        if not text.strip():
            return
        asked = {
            "model": self._server.model,
            "voice": self._server.voice,
            "input": text,
            "response_format": "pcm",
        }
        try:
            async with self._client.stream("POST", "audio/speech", json=asked) as answer:
                await _accepted(answer)
                samples = _Samples()
                async with contextlib.aclosing(_bytes(answer)) as stream:
                    async for part in stream:
                        for chunk in samples.take(part):
                            yield chunk
                for chunk in samples.rest():
                    yield chunk
        except httpx.TimeoutException:
            raise VoiceError(f"{self._server.url} was silent for too long; the phrase is given up") from None
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise VoiceError(f"{self._server.url} cannot speak ({why}); is the server running?") from None

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


async def _bytes(answer: httpx.Response) -> AsyncGenerator[bytes, None]:
    async for part in answer.aiter_bytes():
        yield part


async def _accepted(answer: httpx.Response) -> None:
    """Raise VoiceError, quoting the server, for anything but sound."""
    if answer.status_code == 200:
        return
    with contextlib.suppress(httpx.HTTPError):
        await answer.aread()
    said = " ".join(answer.text.split())[:_QUOTED] if answer.is_stream_consumed else ""
    raise VoiceError(
        f"{answer.request.url.host} refused to speak (HTTP {answer.status_code}{': ' if said else ''}{said})"
    )


class _Samples:
    """16-bit samples out of bytes that are cut anywhere; a RIFF header in front is read and dropped."""

    def __init__(self) -> None:
        self._left = b""
        self._begun = False
        self._sent = False

    def take(self, part: bytes) -> list[VoiceChunk]:
        self._left += part
        if not self._begun and not self._past_header():
            return []
        whole = len(self._left) // 2 * 2
        if not whole or (self._sent and whole < 2 * BLOCK):
            return []
        return [self._chunk(whole)]

    def rest(self) -> list[VoiceChunk]:
        """What was too little for a chunk; an odd last byte is no sample."""
        if not self._begun and self._left[:4] == b"RIFF":
            raise VoiceError("the server's sound ends within its header")
        whole = len(self._left) // 2 * 2
        return [self._chunk(whole)] if whole else []

    def _chunk(self, whole: int) -> VoiceChunk:
        data, self._left, self._sent = self._left[:whole], self._left[whole:], True
        return VoiceChunk(np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768))

    def _past_header(self) -> bool:
        """True once samples begin. Raises VoiceError for a format that is not RATE, mono, 16 bits."""
        if len(self._left) < 4:
            return False
        if self._left[:4] != b"RIFF":
            self._begun = True
            return True
        at = 12
        while len(self._left) >= at + 8:
            name, size = self._left[at : at + 4], struct.unpack_from("<I", self._left, at + 4)[0]
            if name == b"data":
                self._left, self._begun = self._left[at + 8 :], True
                return True
            if name == b"fmt " and len(self._left) >= at + 24:
                kind, channels, rate = struct.unpack_from("<HHI", self._left, at + 8)
                bits = struct.unpack_from("<H", self._left, at + 22)[0]
                if (kind, channels, rate, bits) != (1, 1, RATE, 16):
                    raise VoiceError(
                        f"the server sends {channels} channels of {bits} bits at {rate} Hz; accepted are raw "
                        f"samples or a WAV file with one channel of 16 bits at {RATE} Hz"
                    )
            at += 8 + size + size % 2
        return False
