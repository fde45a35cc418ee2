"""WebSocket as the harness uses it: messages both ways, and one sentence for everything that can go wrong.

All of the protocol is the websockets package's. A key is read from the environment when dialling, goes into
one header and nowhere else: into no log, no report, no error.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import connect as dial
from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from pipeline.channel import Channel, ClosedError
from pipeline.errors import PeerError, UserError

PATIENCE = 10.0
"""Seconds to wait for a server that accepts a connection and then says nothing."""
CLOSING = 2.0
"""Seconds to wait for a server to hang up too."""
LARGEST = 16 * 2**20
"""Bytes of the largest message that is accepted."""
SAID = 300
"""Signs of a server's own words that are repeated."""
SHOWN = ("model", "intent")
"""Parts of an address's query that a report may name; the others may be secrets."""


_HUNG_UP: dict[int, str] = {
    CloseCode.MESSAGE_TOO_BIG: f"sent a message of more than {LARGEST // 2**20} MiB",
    CloseCode.INVALID_DATA: "sent text that is no UTF-8",
    CloseCode.PROTOCOL_ERROR: "broke the rules of WebSocket",
}
"""Why our own end closes a connection."""


class Wire(Protocol):
    """A two-way carrier of messages."""

    async def send(self, text: str | bytes) -> None:
        """Raises PeerError when the other end is gone."""
        ...

    async def receive(self) -> str | bytes:
        """The next message. Raises PeerError when the other end is gone."""
        ...

    async def close(self) -> None: ...


Dial: TypeAlias = Callable[[], Awaitable[Wire]]
"""Makes a wire. Raises PeerError, UserError."""


class SocketWire:
    """A WebSocket to a server."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection, self._where = connection, where

    async def send(self, text: str | bytes) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise self._gone(error) from None

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise self._gone(error) from None

    async def close(self) -> None:
        with suppress(WebSocketException, OSError):
            await self._connection.close()

    def _gone(self, error: ConnectionClosed) -> PeerError:
        if error.sent is not None and error.sent.code in _HUNG_UP and not error.rcvd_then_sent:
            return PeerError(f"{self._where} {_HUNG_UP[error.sent.code]}; the conversation was ended")
        told = error.rcvd
        why = (
            f"code {told.code}{f', {plain(told.reason)}' if told.reason else ''}"
            if told
            else "without a word"
        )
        return PeerError(f"{self._where} closed the connection in the middle of the conversation ({why})")


async def connect(url: str, key_env: str = "", patience: float = PATIENCE) -> Wire:
    """Dial a server. Raises UserError for an address or key that cannot be used, PeerError for the rest."""
    where, keys = shown(url), headers(key_env)
    host = urlsplit(url).hostname or ""
    local = host == "localhost" or host.startswith("127.") or host == "::1"
    try:
        connection = await dial(
            url, additional_headers=keys, open_timeout=patience, close_timeout=CLOSING,
            max_size=LARGEST, ping_interval=None,
            compression=None, proxy=None if local else True,
        )  # fmt: skip
    except InvalidStatus as error:
        raise PeerError(refused(where, error.response.status_code, key_env)) from None
    except TimeoutError:
        raise PeerError(f"{where} gave no handshake within {patience:g} s; is it a server?") from None
    except WebSocketException as error:
        raise PeerError(f"{where} does not speak WebSocket ({type(error).__name__})") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PeerError(f"no server answers at {where} ({why}); start it, or check host and port") from None
    return SocketWire(connection, where)


def checked(url: str, path: str) -> str:
    """The address, with ``path`` where it names none. Raises UserError for anything but ws:// and wss://."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise UserError(
            f"{shown(url)!r} is no address of a server; accepted are ws://host:port/path and wss://…"
        )
    try:
        parts.port  # noqa: B018  # raises for a port that is no number
    except ValueError:
        raise UserError(f"{shown(url)!r} names a port that is no number from 0 to 65535") from None
    return urlunsplit(parts._replace(path=path if parts.path in ("", "/") else parts.path, fragment=""))


def shown(url: str) -> str:
    """An address without what may be secret: user, password and most of the query."""
    parts = urlsplit(url)
    kept = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name in SHOWN])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, kept, ""))


def plain(text: str) -> str:
    """A stranger's words for a terminal and a file: one line, no control characters, not long."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:SAID]).strip()


def headers(key_env: str) -> dict[str, str]:
    """The key in this environment variable as a header. Raises UserError when there is none."""
    if not key_env:
        return {}
    key = os.environ.get(key_env, "").strip()
    if not key:
        raise UserError(f"there is no environment variable {key_env}; export it with the server's key")
    return {"Authorization": f"Bearer {key}"}


def refused(where: str, status: int, key_env: str, path: str = "/v1/realtime") -> str:
    """What an HTTP status that is no success means, and what to do. ``path``: where such servers listen."""
    if status in (401, 403):
        key = f"the key in {key_env}" if key_env else "a call without a key; name one with --key-env"
        return f"{where} refused {key} (HTTP {status})"
    if status == 404:
        return f"{where} has nothing at this path (HTTP 404); OpenAI-Realtime servers listen at {path}"
    if status == 429:
        return f"{where} allows no more calls at the moment (HTTP 429); wait, and run the same command again"
    return f"{where} refused the connection (HTTP {status})"


# --- inside one program ------------------------------------------------------------------------------------


class MemoryWire:
    """One end of a wire without a network: what a simulation speaks over. Made by ``pair``."""

    def __init__(self, out: Channel[str | bytes], back: Channel[str | bytes]) -> None:
        self._out, self._back = out, back

    async def send(self, text: str | bytes) -> None:
        try:
            await self._out.put(text)
        except ClosedError:
            raise PeerError("the other end closed the connection in the middle of the conversation") from None

    async def receive(self) -> str | bytes:
        try:
            return await self._back.get()
        except ClosedError:
            raise PeerError("the other end closed the connection in the middle of the conversation") from None

    async def close(self) -> None:
        self._out.close()
        self._back.close()


def pair(size: int = 1024) -> tuple[MemoryWire, MemoryWire]:
    """Two ends of one wire."""
    there: Channel[str | bytes] = Channel(size)
    back: Channel[str | bytes] = Channel(size)
    return MemoryWire(there, back), MemoryWire(back, there)
