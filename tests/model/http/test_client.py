"""One request: what is sent, to whom, and what becomes of odd answers."""

from __future__ import annotations

import logging

import httpx
import pytest
from http_scene import (
    HANG,
    Answer,
    Asked,
    Network,
    delta,
    lived,
    made,
    on,
    pieces,
    prompt,
    says,
    spoken,
    text,
)

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.server import Server
from pipeline.channel import ClosedError
from pipeline.clock import now
from pipeline.errors import ModelError
from pipeline.ports import Limits

SECRET = "sk-very-secret-1234"


def keyed(network: Network, *urls: str) -> HttpBrain:
    server = Server("openai", urls or ("https://api.example/v1",), "tiny", "EXAMPLE_KEY", hosted=True)
    return HttpBrain(server, HttpConfig(), transport=network, environ={"EXAMPLE_KEY": SECRET})


def test_the_key_goes_to_its_own_hosts_and_into_no_log_or_message(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        network = Network(**{"api.example": says("Hello.")})
        brain = keyed(network)
        assert text(await pieces(brain, prompt())) == "Hello."
        assert network.asked[-1].headers["authorization"] == f"Bearer {SECRET}"
        network.hosts["api.example"] = lambda asked: Answer(status=401, json={"error": "bad key"})
        with pytest.raises(ModelError, match=r"refuses the key in EXAMPLE_KEY \(401\)") as refused:
            await pieces(brain, prompt())
        assert SECRET not in str(refused.value) + repr(brain.__dict__) + repr(vars(brain._line.client))

    with caplog.at_level(logging.DEBUG):
        lived(story)
    assert SECRET not in caplog.text


def test_a_key_that_is_wanted_and_not_there_is_named() -> None:
    async def story() -> None:
        network = Network(**{"127.0.0.1": lambda asked: Answer(status=401, json={"error": "Unauthorized"})})
        server = Server("vllm", ("http://127.0.0.1:8000/v1",), "tiny")
        for settings, match in (
            ({"key_env": "A_KEY"}, "put it into A_KEY"),
            ({}, r"its variable \(key_env\)"),
        ):
            brain = HttpBrain(server, HttpConfig(**settings), transport=network, environ={})
            with pytest.raises(ModelError, match=match):
                await brain.call("facts")

    lived(story)


def test_a_redirect_is_never_followed() -> None:
    async def story() -> None:
        network = Network(**{
            "api.example": lambda asked: Answer(status=307, json={}, headers={"Location": "https://evil.example/v1"}),
            "evil.example": says("Give me your key."),
        })  # fmt: skip
        with pytest.raises(ModelError, match=r"sends requests on to evil\.example"):
            await pieces(keyed(network), prompt())
        assert {each.host for each in network.asked} == {"api.example"}

    lived(story)


def test_a_web_page_is_no_answer() -> None:
    async def story() -> None:
        page = Answer([b"<html>"], headers={"Content-Type": "text/html"})
        with pytest.raises(ModelError, match="web page; is this its base URL"):
            await pieces(made(Network(a=lambda asked: page)), prompt())

    lived(story)


def test_an_event_that_is_no_json_or_too_long_breaks_the_protocol() -> None:
    async def story() -> None:
        for steps in ([b"data: {nope}\n\n"], [b"data: " + b"x" * (1 << 20) + b"yz\n\n"], [b"data: [1]\n\n"]):
            with pytest.raises(ModelError, match=r"breaks the protocol|no object"):
                await pieces(
                    made(Network(a=on(lambda asked, steps=steps: Answer(steps))), retries=0), prompt()
                )

    lived(story)


def test_comments_keep_a_connection_alive_but_are_no_tokens() -> None:
    async def story() -> None:
        steps = [0.5, b": ping\n\n", 0.5, b": ping\r\n\r\n", *spoken("Yes.")]
        assert text(await pieces(made(Network(a=on(lambda asked: Answer(steps)))), prompt())) == "Yes."
        pings = [step for _ in range(20) for step in (0.5, b": ping\n\n")]
        with pytest.raises(ModelError, match="no token in time"):
            await pieces(made(Network(a=on(lambda asked: Answer(pings)))), prompt())

    lived(story)


def test_between_tokens_it_waits_a_stated_time() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([delta("One"), HANG])))
        with pytest.raises(ModelError, match="no token in time"):
            await pieces(made(network, between_tokens=4.0), prompt())
        assert now() == pytest.approx(4.0)

    lived(story)


def test_nothing_answers_there_is_said_with_the_address() -> None:
    async def story() -> None:
        with pytest.raises(ModelError, match=r"nowhere does not answer .* is it running\?"):
            await pieces(made(Network(), "nowhere"), prompt())

    lived(story)


def test_closing_fails_whoever_waits_and_whoever_comes() -> None:
    async def story() -> None:
        import asyncio

        network = Network(a=on(lambda asked: Answer([HANG])))
        brain = made(network)
        task = asyncio.get_running_loop().create_task(pieces(brain, prompt()))
        await asyncio.sleep(1.0)
        await brain.close()
        with pytest.raises(ClosedError):
            await task
        assert now() == pytest.approx(1.0)
        assert not brain.alive
        with pytest.raises(ClosedError):
            await brain.call("facts")
        await brain.close()

    lived(story)


def test_the_body_is_what_the_dialect_asked_for_and_says_that_it_is_json() -> None:
    async def story() -> Asked:
        network = Network(a=says("Ja."))
        await pieces(made(network, extra={"top_k": 1, "temperature": None}), prompt("Größe?"))
        return network.to("completions")[0]

    asked = lived(story)
    assert asked.body["messages"] == [{"role": "user", "content": "Größe?"}]
    assert asked.body["top_k"] == 1
    assert "temperature" not in asked.body
    assert asked.headers["content-type"] == "application/json"
    assert "authorization" not in asked.headers


def test_proxies_of_the_environment_are_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    brain = HttpBrain(Server("openai", ("http://127.0.0.1:9/v1",), "tiny"))
    mounted = [type(each) for each in brain._line.client._http._mounts.values() if each is not None]
    assert not mounted
    assert isinstance(brain._line.client._http._transport, httpx.AsyncHTTPTransport)


def test_whoever_takes_the_tokens_may_take_their_time() -> None:
    async def story() -> str:
        import asyncio

        network = Network(a=on(lambda asked: Answer([delta("One,"), 0.1, delta(" two."), 0.1, *spoken()])))
        said = ""
        async for piece in made(network, between_tokens=4.0).stream("generate", prompt(), Limits()):
            said += piece.text
            await asyncio.sleep(6.0)
        return said

    assert lived(story) == "One, two."
