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

    def __init__(
        self,
        *parts: bytes,
        status: int = 200,
        every: float = 0.0,
        kind: str = "audio/pcm",
        fails: bool = False,
    ) -> None:
        self.parts, self.status, self.every, self.kind, self.fails = parts, status, every, kind, fails
        self.asked: list[httpx.Request] = []
        self.closed_at: float | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, headers={"content-type": self.kind}, stream=_Stream(self))


class Absent(httpx.AsyncBaseTransport):
    """Nobody listens there."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, played: Played) -> None:
        self._played = played

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._played.parts:
            await asyncio.sleep(self._played.every)
            yield part
        if self._played.fails:
            raise httpx.ReadError("broken off")

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
        (Played(wav()[:36], *[bytes(4000)] * 40), "header without end"),
        (Played(b'{"error": "no sound"}', kind="application/json"), "application/json where sound .*no s"),
        (Played(b"<html>", kind="text/html; charset=utf-8"), "text/html where sound belongs: <html>"),
        (Played(b"ID3\4" + bytes(500)), "packed sound"),
        (Played(b"OggS" + bytes(500)), "packed sound"),
        (Played(b"\xff\xfb\x90\0" + bytes(500), kind="audio/mpeg"), "packed sound"),
        (Played(b"half a compl", status=500, fails=True), r"HTTP 500: half a compl\)"),
        (Played(*[b"x" * 4000] * 10**4, status=500, every=0.1), "HTTP 500: x{200}\\)"),
    ],
)
def test_what_is_no_sound_is_told_in_one_sentence(server: Played, said: str) -> None:
    with pytest.raises(VoiceError, match=said):
        heard(server)


def test_a_server_that_is_not_there_is_told() -> None:
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


@pytest.mark.parametrize(
    "name",
    [
        "openai:", "openai:a b", "http://host/v1", "http://#v", "ftp://host#v", "http://[::1/v1#v", "http://h:0/v1#v",
        "http://host:99999/v1#v", "http://ho\x01st/v1#v",
    ],
)  # fmt: skip
def test_other_names_are_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(VoiceError, match="write openai:VOICE"):
        speech_server(name)


@pytest.mark.parametrize("url", ["http://me:secret@host/v1", "https://host/v1?key=secret"])
def test_a_url_with_a_secret_in_it_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(VoiceError, match="shown and logged") as refused:
        speech_server(f"{url}#anna")
    assert "secret" not in str(refused.value)


def test_a_voice_that_never_ends_is_cut_off() -> None:
    endless = Played(*[TONE.tobytes()] * 10**4)
    with pytest.raises(VoiceError, match="does not stop speaking"):
        heard(endless, "Hello.")
    assert endless.closed_at is not None


def test_packed_sound_is_told_from_raw_samples_that_are_called_so() -> None:
    assert len(np.concatenate(heard(Played(TONE.tobytes(), kind="audio/mpeg")))) == len(TONE)


def prepared(server: httpx.AsyncBaseTransport) -> None:
    async def meet() -> None:
        voice = ServedVoice(SERVER, transport=server)
        await voice.prepare()
        await voice.prepare()
        await voice.close()

    simulate(meet)


def test_a_server_is_met_before_it_is_needed_once_and_with_nothing_to_say() -> None:
    for server in (Played(b'{"data": []}', kind="application/json"), Played(b"no such page", status=404)):
        prepared(server)
        assert [(each.method, each.url.path, each.content) for each in server.asked] == [
            ("GET", "/v1/models", b"")
        ]


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Played(b"no such key", status=401), "HTTP 401: no such key"),
        (Played(b"x", every=60.0), "silent for too long"),
        (Absent(), "is the server running"),
    ],
)
def test_a_voice_that_will_not_speak_is_known_before_anybody_talks(
    server: httpx.AsyncBaseTransport, said: str
) -> None:
    with pytest.raises(VoiceError, match=said):
        prepared(server)


def test_a_key_is_in_no_message() -> None:
    async def asked() -> None:
        server = Played(b"the key sk-secret is not known", status=401)
        voice = ServedVoice(speech_server("openai:alloy"), environment={KEY: "sk-secret\n"}, transport=server)
        async for _ in voice.speak("Hello."):
            pass

    with pytest.raises(VoiceError, match=r"the key \(the key\) is not known"):
        simulate(asked)
    with pytest.raises(VoiceError, match=f"the key in {KEY} holds characters") as refused:
        ServedVoice(speech_server("openai:alloy"), environment={KEY: "sk-sécret"})
    assert "sécret" not in str(refused.value)


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
