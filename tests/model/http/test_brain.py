"""A brain behind a server, as the session uses one: facts, reading ahead, limits."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from http_scene import (
    HANG,
    Answer,
    Asked,
    Network,
    history,
    lived,
    made,
    on,
    pieces,
    prompt,
    says,
    spoken,
    text,
    usage,
)

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.server import Server
from pipeline.channel import FullError
from pipeline.clock import now
from pipeline.compute import LIMIT
from pipeline.errors import ConfigError, ModelError
from pipeline.ports import CAPTURE_RATE, BrainFacts
from pipeline.prompt import Audio, Human, Prompt, Reply

CACHES = {"continues": True, "thinks": False, "caches": True, "hears": True}


def spawn(coro: object) -> asyncio.Task[object]:
    return asyncio.get_running_loop().create_task(coro)  # type: ignore[arg-type]


def sound(seconds: float) -> Audio:
    return Audio((0.1 * np.sin(np.arange(round(seconds * CAPTURE_RATE)) / 9)).astype(np.float32))


def counted(asked: Asked) -> Answer:
    return Answer([*spoken("Yes.")[:-1], usage(100, 1, 60), b"data: [DONE]\n\n"])


def test_an_unknown_method_is_an_error_that_names_the_known_ones() -> None:
    async def story() -> None:
        brain = made(Network(a=says("Yes.")))
        with pytest.raises(ModelError, match="cannot 'judge'; it has facts and prefill"):
            await brain.call("judge", prompt(), 0)
        with pytest.raises(ModelError, match="it has generate"):
            await anext(brain.stream("transcribe"))  # type: ignore[arg-type]

    lived(story)


def test_a_prompt_without_an_open_reply_is_an_error() -> None:
    async def story() -> None:
        with pytest.raises(ModelError, match="ends with an open reply"):
            await pieces(made(Network(a=says("Yes."))), history())

    lived(story)


def test_one_request_too_many_is_refused() -> None:
    async def story() -> None:
        brain = made(Network(a=on(lambda asked: Answer([HANG]))))
        await brain.call("facts")
        tasks = [spawn(pieces(brain, prompt())) for _ in range(LIMIT)]
        await asyncio.sleep(0.1)
        with pytest.raises(FullError):
            await pieces(brain, prompt())
        await brain.close()
        await asyncio.gather(*tasks, return_exceptions=True)

    lived(story)


def test_a_key_that_is_not_there_is_said_before_anything_is_asked() -> None:
    server = Server("openai", ("https://api.example/v1",), "tiny", "EXAMPLE_KEY", hosted=True)
    with pytest.raises(ConfigError, match="environment variable EXAMPLE_KEY"):
        HttpBrain(server, environ={})


def test_a_paid_brain_is_not_probed_and_not_asked_ahead_unless_told() -> None:
    async def story() -> BrainFacts:
        network = Network(**{"api.example": on(counted)})
        server = Server("openai", ("https://api.example/v1",), "gpt-x", hosted=True, preset="example")
        config = HttpConfig(told={"caches": True}, written_price=8.0, read_price=2.0, cached_price=1.0)
        brain = HttpBrain(server, config, transport=network, environ={})
        facts: BrainFacts = await brain.call("facts")
        assert await brain.call("prefill", history()) == 0
        assert network.asked == []
        await pieces(brain, prompt())
        assert brain.spent().money == pytest.approx((40 * 2.0 + 60 * 1.0 + 1 * 8.0) / 1e6)
        return facts

    facts = lived(story)
    assert (facts.paid, facts.price, facts.name) == (True, 8.0, "gpt-x at example")


@pytest.mark.parametrize(
    ("url", "settings", "paid"),
    [
        ("https://llm.example/v1", {"key_env": "A_KEY"}, True),
        ("https://llm.example/v1", {"key_env": "A_KEY", "hosted": False, "probe": False}, False),
        ("http://192.168.1.5:8000/v1", {"key_env": "A_KEY", "probe": False}, False),
        ("http://192.168.1.5:8000/v1", {"probe": False}, False),
    ],
)
def test_an_address_that_wants_a_key_over_https_is_a_service(url: str, settings: dict, paid: bool) -> None:
    async def story() -> None:
        network = Network(**{"llm.example": on(counted), "192.168.1.5": on(counted)})
        server = Server("openai", (url,), "tiny")
        brain = HttpBrain(server, HttpConfig(**settings), transport=network, environ={"A_KEY": "sk-1"})
        assert (await brain.call("facts")).paid is paid
        await pieces(brain, prompt())
        assert ("authorization" in network.asked[-1].headers) is ("key_env" in settings)
        assert len(network.to("completions")) == 1, "nothing was asked to probe it"

    lived(story)


@pytest.mark.parametrize(
    ("model", "hears"), [("gpt-audio", "audio"), ("qwen3-omni", "audio"), ("gpt-5", "text")]
)
def test_a_service_that_is_not_asked_hears_if_its_models_name_says_so(model: str, hears: str) -> None:
    async def story() -> str:
        server = Server("openai", ("https://a/v1",), model, hosted=True)
        facts: BrainFacts = await HttpBrain(server, transport=Network(), environ={}).call("facts")
        return facts.hears

    assert lived(story) == hears


@pytest.mark.parametrize("limit", [{"most_money": 1e-4, "written_price": 100.0}, {"most_tokens": 100}])
def test_a_total_that_is_used_up_is_refused_before_it_is_asked(limit: dict[str, float]) -> None:
    async def story() -> None:
        network = Network(a=on(counted))
        brain = made(network, **limit)
        await pieces(brain, prompt())
        with pytest.raises(ModelError, match="raise most_"):
            await pieces(brain, prompt())
        assert len(network.to("completions")) == 1

    lived(story)


def test_reading_ahead_asks_for_one_token_of_closed_segments_and_only_when_there_are_new_ones() -> None:
    async def story() -> None:
        network = Network(a=on(counted))
        brain = made(network, told=CACHES, segment=2.0)
        await brain.call("facts")
        read = []
        for length in (1.0, 1.9, 2.4, 3.0, 4.4):
            read.append(await brain.call("prefill", Prompt((Human((sound(length),)),))))
            await asyncio.sleep(0.4)
        assert read == [40, 0, 40, 0, 40]
        bodies = [asked.body for asked in network.to("completions")]
        assert [body["max_tokens"] for body in bodies] == [1, 1, 1]
        heard = [body["messages"][0]["content"] for body in bodies]
        assert [len(content) for content in heard] == [0, 1, 2]
        assert heard[2][0] == heard[1][0], "a closed segment is the same bytes in every request"
        await pieces(brain, Prompt((Human((sound(4.4),)), Reply(None, thinking=False))))
        last = network.to("completions")[-1].body["messages"][0]["content"]
        assert last[:2] == heard[2]
        assert len(last) == 3

    lived(story)


def test_reading_ahead_gives_way_to_an_answer() -> None:
    async def story() -> None:
        def slow(asked: Asked) -> Answer:
            return Answer([3.0, *spoken("x")]) if asked.body["max_tokens"] == 1 else Answer(spoken("Yes."))

        network = Network(a=on(slow))
        brain = made(network, told=CACHES)
        await brain.call("facts")
        reading = spawn(brain.call("prefill", history()))
        await asyncio.sleep(0.5)
        assert text(await pieces(brain, prompt())) == "Yes."
        assert now() == pytest.approx(0.52)
        assert await reading == 0
        assert network.to("completions")[0].closed == pytest.approx(0.5)
        busy = spawn(pieces(brain, prompt()))
        await asyncio.sleep(0.31)
        busy = spawn(pieces(brain, prompt()))
        await asyncio.sleep(0.01)
        assert await brain.call("prefill", history()) == 0
        await busy
        assert [each.body["max_tokens"] for each in network.to("completions")].count(1) == 1

    lived(story)


def test_what_goes_wrong_while_reading_ahead_is_nobodys_concern() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer(status=400, json={"error": "no"})))
        brain = made(network, told=CACHES)
        assert await brain.call("prefill", history()) == 0

    lived(story)


def test_the_model_is_the_one_that_the_server_has_unless_one_is_named() -> None:
    async def story() -> None:
        network = Network(a=on(counted, models=("qwen3:8b", "llama")))
        server = Server("vllm", ("http://a/v1",))
        first = HttpBrain(server, HttpConfig(probe=False), transport=network, environ={})
        assert (await first.call("facts")).name == "qwen3:8b at a"
        known = HttpBrain(
            Server("vllm", ("http://a/v1",), "qwen3"), HttpConfig(probe=False), transport=network
        )
        assert (await known.call("facts")).name == "qwen3:8b at a"
        wrong = HttpBrain(Server("vllm", ("http://a/v1",), "gpt"), HttpConfig(probe=False), transport=network)
        with pytest.raises(ModelError, match="no model 'gpt'; it has qwen3:8b, llama"):
            await wrong.call("facts")
        empty = HttpBrain(server, HttpConfig(probe=False), transport=Network(a=on(counted, models=())))
        with pytest.raises(ModelError, match="offers no model"):
            await empty.call("facts")
        there = Server("openai", ("https://a/v1",), hosted=True, preset="example")
        with pytest.raises(ModelError, match="name the model that example shall run; it has qwen3:8b"):
            await HttpBrain(there, transport=network, environ={}).call("facts")
        nobody = HttpBrain(server, HttpConfig(probe=False), transport=Network())
        with pytest.raises(ModelError, match="is it running"):
            await nobody.call("facts")

    lived(story)
