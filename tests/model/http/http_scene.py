"""Servers in memory: what each address answers, step by step, on the loop's clock, with no socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.server import Server
from pipeline.clock import now, simulate
from pipeline.ports import Limits, Piece
from pipeline.prompt import Heard, Human, Prompt, Reply, System, Text

CUT = "cut"
"""The connection breaks."""
HANG = "hang"
"""Nothing comes any more."""
DONE = b"data: [DONE]\n\n"

Step = float | str | bytes | dict[str, Any]
"""Seconds to wait, CUT, HANG, raw bytes, or an event."""


@dataclass
class Answer:
    """One response: a status, and either JSON or a stream of steps."""

    steps: Sequence[Step] = ()
    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    framing: str = "sse"


@dataclass
class Asked:
    """One request that came."""

    host: str
    path: str
    body: dict[str, Any]
    headers: httpx.Headers
    at: float
    closed: float | None = None
    "When the client let go of it."
    whole: bool = False
    "It was answered to the end."


Handler = Callable[[Asked], Answer | Awaitable[Answer]]


class Network(httpx.AsyncBaseTransport):
    """Carries requests to handlers by host name."""

    def __init__(self, **hosts: Handler) -> None:
        self.hosts = hosts
        self.asked: list[Asked] = []
        self.open = 0

    def to(self, path: str) -> list[Asked]:
        """Requests to this path."""
        return [each for each in self.asked if each.path.endswith(path)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        body = json.loads(await request.aread() or b"{}")
        asked = Asked(host, request.url.path, body, request.headers, now())
        self.asked.append(asked)
        if host not in self.hosts:
            raise httpx.ConnectError("connection refused", request=request)
        answer = self.hosts[host](asked)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer.json is not None or answer.status != 200:
            asked.whole = True
            return httpx.Response(answer.status, json=answer.json, headers=answer.headers, request=request)
        return httpx.Response(
            200, stream=_Stream(self, answer, asked), headers=answer.headers, request=request
        )


class _Stream(httpx.AsyncByteStream):
    def __init__(self, network: Network, answer: Answer, asked: Asked) -> None:
        self._network, self._answer, self._asked = network, answer, asked
        network.open += 1

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._answer.steps:
            if isinstance(step, float | int):
                await asyncio.sleep(step)
            elif step == CUT:
                raise httpx.ReadError("connection reset by peer")
            elif step == HANG:
                await asyncio.sleep(10_000.0)
            elif isinstance(step, bytes):
                yield step
            elif self._answer.framing == "sse":
                yield b"data: " + json.dumps(step).encode() + b"\n\n"
            else:
                yield json.dumps(step).encode() + b"\n"
        self._asked.whole = True

    async def aclose(self) -> None:
        if self._asked.closed is None:
            self._asked.closed = now()
            self._network.open -= 1


# --- OpenAI's chunks ---------------------------------------------------------------------------------------


def delta(
    text: str = "", *, thought: str = "", field: str = "reasoning_content", **more: Any
) -> dict[str, Any]:
    """One chat chunk."""
    told: dict[str, Any] = dict(more)
    if text:
        told["content"] = text
    if thought:
        told[field] = thought
    return {"choices": [{"index": 0, "delta": told, "finish_reason": None}]}


def finish(why: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": why}]}


def usage(read: int, written: int, cached: int = 0) -> dict[str, Any]:
    return {
        "choices": [],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def spoken(*texts: str, wait: float = 0.02, why: str = "stop") -> list[Step]:
    """A whole answer, a text per event."""
    steps: list[Step] = []
    for text in texts:
        steps += [wait, delta(text)]
    return [*steps, finish(why), DONE]


def words(text: str) -> list[str]:
    """A text cut before its spaces."""
    head, *rest = text.split(" ")
    return [head, *(f" {each}" for each in rest)]


def says(*texts: str, wait: float = 0.02) -> Handler:
    """A server with one model that always says this."""

    def handle(asked: Asked) -> Answer:
        if asked.path.endswith("/models"):
            return Answer(json={"object": "list", "data": [{"id": "tiny"}]})
        return Answer(spoken(*texts, wait=wait))

    return handle


def on(chat: Handler, *, models: Iterable[str] = ("tiny",)) -> Handler:
    """A server with these models whose chat is this."""

    def handle(asked: Asked) -> Answer | Awaitable[Answer]:
        if asked.path.endswith("/models"):
            return Answer(json={"data": [{"id": name} for name in models]})
        return chat(asked)

    return handle


# --- prompts and brains ----------------------------------------------------------------------------------


def prompt(text: str = "Hello?", reply: Reply | None = None, system: str = "") -> Prompt:
    before = (System(system),) if system else ()
    return Prompt((*before, Human((Text(text),)), reply or Reply(None, thinking=False)))


def history() -> Prompt:
    return Prompt(
        (System("Be kind."), Human((Text("Hello?"),)), Heard("Hello you."), Human((Text("And now?"),)))
    )


def made(network: Network, *hosts: str, dialect: str = "vllm", **settings: Any) -> HttpBrain:
    """A brain at these hosts, not probed unless the settings say so, that continues and does not think."""
    settings.setdefault("probe", False)
    settings.setdefault("told", {"continues": True, "thinks": False})
    urls = tuple(f"http://{host}/v1" for host in hosts or tuple(network.hosts))
    server = Server(dialect, urls, "tiny")
    return HttpBrain(server, HttpConfig(**settings), transport=network, environ={}, chance=lambda: 0.5)


async def pieces(
    brain: HttpBrain, asked: Prompt, limits: Limits | None = None, session: str = ""
) -> list[Piece]:
    return [piece async for piece in brain.stream("generate", asked, limits or Limits(), session)]


def text(found: list[Piece]) -> str:
    return "".join(piece.text for piece in found)


def lived(story: Callable[[], Awaitable[Any]]) -> Any:
    """Live through a story in virtual time."""
    return simulate(story)
