"""The server as an ASGI application, to be mounted in FastAPI, Starlette or any other. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl

from agent.wire.codec import LARGEST

from .message import Reply, Request, headers_of, too_long

if TYPE_CHECKING:
    from .server import Server

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
TOO_BIG = 1009


class AsgiApp:
    """``app.mount("/voice", server.asgi())``, and ``lifespan=server.lifespan`` for the application."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one socket; alone under a web server also the life of the whole."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            reply = await self._server.answer(_request(scope, receive))
            await _answer(send, reply, body=scope["method"] != "HEAD")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._server:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect

        taken: list[str | None] = []

        async def accept(protocol: str | None) -> AsgiSocket:
            taken.append(protocol)
            await send({"type": "websocket.accept", "subprotocol": protocol})
            return AsgiSocket(receive, send)

        reply = await self._server.socket(_request(scope, None), accept)
        if reply is None or taken:
            return
        if "websocket.http.response" in scope.get("extensions", {}):
            await _answer(send, reply, kind="websocket.http.response")
        else:
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: HTTP 403


class AsgiSocket:
    """One accepted WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._gone = False

    async def receive(self) -> str | bytes | None:
        """One whole message; None when the other side is gone, or sent too much at once."""
        if self._gone:
            return None
        message = await self._receive()
        data = message.get("text")
        if data is None:
            data = message.get("bytes")
        if message["type"] == "websocket.disconnect" or data is None:
            self._gone = True
            return None
        if len(data) > LARGEST + 1024:
            await self.close(TOO_BIG, "a message is too large")
            return None
        found: str | bytes = data
        return found

    async def send(self, data: str | bytes) -> None:
        """Raises ConnectionError when the other side is gone."""
        if self._gone:
            raise ConnectionResetError("the client is gone")
        kind = "text" if isinstance(data, str) else "bytes"
        try:
            await self._send({"type": "websocket.send", kind: data})
        except (OSError, RuntimeError) as error:  # servers of this kind tell it in either way
            self._gone = True
            raise ConnectionResetError(type(error).__name__) from None

    async def close(self, code: int, reason: str) -> None:
        """Once; a line that takes nothing is left to its server."""
        if self._gone:
            return
        self._gone = True
        try:
            async with asyncio.timeout(1.0):
                await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
        except (OSError, RuntimeError, TimeoutError):
            return


def _request(scope: Scope, receive: Receive | None) -> Request:
    async def read(most: int) -> bytes:
        assert receive is not None, "a socket has no body"
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            body += message.get("body", b"")
            if len(body) > most:
                raise too_long(most)
            more = message.get("more_body", False)
        return bytes(body)

    root = scope.get("root_path", "").rstrip("/")
    peer = scope.get("client")
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    headers = headers_of(pairs)
    if protocols := scope.get("subprotocols"):
        headers["sec-websocket-protocol"] = ", ".join(protocols)
    return Request(
        scope.get("method", "GET"), scope["path"].removeprefix(root),
        dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)),
        headers, peer[0] if peer else "", scope.get("scheme") in ("https", "wss"), root,
        None if receive is None else read,
    )  # fmt: skip


async def _answer(send: Send, reply: Reply, *, kind: str = "http.response", body: bool = True) -> None:
    headers = {"Content-Type": reply.type, **reply.headers, "Content-Length": str(len(reply.body))}
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": f"{kind}.start", "status": reply.status, "headers": pairs})
    await send({"type": f"{kind}.body", "body": reply.body if body else b""})
