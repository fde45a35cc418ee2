"""tts/speech_server.py: a voice over HTTP, played by a transport in memory under virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest

from pipeline.clock import now, simulate
from pipeline.errors import VoiceError
from tts.speech_server import BLOCK, HOSTED, KEY, RATE, ServedVoice, SpeechServer, speech_server

SERVER = SpeechServer("http://127.0.0.1:9/v1", "anna")
TONE = (np.sin(np.arange(3 * BLOCK) / 9) * 8000).astype("<i2")


class Played(httpx.AsyncBaseTransport):
    """A server that answers with these parts, so many seconds apart."""

    def __init__(self, *parts: bytes, status: int = 200, every: float = 0.0) -> None:
        self.parts, self.status, self.every = parts, status, every
        self.asked: list[httpx.Request] = []
        self.closed_at: float | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, stream=_Stream(self))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, played: Played) -> None:
        self._played = played

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._played.parts:
            await asyncio.sleep(self._played.every)
            yield part

    async def aclose(self) -> None:
        self._played.closed_at = now()


def heard(server: Played, text: str = "Twenty three.") -> list[np.ndarray]:
    async def listen() -> list[np.ndarray]:
        voice = ServedVoice(SERVER, transport=server)
        chunks = [chunk.pcm async for chunk in voice.speak(text)]
        await voice.close()
        return chunks

    return simulate(listen)


def wav(rate: int = RATE, channels: int = 1) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2, 2, 16)
    more = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + form + more + b"data\xff\xff\xff\xff"


@pytest.mark.parametrize("cut", [1, 7, 4801, 10**6])
@pytest.mark.parametrize("header", [b"", wav()])
def test_sound_arrives_whole_wherever_the_network_cuts_it(cut: int, header: bytes) -> None:
    data = header + TONE.tobytes()
    parts = [data[at : at + cut] for at in range(0, len(data), cut)]
    assert np.array_equal(np.concatenate(heard(Played(*parts))), TONE.astype(np.float32) / 32768)


def test_the_request_names_model_voice_and_raw_samples() -> None:
    server = Played(TONE.tobytes())
    heard(server, "Hello.")
    assert str(server.asked[0].url) == "http://127.0.0.1:9/v1/audio/speech"
    assert json.loads(server.asked[0].content) == {
        "model": "tts-1",
        "voice": "anna",
        "input": "Hello.",
        "response_format": "pcm",
    }
    assert "authorization" not in server.asked[0].headers


def test_the_first_sound_comes_before_the_phrase_is_whole() -> None:
    async def listen() -> float:
        voice = ServedVoice(SERVER, transport=Played(*[TONE.tobytes()] * 4, every=0.5))
        async with contextlib.aclosing(voice.speak("Hello.")) as stream:
            async for _ in stream:
                return now()
        return -1.0

    assert simulate(listen) == pytest.approx(0.5)


def test_closing_an_utterance_closes_its_request_at_once() -> None:
    async def listen() -> tuple[float | None, float]:
        server = Played(*[TONE.tobytes()] * 100, every=0.5)
        voice = ServedVoice(SERVER, transport=server)
        async with contextlib.aclosing(voice.speak("Hello.")) as stream:
            await anext(stream)
        return server.closed_at, now()

    closed, done = simulate(listen)
    assert closed == done == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Played(b'{"error": "no such voice"}', status=404), r"HTTP 404: .*no such voice"),
        (Played(wav(rate=16_000)), "16000 Hz; accepted"),
        (Played(wav(channels=2)), "2 channels"),
        (Played(b"RIFF\0\0"), "ends within its header"),
    ],
)
def test_what_is_no_sound_is_told_in_one_sentence(server: Played, said: str) -> None:
    with pytest.raises(VoiceError, match=said):
        heard(server)


def test_a_server_that_is_not_there_is_told() -> None:
    class Absent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

    async def listen() -> None:
        async for _ in ServedVoice(SERVER, transport=Absent()).speak("Hello."):
            pass

    with pytest.raises(VoiceError, match="is the server running"):
        simulate(listen)


def test_an_empty_phrase_asks_for_nothing_and_a_long_one_is_refused() -> None:
    server = Played()
    assert heard(server, "  ") == [] and not server.asked
    with pytest.raises(VoiceError, match="too long"):
        heard(server, "a" * 1001)


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("openai:alloy", SpeechServer(HOSTED, "alloy", key_env=KEY)),
        ("openai:gpt-4o-mini-tts/alloy", SpeechServer(HOSTED, "alloy", "gpt-4o-mini-tts", KEY)),
        ("http://127.0.0.1:8880/v1#anna", SpeechServer("http://127.0.0.1:8880/v1", "anna")),
        ("http://127.0.0.1:8880/v1/#kokoro/anna", SpeechServer("http://127.0.0.1:8880/v1", "anna", "kokoro")),
        (f"{HOSTED}#alloy", SpeechServer(HOSTED, "alloy", key_env=KEY)),
    ],
)
def test_names_of_served_voices(name: str, server: SpeechServer) -> None:
    assert speech_server(name) == server


@pytest.mark.parametrize("name", ["openai:", "openai:a b", "http://host/v1", "http://#v", "ftp://host#v"])
def test_other_names_are_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(VoiceError, match="write openai:VOICE"):
        speech_server(name)


def test_a_key_goes_to_the_server_that_was_named_and_its_absence_is_told() -> None:
    async def asked() -> httpx.Request:
        server = Played(TONE.tobytes())
        voice = ServedVoice(speech_server("openai:alloy"), environment={KEY: "k"}, transport=server)
        assert [chunk async for chunk in voice.speak("Hello.")]
        return server.asked[0]

    request = simulate(asked)
    assert (request.url.host, request.headers["authorization"]) == ("api.openai.com", "Bearer k")
    with pytest.raises(VoiceError, match=f"set {KEY}"):
        ServedVoice(speech_server("openai:alloy"), environment={})
