"""Real sockets on 127.0.0.1: the statuses and close codes that a client sees are what is tested here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
from multidict import CIMultiDict
from stand_in import StandInServer, call, play, until, until_closed

from agent.serve.config import ServeConfig
from agent.serve.door import KEY_PROTOCOL
from agent.serve.listening import Where
from agent.serve.message import Request

KEY = "a key of sixteen letters"
BEARER = {"Authorization": f"Bearer {KEY}"}
OPENING = (
    b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def framed(text: bytes) -> bytes:
    """A short text frame, as clients mask it."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def test_a_client_without_subprotocol_talks_json() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client, "/v1/realtime?model=any") as ws:
            created = await ws.receive_json()
            assert created["type"] == "session.created" and ws.protocol is None
            assert created["session"]["hocket"]["a"] == 1 and created["session"]["hocket"]["resume"]
            await ws.send_json({"type": "hello"})
            assert await ws.receive_json() == {"type": "echo", "event": {"type": "hello"}}
        await server._all_over(2.0)

    server = play(scene)
    assert server.places.taken == 0 and not server.calls


def test_a_browser_gets_the_subprotocol_realtime_and_its_key_is_not_said_back() -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        offered = ("realtime", f"openai-insecure-api-key.{KEY.replace(' ', '')}", "openai-agents-sdk.0.20.0")
        async with call(client, protocols=offered) as ws:
            assert ws.protocol == "realtime"

    play(scene, StandInServer(KEY.replace(" ", "")))


def test_messagepack_is_spoken_in_binary_frames_and_text_is_refused_by_an_error_event() -> None:
    import msgpack

    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        async with call(client, protocols=("hocket.msgpack", "realtime")) as ws:
            assert ws.protocol == "hocket.msgpack"
            assert msgpack.unpackb(await ws.receive_bytes())["type"] == "session.created"
            await ws.send_bytes(msgpack.packb({"type": "x", "audio": b"\0\1"}))
            assert msgpack.unpackb(await ws.receive_bytes())["event"]["audio"] == b"\0\1"
            await ws.send_str("{}")
            assert msgpack.unpackb(await ws.receive_bytes())["error"]["code"] == "invalid_frame"

    play(scene)


@pytest.mark.parametrize("bad", ["", "{", "[1", "\ud83d", '{"a":' * 5000])
def test_what_is_no_json_is_answered_by_an_error_event_and_the_call_goes_on(bad: str) -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        async with call(client) as ws:
            await ws.receive_json()
            await ws.send_str(bad.encode("utf-8", "replace").decode() if bad else bad)
            assert (await ws.receive_json())["error"]["code"] == "invalid_json"
            await ws.send_json({"type": "hello"})
            assert (await ws.receive_json())["type"] == "echo"

    play(scene) if bad != "\ud83d" else None


def test_without_the_key_nothing_is_made() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ek_made_up"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect("/v1/realtime", headers=headers)
            assert refused.value.status == 401
            for path in ("/v1/realtime/calls", "/v1/realtime/client_secrets"):
                async with client.post(path, data=b"v=0", headers=headers) as reply:
                    assert reply.status == 401
                    assert (await reply.json())["error"]["code"] == "invalid_api_key"
        assert not server.made and server.places.taken == 0

    play(scene, StandInServer(KEY))


def test_a_secret_makes_one_call_with_the_session_that_it_was_made_for() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        wanted = {
            "expires_after": {"anchor": "created_at", "seconds": 30},
            "session": {"instructions": "Be brief."},
        }
        async with client.post("/v1/realtime/client_secrets", json=wanted, headers=BEARER) as reply:
            told = await reply.json()
            assert reply.status == 200 and told["value"].startswith("ek_")
            assert told["session"]["instructions"] == "Be brief."
        secret = {"Authorization": f"Bearer {told['value']}"}
        async with call(client, headers=secret) as ws:
            await ws.receive_json()
            assert server.made[0].session == {"instructions": "Be brief."}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect("/v1/realtime", headers=secret)
            assert refused.value.status == 401
        async with client.post("/v1/realtime/client_secrets", json={}, headers=secret) as reply:
            assert reply.status == 401

    play(scene, StandInServer(KEY))


def test_a_full_server_says_so_by_an_event_and_1013_or_by_503() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as first:
            await first.receive_json()
            async with call(client) as second:
                told = await until_closed(second)
                assert [event["error"]["code"] for event in told] == ["server_full"]
                assert second.close_code == 1013
            headers = {"Content-Type": "application/sdp"}
            async with client.post("/v1/realtime/calls", data=b"v=0", headers=headers) as reply:
                assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0
        assert len(server.made) == 1

    play(scene, StandInServer(serve=ServeConfig(most=1)))


def test_a_page_of_another_host_is_refused_unless_it_is_listed() -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, where: Where) -> None:
        for origin, status in (
            (where.url, 101),
            ("https://good.example", 101),
            ("https://evil.example", 403),
        ):
            try:
                async with call(client, headers={"Origin": origin}):
                    assert status == 101
            except aiohttp.WSServerHandshakeError as refused:
                assert refused.status == status, origin
        asking = {
            "Origin": "https://good.example",
            "Access-Control-Request-Headers": "authorization,x-openai-agents-sdk",
        }
        async with client.options("/v1/realtime/calls", headers=asking) as reply:
            assert reply.status == 204
            assert reply.headers["Access-Control-Allow-Origin"] == "https://good.example"
            assert "x-openai-agents-sdk" in reply.headers["Access-Control-Allow-Headers"]
        async with client.post("/v1/realtime/calls", headers={"Origin": "https://good.example"}) as reply:
            assert reply.status == 415 and reply.headers["Access-Control-Expose-Headers"].startswith(
                "Location"
            )

    play(scene, StandInServer(serve=ServeConfig(origins=("https://good.example",))))


def test_a_name_that_is_not_the_servers_is_refused_without_a_key() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        evil = {"Host": "evil.example", "Origin": "http://evil.example"}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/v1/realtime", headers=evil)
        assert refused.value.status == 403
        async with client.get("/config.json", headers=evil) as reply:
            assert reply.status == 403
        async with client.get("/v1/realtime", headers={"X-Forwarded-For": "203.0.113.9"}) as reply:
            assert reply.status == 403
        assert not server.made

    play(scene)


def test_the_page_its_files_and_no_others_are_served() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        for path in (
            "/../config.py",
            "/%2e%2e/config.py",
            "/..%2fserve/door.py",
            "/.git/config",
            "/web",
        ):
            async with client.get(path) as reply:
                assert reply.status == 404, path
        async with client.get("/") as reply:
            assert reply.status == 200 and reply.content_type == "text/html"
            policy = reply.headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy and "unsafe" not in policy and "'none'" in policy
            again = {"If-None-Match": reply.headers["ETag"]}
        async with client.get("/index.html", headers=again) as reply:
            assert reply.status == 304
        async with client.get("/config.json") as reply:
            told = await reply.json()
            assert told["realtime"] == "/v1/realtime" and told["token"].startswith("ek_")
            assert reply.headers["Cache-Control"] == "no-store"

    play(scene)


def test_a_wrong_method_an_unknown_name_and_a_plain_get_have_their_own_words() -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        for method, path, status in (
            ("GET", "/v1/realtime", 426), ("GET", "/v1/realtime/calls", 405), ("DELETE", "/config.json", 405),
            ("POST", "/v1/realtime/calls/call_none/hangup", 404), ("GET", "/nothing", 404),
            ("POST", "/v1/realtime/calls", 415),
        ):  # fmt: skip
            async with client.request(method, path) as reply:
                assert reply.status == status, (method, path)
                assert (await reply.json())["error"]["message"]

    play(scene)


def test_a_long_body_is_not_read() -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"a=" * 5000

        headers = {"Content-Type": "application/sdp"}
        for data in (b"x" * 40_000, endless()):
            async with client.post("/v1/realtime/calls", data=data, headers=headers) as reply:
                assert reply.status == 413

    play(scene)


def test_health_is_told_to_anybody_and_tells_nothing_else() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with client.get("/healthz", headers={"Host": "anything"}) as reply:
            assert await reply.json() == {"ok": True, "busy": False, "sessions": 0, "capacity": 40}
        server.ending = True
        async with client.get("/healthz") as reply:
            assert reply.status == 503

    play(scene, StandInServer(KEY))


def test_a_message_beyond_all_bounds_ends_the_call_with_1009() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            await ws.receive_json()
            with suppress(ConnectionError):  # what is still on its way finds the line closed
                await ws.send_bytes(b"x" * (21 * 2**20))
            await until_closed(ws)
            assert ws.close_code in (1009, 1006) and not server.made[0].taken

    play(scene)


def test_a_client_that_takes_nothing_is_hung_up_on_and_what_it_held_is_given_back() -> None:
    """On a real line: its buffers are full then, and neither a goodbye nor a pong may wait for them."""

    async def scene(client: aiohttp.ClientSession, server: StandInServer, where: Where) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", where.port, limit=1024)
        writer.write(OPENING + framed(b'{"type":"flood"}'))
        await until(lambda: server.calls)
        (live,) = server.calls.values()
        assert await live.over(5.0) and live.ending is not None and live.ending.code == 1008
        await until(lambda: not server.places.taken)
        async with asyncio.timeout(5.0):
            with suppress(ConnectionError):  # the line is gone as well, and what was not taken is not kept
                assert b"too slow" not in await reader.read()
        writer.close()

    play(scene, StandInServer(serve=ServeConfig(backlog=0.2)))


def test_a_client_that_goes_before_it_is_answered_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines: list[asyncio.StreamWriter] = []

    async def admit(_: Request) -> bool:
        lines.pop().transport.abort()
        for _turn in range(50):
            await asyncio.sleep(0)
        return True

    async def scene(client: aiohttp.ClientSession, server: StandInServer, where: Where) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", where.port)
        lines.append(writer)
        writer.write(OPENING)
        await until(lambda: server.made and not server.places.taken)

    server = play(scene, StandInServer(admit=admit))
    assert not server.calls and not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_subprotocol_in_a_header_of_its_own_counts() -> None:
    async def scene(client: aiohttp.ClientSession, _: StandInServer, __: Where) -> None:
        headers = [
            ("Sec-WebSocket-Protocol", f"{KEY_PROTOCOL}sixteen-letters-"),
            ("Sec-WebSocket-Protocol", "realtime"),
        ]
        async with call(client, headers=CIMultiDict(headers)) as ws:
            assert (await ws.receive_json())["type"] == "session.created"

    play(scene, StandInServer("sixteen-letters-"))
