"""The server in an aiohttp application. Translates requests, replies and sockets, and decides nothing."""

from __future__ import annotations

import asyncio
import socket as sockets
from asyncio import Transport
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from agent.wire.codec import LARGEST

from .message import Refused, Reply, Request, headers_of, too_long

if TYPE_CHECKING:
    from .server import Server

HEARTBEAT = 15.0
"""Seconds between pings; half of it without an answer, and the client is gone."""
_UNSENT = 64 * 1024
"""Bytes that the system may keep of what a client does not take, so that its backlog is seen by us."""
_GOODBYE = 1.5
"""Seconds for a client to take its goodbye and answer it."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def attach(server: Server, app: web.Application, prefix: str = "") -> None:
    """Add the routes below ``prefix``; the server starts and ends with the application."""
    app.add_routes(routes(server, prefix))

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with server:
            yield

    app.cleanup_ctx.append(life)


def routes(server: Server, prefix: str = "") -> list[web.RouteDef]:
    """All routes: one for sockets, one for everything else. ``prefix``: ``/voice``, or empty."""
    root = prefix.rstrip("/")
    if root and not root.startswith("/"):
        raise ValueError(f"a prefix begins with a slash, as in /voice; got {prefix!r}")
    call, other = _handlers(server, root)
    return [web.get(f"{root}/v1/realtime", call), web.route("*", f"{root}/{{rest:.*}}", other)]


def _handlers(server: Server, root: str) -> tuple[Handler, Handler]:
    async def other(request: web.Request) -> web.StreamResponse:
        return _response(await server.answer(_request(request, root)))

    async def call(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await other(request)
        found: list[AiohttpSocket] = []

        async def accept(protocol: str | None) -> AiohttpSocket:
            ws = web.WebSocketResponse(
                protocols=(protocol,) if protocol else (), compress=False, max_msg_size=LARGEST + 1024,
                heartbeat=HEARTBEAT, timeout=1.0,
            )  # fmt: skip
            line = request.transport
            try:
                await ws.prepare(request)
            except ConnectionError:
                line = None
            if line is None:
                raise Refused(400, "client_gone", "the client went before it was answered")
            _bound(line)
            found.append(AiohttpSocket(ws, line))
            return found[0]

        try:
            reply = await server.socket(_request(request, root), accept)
        finally:
            for each in found:
                each.let_go()
        if found:
            return found[0].ws
        assert reply is not None, "a socket is taken or refused"
        return _response(reply)

    return call, other


class AiohttpSocket:
    """One accepted WebSocket."""

    def __init__(self, ws: web.WebSocketResponse, line: Transport) -> None:
        self.ws, self._line = ws, line
        self._stuck = False
        "A message was given up half-way: no goodbye gets past it."

    async def receive(self) -> str | bytes | None:
        """One whole message; None at the end, also where aiohttp ended it for what came."""
        try:
            message = await self.ws.receive()
        except ConnectionError:  # of the pong to a ping whose sender is gone
            return None
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            data: str | bytes = message.data
            return data
        return None

    async def send(self, data: str | bytes) -> None:
        """Raises ConnectionError when the other side is gone."""
        try:
            if isinstance(data, str):
                await self.ws.send_str(data)
            else:
                await self.ws.send_bytes(data)
        except asyncio.CancelledError:
            self._stuck = True
            raise

    async def close(self, code: int, reason: str) -> None:
        """With a reason of at most 123 bytes, as the protocol has it; a full line is cut instead."""
        if not self._stuck:
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await self.ws.close(code=WSCloseCode(code), message=reason.encode()[:123], drain=False)
        self.let_go()

    def let_go(self) -> None:
        """Of the line, at the end: closed alone it would stay until its client took all that is unsent."""
        if self._stuck or self._line.get_write_buffer_size():
            self._line.abort()


def _bound(transport: Transport) -> None:
    line = transport.get_extra_info("socket")
    if line is not None and line.family in (sockets.AF_INET, sockets.AF_INET6):
        with suppress(OSError):
            line.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, _UNSENT)
            line.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)


def _request(request: web.Request, root: str) -> Request:
    async def read(most: int) -> bytes:
        if (request.content_length or 0) > most:
            raise too_long(most)
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > most:
                raise too_long(most)
        return bytes(body)

    return Request(
        request.method, request.path.removeprefix(root), dict(request.query),
        headers_of(request.headers.items()),
        request.remote or "", request.secure, root, read,
    )  # fmt: skip


def _response(reply: Reply) -> web.Response:
    headers = {"Content-Type": reply.type, **reply.headers}
    return web.Response(status=reply.status, body=reply.body, headers=headers)
