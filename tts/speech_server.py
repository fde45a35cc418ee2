"""A voice behind somebody else's server: OpenAI's ``/v1/audio/speech``, streamed as raw samples.

Nothing but the phrase, the voice's name and a key from the environment leaves the machine, and only to the
server that was named. Closing an utterance closes its request.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import struct
from collections.abc import AsyncGenerator, Iterator, Mapping
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
"""Characters of a server's complaint that are passed on."""
_READ = 1 << 16
"""Bytes of anything that is no sound, a WAV file's header too, that are read."""
_PAUSE, _EACH = 10.0, 1.0
"""Seconds of sound that a phrase may have: the first, and the second for each of its characters."""
_HERE = ("127.0.0.1", "localhost", "::1")
_PACKED = (b"ID3", b"OggS", b"fLaC")
"""How sound begins that is not raw; an MP3 without tags only its label tells."""


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
    if served and _can_be_asked(served[1]):
        key = KEY if served[1] == HOSTED else ""
        return SpeechServer(served[1], served[3], served[2] or "tts-1", key)
    raise VoiceError(
        f"{name!r} names no served voice; write openai:VOICE, openai:MODEL/VOICE or "
        "http://host:port/v1#VOICE (or #MODEL/VOICE)"
    )


def _can_be_asked(url: str) -> bool:
    """Raises VoiceError, without showing it, for a URL that holds what no log may keep."""
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False
    if parts.username is not None or parts.query:
        raise VoiceError(
            "the URL of a voice has no name, password or '?' in it: it is shown and logged; a server that "
            "wants these cannot speak here"
        )
    return good


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
        key = environment.get(server.key_env, "").strip() if server.key_env else ""
        if server.key_env and not key:
            raise VoiceError(f"the voice of {server.url} needs a key: set {server.key_env} and start again")
        if not key.isprintable() or not key.isascii():
            raise VoiceError(f"the key in {server.key_env} holds characters that no key has; copy it again")
        self.name = f"{server.model}/{server.voice} of {urlsplit(server.url).hostname}"
        self._server, self._key, self._met = server, key, False
        self._client = httpx.AsyncClient(
            base_url=server.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(_SILENT, connect=_CONNECT),
            transport=transport,
            verify=server.url.startswith("https:"),  # making a TLS context takes 20 ms and more
            trust_env=urlsplit(server.url).hostname not in _HERE,  # no proxy for what is meant for here
        )

    async def prepare(self) -> None:
        """Meet the server before it is needed, by asking for its list of models. Raises VoiceError where none
        answers, or where it will not have the key; what else it answers is no matter."""
        if self._met:
            return
        with self._told():
            async with asyncio.timeout(_SILENT), self._client.stream("GET", "models") as answer:
                if answer.status_code in (401, 403):
                    await self._accepted(answer)
                await _some(answer)
        self._met = True

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
        left = RATE * (_PAUSE + _EACH * len(text))
        with self._told():
            async with self._client.stream("POST", "audio/speech", json=asked) as answer:
                await self._accepted(answer)
                samples = _Samples("mpeg" in answer.headers.get("content-type", ""))
                async with contextlib.aclosing(_bytes(answer)) as stream:
                    async for part in stream:
                        for chunk in samples.take(part):
                            left -= len(chunk.pcm)
                            yield chunk
                        if left < 0:
                            raise VoiceError(f"{self._server.url} does not stop speaking; it was cut off")
                for chunk in samples.rest():
                    yield chunk

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong on the way, as a VoiceError."""
        url = self._server.url
        try:
            yield
        except (httpx.TimeoutException, TimeoutError):
            raise VoiceError(f"{url} was silent for too long; is the server busy?") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            why = str(error) or type(error).__name__
            raise VoiceError(f"{url} cannot speak ({why}); is the server running?") from None

    async def _accepted(self, answer: httpx.Response) -> None:
        """Raise VoiceError, quoting the server, for anything but sound."""
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code == 200 and not kind.startswith("text/") and not kind.endswith("json"):
            return
        said = " ".join((await _some(answer)).decode(errors="replace").split())
        said = (said.replace(self._key, "(the key)") if self._key else said)[:_QUOTED]
        why = f"HTTP {answer.status_code}" if answer.status_code != 200 else f"{kind} where sound belongs"
        host = answer.request.url.host
        raise VoiceError(f"{host} refused to speak ({why}{': ' if said else ''}{said})")


async def _some(answer: httpx.Response) -> bytes:
    """The beginning of what the server says; what it says is no matter where it breaks off."""
    said = b""
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        async with contextlib.aclosing(_bytes(answer)) as stream:
            async for part in stream:
                said += part
                if len(said) > _READ:
                    break
    return said[:_READ]


async def _bytes(answer: httpx.Response) -> AsyncGenerator[bytes, None]:
    async for part in answer.aiter_bytes():
        yield part


class _Samples:
    """16-bit samples out of bytes that are cut anywhere; a RIFF header in front is read and dropped."""

    def __init__(self, mpeg: bool = False) -> None:
        """``mpeg``: the server calls it that; some call raw samples so."""
        self._left = b""
        self._mpeg = mpeg
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
        frame = self._left[0] == 0xFF and self._left[1] >= 0xE0
        if self._left.startswith(_PACKED) or (self._mpeg and frame):
            raise VoiceError(
                "the server sends packed sound (MP3, Ogg or FLAC); one that knows the response_format pcm or "
                "sends WAV is needed"
            )
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
        if len(self._left) > _READ:
            raise VoiceError("the server's sound has a header without end")
        return False
