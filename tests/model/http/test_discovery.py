"""Brains that already run on this machine. All in memory and in virtual time but one look at real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from servers.desk import Desk
from servers.like_llamacpp import LikeLlamaCpp
from servers.like_ollama import LikeOllama
from servers.like_vllm import LikeVllm
from servers.wire import NOT_FOUND, Answer, Asked, Handler, InMemory, listening, told

from model.http.discovery import PORTS, Found, find
from model.scripted import Answer as Said
from model.scripted import ByText, ScriptedEngine
from pipeline import clock
from pipeline.compute import InlineCompute


def _desk(model: str) -> Desk:
    return Desk(InlineCompute(ScriptedEngine(ByText({}, Said("Hello.")))), model)


def _looked(servers: dict[int, Handler]) -> tuple[tuple[Found, ...], float, InMemory]:
    """What is found where these stand, and in how many virtual seconds."""
    wire = InMemory({f"127.0.0.1:{port}": server for port, server in servers.items()})

    async def main() -> tuple[tuple[Found, ...], float]:
        begun = clock.now()
        return await find(transport=wire), clock.now() - begun

    found, took = clock.simulate(main)
    return found, took, wire


def test_each_is_known_by_what_it_says_wherever_it_stands() -> None:
    everywhere = [
        LikeOllama(_desk("qwen3:0.6b")),
        LikeLlamaCpp(_desk("q.gguf")),
        LikeVllm(_desk("Qwen/Qwen3")),
    ]
    for shift in range(3):
        servers = {port: everywhere[(at + shift) % 3] for at, port in enumerate(PORTS[:3])}
        found, _, _ = _looked(servers)
        kinds = {
            type(server): kind
            for server, kind in zip(everywhere, ("ollama", "llama.cpp", "vllm"), strict=True)
        }
        assert [each.server.dialect for each in found] == [kinds[type(servers[port])] for port in PORTS[:3]]


def test_what_is_found_can_be_asked_as_it_is() -> None:
    (ollama, vllm), _, _ = _looked({11434: LikeOllama(_desk("a:1b")), 8000: LikeVllm(_desk("org/b"))})
    assert (ollama.server.urls, ollama.server.model) == (("http://127.0.0.1:11434",), "a:1b")
    assert (vllm.server.urls, vllm.server.model) == (("http://127.0.0.1:8000/v1",), "org/b")
    assert not ollama.server.hosted
    assert not ollama.server.key_env


def test_a_model_that_runs_elsewhere_is_not_offered() -> None:
    (found,), _, _ = _looked({11434: LikeOllama(_desk("here:1b"), elsewhere="large:120b-cloud")})
    assert found.models == ("here:1b",)


async def _never(_asked: Asked) -> Answer:
    await asyncio.sleep(1e9)
    raise AssertionError


def test_a_server_that_never_answers_costs_three_tenths_of_a_second_and_hides_nobody() -> None:
    found, took, _ = _looked({11434: LikeOllama(_desk("a")), 8080: _never, 30000: LikeVllm(_desk("b"))})
    assert [each.server.dialect for each in found] == ["ollama", "vllm"]
    assert took <= 0.3


def test_a_path_that_never_answers_hides_no_server() -> None:
    ollama = LikeOllama(_desk("a"))

    async def slow(asked: Asked) -> Answer:
        return await (_never(asked) if asked.path == "/load_model" else ollama(asked))

    found, took, _ = _looked({11434: slow})
    assert [each.server.dialect for each in found] == ["ollama"]
    assert took <= 0.3


def test_where_nobody_listens_nothing_is_found_at_once() -> None:
    found, took, _ = _looked({})
    assert (found, took) == ((), 0.0)


def _only(answers: dict[str, Any], *, otherwise: Answer = NOT_FOUND) -> Handler:
    async def server(asked: Asked) -> Answer:
        if asked.path not in answers:
            return otherwise
        answer = answers[asked.path]
        return answer if isinstance(answer, Answer) else told(answer)

    return server


LISTED = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "somebody"}]}


@pytest.mark.parametrize(
    ("answers", "dialect"),
    [
        ({"/v1/models": LISTED}, "openai"),
        ({"/v1/models": {"data": [{"id": "m", "owned_by": "sglang"}]}}, "sglang"),
        ({"/v1/models": LISTED, "/load_model": Answer(405)}, "transformers"),
        (
            {
                "/v1/models": LISTED,
                "/api/v0/models": {"data": [{"id": "m", "publisher": "p", "state": "loaded", "type": "llm"}]},
            },
            "lmstudio",
        ),
    ],
)
def test_servers_of_openai_s_kind_are_told_apart(answers: dict[str, Any], dialect: str) -> None:
    (found,), _, _ = _looked({8000: _only(answers)})
    assert (found.server.dialect, found.server.model) == (dialect, "m")


def test_transformers_serve_without_any_model_downloaded_is_found_all_the_same() -> None:
    server = _only({"/v1/models": Answer(500), "/load_model": Answer(405)})
    (found,), _, _ = _looked({8000: server})
    assert (found.server.dialect, found.models) == ("transformers", ())


def test_lm_studio_s_unknown_paths_answer_200_with_an_error() -> None:
    error = told({"error": "Unexpected endpoint or method. (GET /api/tags)"})
    entries = [
        {"id": "far", "publisher": "p", "state": "not-loaded", "type": "llm"},
        {"id": "embeds", "publisher": "p", "state": "loaded", "type": "embeddings"},
        {"id": "near", "publisher": "p", "state": "loaded", "type": "llm"},
    ]
    server = _only({"/v1/models": LISTED, "/api/v0/models": {"data": entries}}, otherwise=error)
    (found,), _, _ = _looked({1234: server})
    assert (found.server.dialect, found.models) == ("lmstudio", ("near", "far"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>It works!</html>", kind="text/html"),
        Answer(body=b"[1, 2"),
        Answer(302),
        Answer(500),
        told([1, 2, 3]),
        told({"data": "none"}),
        Answer(body=b'{"data": [' + b" " * (1 << 20) + b"]}"),
        Answer(body=b"[" * 100_000),
    ],
)
def test_what_is_no_brain_is_passed_over(answer: Answer) -> None:
    found, _, _ = _looked({8080: _only({}, otherwise=answer)})
    assert found == ()


def test_a_redirect_is_not_followed() -> None:
    async def away(_asked: Asked) -> Answer:
        return Answer(302)

    found, _, wire = _looked({8000: away})
    assert found == ()
    assert {place for place, _ in wire.asked} == {f"127.0.0.1:{port}" for port in PORTS}


def test_only_loopback_is_asked_and_nothing_is_sent() -> None:
    _, _, wire = _looked({11434: LikeOllama(_desk("a"))})
    assert {place.partition(":")[0] for place, _ in wire.asked} == {"127.0.0.1"}
    assert {(asked.method, asked.body) for _, asked in wire.asked} == {("GET", b"")}


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """On real sockets: what goes through a proxy would not reach the server."""
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def main() -> tuple[Found, ...]:
        async with listening(LikeOllama(_desk("real:1b"))) as url:
            port = httpx.URL(url).port or 0
            return await find(5.0, ports=(port,))  # a busy machine may need longer than 0.3 s

    (found,) = clock.run(main)
    assert found.server.model == "real:1b"


def test_models_of_odd_forms_hide_no_server_and_names_that_cannot_be_shown_are_left_out() -> None:
    odd: list[Any] = [
        {"id": "m", "owned_by": ["x"], "capabilities": 7, "state": {}},
        {"id": "\x1b[2J"},
        {"id": 5},
        {},
        "m",
    ]
    (found,), _, _ = _looked({8000: _only({"/v1/models": {"data": odd}})})
    assert (found.server.dialect, found.models) == ("openai", ("m",))
