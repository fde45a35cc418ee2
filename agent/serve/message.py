"""One HTTP request and its reply, as no particular web framework writes them. Values only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.wire.told import Problem
from pipeline.errors import PeerError

PATIENCE = 10.0
"""Seconds that a body may take to come."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked over HTTP; also the opening of a WebSocket."""

    method: str
    path: str
    "Below the server's own root: `/v1/realtime`."
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    "Names in lower case."
    peer: str = ""
    "The address that it came from; empty where that is not known."
    secure: bool = False
    "Over TLS."
    root: str = ""
    "Where the server is mounted: `/voice`, or empty."
    read: Callable[[int], Awaitable[bytes]] | None = None
    "Reads the body, at most so many bytes; raises Refused (413) where it is longer."

    async def body(self, most: int) -> bytes:
        """The whole body. Raises Refused where it is longer than ``most`` bytes, or takes too long."""
        if self.read is None:
            return b""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.read(most)
        except TimeoutError:
            raise Refused(408, "body_too_slow", f"a body comes within {PATIENCE:g} s") from None

    def protocols(self) -> tuple[str, ...]:
        """The WebSocket subprotocols that the client offers."""
        offered = self.headers.get("sec-websocket-protocol", "")
        return tuple(name for part in offered.split(",") if (name := part.strip()))

    def cookie(self, name: str) -> str:
        """The value of a cookie, or nothing."""
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(PeerError):
    """This client, or this request, is not let in; the text says what is accepted."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, retry: int | None = None
    ) -> None:
        super().__init__(message)
        kind = "server_error" if status >= 500 else "invalid_request_error"
        self.status = status
        self.problem = Problem(code, message, param, kind)
        self.retry = retry
        "Seconds after which another attempt makes sense."

    def reply(self) -> Reply:
        """As an HTTP reply, in the form that OpenAI's clients read."""
        headers: dict[str, str] = {}
        if self.retry is not None:
            headers["Retry-After"] = str(self.retry)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return told(self.status, {"error": error_object(self.problem)}, headers)


def error_object(problem: Problem) -> dict[str, Any]:
    """The ``error`` object of an ``error`` event and of an HTTP error."""
    return {
        "type": problem.type, "code": problem.code, "message": problem.message, "param": problem.param,
        "event_id": None,
    }  # fmt: skip


def told(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply in JSON."""
    return Reply(status, json.dumps(value).encode(), "application/json", headers or {})


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By their names in lower case; what was sent in several lines is one (RFC 9110, section 5.2)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        between = "; " if key == "cookie" else ", "
        found[key] = f"{found[key]}{between}{value}" if key in found else value
    return found


def too_long(most: int) -> Refused:
    """For whoever reads a body."""
    return Refused(413, "body_too_large", f"at most {most} bytes are taken here")
