"""A server as a function from request to answer, carried in memory or over a real loopback socket.

In memory it runs under virtual time: no socket, no thread, and closing the client's response closes the
server's generator, as a lost connection would.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: all at once, or as it comes."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    stream: AsyncGenerator[bytes, None] | None = None


Handler: TypeAlias = Callable[[Asked], Awaitable[Answer]]


def told(value: Any, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status, json.dumps(value).encode())


NOT_FOUND = told({"detail": "Not Found"}, 404)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        await self._chunks.aclose()


class InMemory(httpx.AsyncBaseTransport):
    """Servers by ``host:port``; nobody listens anywhere else."""

    def __init__(self, servers: Mapping[str, Handler]) -> None:
        self.servers = dict(servers)
        self.asked: list[tuple[str, Asked]] = []
        "Every request that reached a server or would have."

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = f"{request.url.host}:{request.url.port or 80}"
        asked = Asked(request.method, request.url.path, await request.aread())
        self.asked.append((place, asked))
        server = self.servers.get(place)
        if server is None:
            raise httpx.ConnectError("connection refused", request=request)
        answer = await server(asked)
        stream = _Stream(answer.stream) if answer.stream else httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers={"content-type": answer.kind}, stream=stream)


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """The server on a free port of the loopback; gives its root URL. Needs aiohttp (extra ``web``)."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.StreamResponse:
        said = await handler(Asked(request.method, request.path, await request.read()))
        if said.stream is None:
            return web.Response(status=said.status, body=said.body, content_type=said.kind)
        response = web.StreamResponse(status=said.status, headers={"content-type": said.kind})
        try:
            await response.prepare(request)
            async for chunk in said.stream:
                await response.write(chunk)
            await response.write_eof()
        finally:
            await said.stream.aclose()
        return response

    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def place(url: str) -> str:
    """A URL's ``host:port``, as ``InMemory`` has it."""
    return urlsplit(url).netloc
