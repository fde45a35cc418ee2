"""Finds brains that already run on this machine: a look at the usual ports, loopback alone, within 0.3 s.

It goes through no proxy, follows no redirect, sends no key and nothing of the user's: only GETs of what a
server tells anybody. What a server is, is read off its own answers; a port alone says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .dialect import nameable
from .events import parsed
from .server import Server

PORTS = (11434, 8080, 8000, 30000, 1234)
"""Where Ollama, llama.cpp, vLLM and transformers, SGLang, and LM Studio stand unless told otherwise."""

LARGEST = 1 << 20
"""Bytes of an answer; whatever tells more is no list of models."""

_PATHS = ("/props", "/api/tags", "/v1/models", "/api/v0/models", "/load_model")


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered."""

    server: Server
    "With its first model, where it tells any."
    models: tuple[str, ...]
    "What it runs on this machine; empty: it runs, and has none."


async def find(
    within: float = 0.3, *, ports: Sequence[int] = PORTS, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[Found, ...]:
    """The servers that tell what they are within so many seconds of the loop's clock, in the order of ports.

    ``transport``: instead of sockets, for tests. Raises nothing: what does not answer is not there.
    """
    found: dict[int, Found] = {}

    async def ask(client: httpx.AsyncClient, port: int) -> None:
        seen = await look(client, f"http://127.0.0.1:{port}", within * 0.8)
        if seen is not None:
            found[port] = seen

    try:
        # verify: there is no TLS here, and reading the certificate store would take a fifth of the time
        async with (
            asyncio.timeout(within),
            httpx.AsyncClient(transport=transport, trust_env=False, verify=False, timeout=within) as client,
            asyncio.TaskGroup() as group,
        ):
            for port in ports:
                group.create_task(ask(client, port))
    except TimeoutError:
        pass  # who has not answered by now would be slow to talk to as well
    return tuple(found[port] for port in ports if port in found)


async def look(client: httpx.AsyncClient, root: str, within: float) -> Found | None:
    """What stands at this address (scheme, host and port); None: nothing that can be talked to.

    The questions go out together. ``/props`` is llama.cpp's (asked about first: it has had Ollama's list of
    models too), ``/api/tags`` Ollama's, ``/api/v0/models`` LM Studio's, a ``/load_model`` that wants a POST
    that of ``transformers serve``. vLLM and SGLang say so in ``owned_by``. Any other server with a list of
    models is taken for a plain one of OpenAI's kind.
    """
    answers = await asyncio.gather(*(_get(client, root + path, within) for path in _PATHS))
    props, tags, plain, studio, load = answers
    if plain.ok and {"total_slots", "default_generation_settings"} & _object(props).keys():
        return _found("llama.cpp", root, _names(plain, "data"))
    if isinstance(_object(tags).get("models"), list):
        return _found("ollama", root, _names(tags, "models"))
    serves = load.status == 405  # its list of models fails where nothing was ever downloaded
    if not isinstance(_object(plain).get("data"), list) and not (serves and plain.status == 500):
        return None
    owners = {str(entry.get("owned_by")) for entry in _entries(plain, "data")}
    names, dialect = _names(plain, "data"), "openai"
    if owners & {"vllm", "sglang"}:
        dialect = "vllm" if "vllm" in owners else "sglang"
    elif any("state" in entry and "publisher" in entry for entry in _entries(studio, "data")):
        names, dialect = _names(studio, "data"), "lmstudio"
    elif serves:
        dialect = "transformers"
    return _found(dialect, f"{root}/v1", names)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int = 0
    value: Any = None

    @property
    def ok(self) -> bool:
        return self.status == 200


async def _get(client: httpx.AsyncClient, url: str, within: float) -> _Answer:
    """The answer to a GET: its status, and its JSON where it is good; nothing where there is none in time."""
    body = bytearray()
    try:
        async with asyncio.timeout(within), client.stream("GET", url, follow_redirects=False) as response:
            if response.status_code != 200:
                return _Answer(response.status_code)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    return _Answer()
        return _Answer(200, parsed(bytes(body)))
    except (httpx.HTTPError, httpx.StreamError, TimeoutError, ValueError):
        return _Answer()


def _object(answer: _Answer) -> dict[str, Any]:
    return answer.value if isinstance(answer.value, dict) else {}


def _entries(answer: _Answer, key: str) -> list[dict[str, Any]]:
    listed = _object(answer).get(key)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _names(answer: _Answer, key: str) -> tuple[str, ...]:
    """The models that can hold a conversation here: neither those that Ollama runs elsewhere nor embeddings;
    loaded ones first, where that is told."""
    usable = [
        entry
        for entry in _entries(answer, key)
        if not entry.get("remote_host")
        and entry.get("type") != "embeddings"
        and _converses(entry.get("capabilities"))
    ]
    usable.sort(key=lambda entry: entry.get("state") == "not-loaded")
    names = [entry.get("id") or entry.get("name") for entry in usable]
    return tuple(name for name in names if isinstance(name, str) and nameable(name))


def _converses(told: Any) -> bool:
    return "completion" in told if isinstance(told, list) and told else True


def _found(dialect: str, url: str, models: tuple[str, ...]) -> Found:
    return Found(Server(dialect, (url,), models[0] if models else "", preset=dialect), models)
