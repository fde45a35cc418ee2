from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from stand_in import StandInServer

from pipeline.channel import Channel
from pipeline.clock import run

pytest.importorskip("fastapi", reason="the server is mounted in a FastAPI application here")
KEY = "a-key-of-sixteen-letters"


class Web:
    """What a web server does with an application, without one."""

    def __init__(self, app: Any, path: str, **headers: str) -> None:
        self._app = app
        self.there: Channel[dict[str, Any]] = Channel(50)
        self.back: Channel[dict[str, Any]] = Channel(50)
        named = {"host": "localhost", **headers}
        self.scope: dict[str, Any] = {
            "path": path.partition("?")[0], "raw_path": path.encode(), "root_path": "",
            "query_string": path.partition("?")[2].encode(), "client": ("127.0.0.1", 5000), "extensions": {},
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
        }  # fmt: skip

    async def request(self, method: str = "GET", body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        self.scope |= {"type": "http", "method": method, "scheme": "http", "http_version": "1.1"}
        for place in range(0, len(body) + 1, 1000):
            more = place + 1000 <= len(body)
            self.there.put_now(
                {"type": "http.request", "body": body[place : place + 1000], "more_body": more}
            )
        await self._app(self.scope, self.there.get, self.back.put)
        start, content = await self.back.get(), await self.back.get()
        return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, content["body"]

    async def socket(self, *protocols: str) -> None:
        self.scope |= {"type": "websocket", "scheme": "ws", "subprotocols": list(protocols)}
        self.there.put_now({"type": "websocket.connect"})
        await self._app(self.scope, self.there.get, self.back.put)


def play(scene: Callable[[Any, StandInServer], Awaitable[None]], key: str = "") -> None:
    """In a FastAPI application that holds the server below /voice."""
    from fastapi import FastAPI

    async def main() -> None:
        server = StandInServer(key)
        app = FastAPI(lifespan=server.lifespan)
        app.mount("/voice", server.asgi())
        async with asyncio.timeout(5), server:
            await scene(app, server)

    run(main)


def test_a_call_over_a_socket_is_held_and_ended_below_the_mount() -> None:
    async def scene(app: Any, server: StandInServer) -> None:
        web = Web(app, "/voice/v1/realtime?model=x")
        async with asyncio.TaskGroup() as group:
            group.create_task(web.socket("realtime"))
            assert await web.back.get() == {"type": "websocket.accept", "subprotocol": "realtime"}
            assert json.loads((await web.back.get())["text"])["type"] == "session.created"
            web.there.put_now({"type": "websocket.receive", "text": '{"type":"hello"}'})
            assert json.loads((await web.back.get())["text"])["event"] == {"type": "hello"}
            await server.drain()
            ended = await web.back.get()
            assert (ended["type"], ended["code"]) == ("websocket.close", 1001)
            web.there.put_now({"type": "websocket.disconnect", "code": 1001})
        assert server.places.taken == 0

    play(scene)


def test_a_client_that_goes_ends_its_call() -> None:
    async def scene(app: Any, server: StandInServer) -> None:
        web = Web(app, "/voice/v1/realtime")
        async with asyncio.TaskGroup() as group:
            group.create_task(web.socket())
            await web.back.get()
            web.there.put_now({"type": "websocket.disconnect", "code": 1006})
        assert server.places.taken == 0 and len(server.made) == 1

    play(scene)


def test_a_refused_socket_has_its_status_where_the_web_server_can_say_it() -> None:
    async def scene(app: Any, server: StandInServer) -> None:
        for extensions, first in (
            ({}, "websocket.close"),
            ({"websocket.http.response": {}}, "websocket.http.response.start"),
        ):
            web = Web(app, "/voice/v1/realtime")
            web.scope["extensions"] = extensions
            await web.socket()
            told = await web.back.get()
            assert told["type"] == first and told.get("status", 401) == 401
        assert not server.made

    play(scene, KEY)


def test_replies_bodies_and_places_are_those_below_the_mount() -> None:
    async def scene(app: Any, server: StandInServer) -> None:
        status, headers, body = await Web(app, "/voice/config.json").request()
        assert status == 200 and json.loads(body)["realtime"] == "/voice/v1/realtime"
        assert headers["cache-control"] == "no-store"
        status, _, body = await Web(app, "/voice/healthz").request()
        assert json.loads(body)["sessions"] == 0
        status, _, body = await Web(app, "/voice/nothing").request()
        assert status == 404
        wanted = json.dumps({"session": {"instructions": "x" * 3000}}).encode()
        status, _, body = await Web(app, "/voice/v1/realtime/client_secrets").request("POST", wanted)
        assert status == 200 and json.loads(body)["value"].startswith("ek_")
        post = Web(app, "/voice/v1/realtime/calls", content_type="application/sdp")
        assert (await post.request("POST", b"x" * 40_000))[0] == 413
        status, _, body = await Web(app, "/voice/").request("HEAD")
        assert status == 200 and body == b""

    play(scene)


def test_alone_under_a_web_server_it_lives_and_ends_with_it() -> None:
    async def main() -> None:
        server = StandInServer()
        web = Web(server.asgi(), "/")
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            web.there.put_now({"type": "lifespan.startup"})
            group.create_task(server.asgi()({"type": "lifespan"}, web.there.get, web.back.put))
            assert (await web.back.get())["type"] == "lifespan.startup.complete"
            assert (await Web(server.asgi(), "/config.json").request())[0] == 200
            web.there.put_now({"type": "lifespan.shutdown"})
            assert (await web.back.get())["type"] == "lifespan.shutdown.complete"
        assert (await Web(server.asgi(), "/config.json").request())[0] == 503

    run(main)
