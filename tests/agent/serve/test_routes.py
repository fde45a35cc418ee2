from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand_in import StandInServer

from agent.serve.message import Reply, Request
from agent.serve.routes import CALLS
from pipeline.clock import simulate

PATHS = (
    "/", "/index.html", "/config.json", "/let-in", "/healthz", "/v1/realtime", CALLS, f"{CALLS}/x/hangup",
    "/v1/realtime/client_secrets", "/../etc/passwd", "/v1/realtime/calls/",
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW")
KINDS = (
    "application/sdp",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "",
    "\x00",
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ("origin", "authorization", "cookie", "content-type", "if-none-match", "sec-fetch-site", "host")
    ),
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(("http://localhost", "Bearer ek_x", "Bearer ", "[", "localhost")),
    ),
)


def answered(request: Request, key: str = "") -> Reply:
    async def main() -> Reply:
        async with StandInServer(key) as server:
            return await server.answer(request)

    return simulate(main)


def asked(
    method: str, path: str, body: bytes = b"", query: dict[str, str] | None = None, **headers: str
) -> Request:
    async def read(most: int) -> bytes:
        return body

    named = {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(method, path, query or {}, named, "127.0.0.1", read=read)


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(METHODS), st.one_of(st.sampled_from(PATHS), st.text(max_size=30)), HEADERS,
    st.sampled_from(KINDS), st.one_of(st.binary(max_size=300), st.just(b'{"session": {"a": [[[1e999]]]}}')),
    st.sampled_from(("", "a-key-of-sixteen-letters")),
)  # fmt: skip
def test_whatever_is_asked_has_an_answer_that_is_no_fault_of_ours(
    method: str, path: str, headers: dict[str, str], kind: str, body: bytes, key: str
) -> None:
    request = asked(method, path, body, {"key": "x"}, **{"content_type": kind, **headers})
    reply = answered(request, key)
    assert 200 <= reply.status < 500, reply.body
    if reply.status >= 400 and reply.body:
        assert json.loads(reply.body)["error"]["message"]
    assert all("\n" not in value and "\r" not in value for value in reply.headers.values())


def test_a_fault_of_ours_is_500_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> Reply:
        async with StandInServer() as server:
            server.page = None
            server.places = None  # type: ignore[assignment]
            return await server.answer(asked("GET", "/healthz"))

    reply = simulate(main)
    assert reply.status == 500 and b"NoneType" not in reply.body
    assert "AttributeError at " in caplog.text


def test_an_invitation_is_turned_into_a_cookie_that_fetches_secrets_and_nothing_more() -> None:
    async def main() -> None:
        async with StandInServer("a-key-of-sixteen-letters") as server:
            used: list[None] = []
            server.invited = lambda: used.append(None)
            reply = await server.answer(asked("GET", "/", query={"key": server.door.invite()}))
            assert reply.status == 303 and reply.headers["Location"] == "/" and used == [None]
            assert "HttpOnly; SameSite=Strict" in reply.headers["Set-Cookie"]
            cookie = reply.headers["Set-Cookie"].split(";")[0]
            assert (await server.answer(asked("GET", "/config.json", cookie=cookie))).status == 200
            for method, path in (
                ("POST", CALLS),
                ("POST", "/v1/realtime/client_secrets"),
                ("POST", "/let-in"),
            ):
                assert (await server.answer(asked(method, path, cookie=cookie))).status == 401
            bearer = "Bearer a-key-of-sixteen-letters"
            assert (await server.answer(asked("POST", "/let-in", authorization=bearer))).status == 204

    simulate(main)


@pytest.mark.parametrize(
    "wrong", [b"[]", b"{", b'"x"', b"\xff", b'{"session": 5}', b'{"expires_after": 5}', b"[" * 9000]
)
def test_a_bad_wish_for_a_secret_is_400(wrong: bytes) -> None:
    reply = answered(asked("POST", "/v1/realtime/client_secrets", wrong))
    told: dict[str, Any] = json.loads(reply.body)
    assert reply.status == 400 and told["error"]["code"] in ("invalid_json", "invalid_type", "invalid_value")


def test_secrets_may_be_fetched_by_an_empty_body() -> None:
    async def main() -> None:
        async with StandInServer() as server:
            reply = await server.answer(asked("POST", "/v1/realtime/client_secrets"))
            told = json.loads(reply.body)
            assert told["expires_at"] == 1_700_000_600 and told["session"]["type"] == "realtime"
            await asyncio.sleep(599)
            assert server.door.secrets.look(told["value"]) is not None
            await asyncio.sleep(2)
            assert server.door.secrets.look(told["value"]) is None

    simulate(main)
