"""Words from a server: what is sent, what is read, and what is done when it fails. No network: requests are
carried in memory, under virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest

from model.http.server import Server
from model.http.transcriptions import KEPT, Transcriptions, TranscriptionsConfig
from pipeline.channel import ClosedError
from pipeline.clock import now, simulate
from pipeline.errors import BugError, ConfigError, HocketError, ModelError
from pipeline.ports import EarFacts, SpokenWord, Transcript
from pipeline.prompt import Audio

T = TypeVar("T")
HERE = Server("openai", ("http://127.0.0.1:8000/v1",), "tiny")
AWAY = Server("openai", ("https://api.example.com/v1",), "big", "EXAMPLE_KEY", True, "example")
Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


def sound(count: int = 16000, level: float = 0.1) -> Audio:
    return Audio(np.full(count, level, np.float32))


def says(payload: Any, status: int = 200, **more: Any) -> Answer:
    async def answer(request: httpx.Request) -> httpx.Response:
        body = payload if isinstance(payload, str) else json.dumps(payload)
        return httpx.Response(status, text=body, **more)

    return answer


class Carrier(httpx.AsyncBaseTransport):
    """Keeps what was asked, and answers in turn; the last answer goes on."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked = list(answers), list[httpx.Request]()
        self.at: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        self.at.append(now())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        response = await answer(request)
        response.request = request
        return response


def hear(
    carrier: Carrier,
    *sounds: Audio,
    server: Server = HERE,
    config: TranscriptionsConfig | None = None,
    environ: dict[str, str] | None = None,
) -> Transcript:
    """The transcript of the last of these sounds."""

    async def main() -> Transcript:
        ear = Transcriptions(server, config, transport=carrier, environ=environ or {}, chance=lambda: 0.5)
        try:
            for each in sounds or (sound(),):
                found: Transcript = await ear.call("transcribe", each, True)
            return found
        finally:
            await ear.close()

    return simulate(main)


def test_a_sound_goes_out_as_a_wave_file_and_comes_back_as_words() -> None:
    carrier = Carrier(says({"text": " what is four plus nine \n"}))
    assert hear(carrier) == Transcript("what is four plus nine")
    (request,) = carrier.asked
    assert str(request.url) == "http://127.0.0.1:8000/v1/audio/transcriptions"
    body = request.content
    assert b'name="model"\r\n\r\ntiny' in body and b'name="response_format"\r\n\r\njson' in body
    assert b'name="file"; filename="turn.wav"' in body and b"RIFF" in body
    assert len(body) > 2 * 16000


def test_times_of_words_are_asked_for_where_they_are_wanted() -> None:
    told = {"text": "what is", "words": [{"word": " what", "start": 0.1, "end": 0.3},
                                         {"word": "is", "start": 0.3, "end": 0.5}]}  # fmt: skip
    carrier = Carrier(says(told))
    found = hear(carrier, config=TranscriptionsConfig(words=True, language="en"))
    assert found.words == (SpokenWord("what", 0.1, 0.3), SpokenWord("is", 0.3, 0.5))
    for field in (b"verbose_json", b"timestamp_granularities[]", b'name="language"\r\n\r\nen'):
        assert field in carrier.asked[0].content


def test_what_a_model_made_up_of_silence_is_left_out() -> None:
    told = {
        "text": "What is it? Thank you.",
        "segments": [
            {"text": " What is it?", "start": 0.0, "end": 1.0, "no_speech_prob": 0.1, "avg_logprob": -0.2},
            {"text": " Thank you.", "start": 1.0, "end": 2.0, "no_speech_prob": 0.8, "avg_logprob": -1.3},
        ],
        "words": [{"word": "it", "start": 0.5, "end": 0.9}, {"word": "Thank", "start": 1.1, "end": 1.4}],
    }
    found = hear(Carrier(says(told)), config=TranscriptionsConfig(words=True))
    assert found == Transcript("What is it?", (SpokenWord("it", 0.5, 0.9),))


def test_digital_silence_and_nothing_are_not_sent() -> None:
    carrier = Carrier(says({"text": "Thank you."}))
    assert hear(carrier, sound(0), sound(16000, 0.0)).text == ""
    assert carrier.asked == []


def test_a_very_short_sound_ends_in_silence() -> None:
    carrier = Carrier(says({"text": "yes"}))
    hear(carrier, sound(200))
    assert len(carrier.asked[0].content) > 3200


def test_a_sound_is_sent_once_and_what_is_remembered_is_bounded() -> None:
    carrier = Carrier(says({"text": "yes"}))
    hear(carrier, sound(), sound(), sound())
    assert len(carrier.asked) == 1
    many = [sound(1280, 0.1 + i / 1e4) for i in range(KEPT + 1)]
    carrier = Carrier(says({"text": "yes"}))
    hear(carrier, *many, many[-1], many[0])
    assert len(carrier.asked) == KEPT + 2


def test_two_that_want_the_same_words_at_once_ask_once() -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.3)
        return httpx.Response(200, json={"text": "yes"})

    carrier = Carrier(slow)

    async def main() -> list[Transcript]:
        ear = Transcriptions(HERE, transport=carrier, environ={})
        both = await asyncio.gather(*(ear.call("transcribe", sound()) for _ in range(2)))
        await ear.close()
        return both

    assert simulate(main) == [Transcript("yes")] * 2
    assert len(carrier.asked) == 1


def test_a_key_goes_to_its_server_and_a_note_says_that_sound_does_too() -> None:
    carrier = Carrier(says({"text": "yes"}))
    hear(carrier, server=AWAY, environ={"EXAMPLE_KEY": "secret"})
    assert carrier.asked[0].headers["Authorization"] == "Bearer secret"
    carrier = Carrier(says({"text": "yes"}))
    hear(carrier, environ={"EXAMPLE_KEY": "secret"})
    assert "Authorization" not in carrier.asked[0].headers

    async def facts(server: Server) -> EarFacts:
        ear = Transcriptions(server, environ={"EXAMPLE_KEY": "secret"}, transport=carrier)
        found: EarFacts = await ear.call("facts")
        await ear.close()
        return found

    away = "What you say is sent to example."
    assert simulate(lambda: facts(AWAY)) == EarFacts("big at example", False, away)
    assert simulate(lambda: facts(HERE)).note == ""


def test_a_hosted_server_without_its_key_is_refused_at_the_start() -> None:
    async def main() -> None:
        Transcriptions(AWAY, environ={})

    with pytest.raises(ConfigError, match="EXAMPLE_KEY"):
        simulate(main)


def test_a_busy_server_is_asked_again_and_the_next_address_after_it() -> None:
    two = Server("openai", ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"), "tiny")
    carrier = Carrier(says("busy", 503), says({"text": "yes"}))
    assert hear(carrier, sound(), sound(8000), server=two).text == "yes"
    assert [request.url.port for request in carrier.asked] == [1, 2, 2]
    assert carrier.at[1] - carrier.at[0] == pytest.approx(0.15)


def test_a_server_that_cannot_be_reached_fails_after_its_attempts() -> None:
    async def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    carrier = Carrier(refuse)
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:8000 gave no transcript: connection refused"):
        hear(carrier)
    assert len(carrier.asked) == 3


async def hang(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(1000)
    raise AssertionError


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    took: list[float] = []

    async def main() -> None:
        ear = Transcriptions(HERE, TranscriptionsConfig(whole=2.0), transport=Carrier(hang))
        took.append(now())
        try:
            await ear.call("transcribe", sound())
        finally:
            took.append(now())
            await ear.close()

    with pytest.raises(ModelError, match="no answer within 2 s"):
        simulate(main)
    assert took[1] - took[0] == pytest.approx(2.0)


def test_an_address_that_hangs_leaves_time_for_the_next_one() -> None:
    two = Server("openai", ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"), "tiny")
    carrier = Carrier(hang, says({"text": "yes"}))
    assert hear(carrier, server=two).text == "yes"
    assert carrier.at[1] - carrier.at[0] == pytest.approx(3.15)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("no", 401), "refused the key"),
        (says("no", 404), "is its base URL right"),
        (says("", 302, headers={"Location": "http://elsewhere/"}), "sends elsewhere"),
        (says("file too long", 413), "file too long"),
        (says("<html>"), "no JSON"),
        (says({"words": []}), "without a text"),
        (says([1]), "without a text"),
        (says({"text": "a", "words": [{"word": "a"}]}), "cannot be read"),
        (says({"text": "a", "segments": ["x"]}), "cannot be read"),
        (says({"text": "a", "words": [{"word": "a", "start": 10**400, "end": 1}]}), "cannot be read"),
        (says({"text": "a", "words": [{"word": "a", "start": 0, "end": "nan"}]}), "cannot be read"),
        (says("[" * 100_000), "no JSON"),
        (says("\x1b[2J away", 413), r"\(413\):  \[2J away$"),
        (says("x" * (3 << 20)), "bytes"),
        (says({"text": "la " * 4000}), "nobody says"),
        (says({"text": "", "words": [{"word": "", "start": 0, "end": 1}] * 9000}), "nobody says"),
    ],
)
def test_an_answer_that_is_none_is_told_and_not_asked_for_again(answer: Answer, told: str) -> None:
    carrier = Carrier(answer)
    with pytest.raises(ModelError, match=told):
        hear(carrier)
    assert len(carrier.asked) == 1


def test_sound_that_is_no_numbers_is_refused_before_it_is_sent() -> None:
    carrier = Carrier(says({"text": "yes"}))
    with pytest.raises(ModelError, match="not numbers"):
        hear(carrier, Audio(np.full(1280, np.nan, np.float32)))
    assert carrier.asked == []


def test_it_is_closed_once_and_then_refuses() -> None:
    async def main() -> None:
        ear = Transcriptions(HERE, transport=Carrier(says({"text": "yes"})))
        assert ear.alive
        assert await ear.call("told", np.zeros(100, np.float32), ()) == ""
        for wrong in (ear.call("sing"),):
            with pytest.raises(BugError):
                await wrong
        with pytest.raises(BugError):
            ear.stream("generate")
        await ear.close()
        await ear.close()
        assert not ear.alive
        with pytest.raises(HocketError):
            await ear.call("facts")

    simulate(main)


def test_an_answer_without_end_is_left_and_not_kept() -> None:
    sent = 0

    async def flood(request: httpx.Request) -> httpx.Response:
        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1
                yield b" " * (1 << 16)

        return httpx.Response(200, content=chunks())

    with pytest.raises(ModelError, match="more than 2097152 bytes"):
        hear(Carrier(flood))
    assert sent == 33


def test_whoever_waits_when_it_is_closed_is_told_so() -> None:
    async def main() -> None:
        ear = Transcriptions(HERE, transport=Carrier(says("busy", 503)), environ={}, chance=lambda: 0.5)
        asks = [ear.call("transcribe", sound()) for _ in range(2)]
        waiting = asyncio.gather(*asks, return_exceptions=True)
        await asyncio.sleep(0.1)
        await ear.close()
        assert [type(failed) for failed in await waiting] == [ClosedError] * 2

    simulate(main)


def test_a_key_that_the_server_says_again_is_in_no_message() -> None:
    with pytest.raises(ModelError) as refused:
        hear(
            Carrier(says("for Bearer sk-secret-1", 400)), server=AWAY, environ={"EXAMPLE_KEY": "sk-secret-1"}
        )
    assert "secret" not in str(refused.value)


async def gone(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says("no such page", 404), ""),
        (says({"data": []}), ""),
        (says({"error": "bad key"}, 401), "refused the key (401); name the variable that holds one"),
        (gone, "does not answer (refused); is it running?"),
    ],
)
def test_an_ear_is_met_before_anybody_speaks_to_it(answer: Answer, said: str) -> None:
    asked: list[httpx.Request] = []

    async def carried(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return await answer(request)

    async def main() -> str:
        ear = Transcriptions(HERE, transport=httpx.MockTransport(carried))
        try:
            await ear.prepare()
        except ModelError as error:
            return str(error)
        finally:
            await ear.close()
        return ""

    told = simulate(main)
    assert told.endswith(said) and bool(told) is bool(said)
    assert [(r.method, r.url.path, r.content) for r in asked] == [("GET", "/v1/models", b"")]
