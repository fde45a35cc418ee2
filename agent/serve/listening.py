"""The server on an address of its own: opened, told where, and ended by a signal.

The first signal lets present turns end and then closes with 1001; a second one ends everything at once.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from agent.wire.fault import place_of
from pipeline.errors import UserError

from .addresses import in_url
from .server import Server

SLOW = 20.0
"""Seconds that a connection may be open without a whole request."""
_NO_SIGNALS = (NotImplementedError, ValueError, RuntimeError)
"""What a loop raises that takes no signals: on Windows, or outside the main thread."""
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Where:
    """Where a server listens."""

    host: str
    port: int
    secure: bool

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http{'s' if self.secure else ''}://{in_url(host)}:{self.port}"


class _Wordless(logging.Filter):
    """Of what aiohttp finds wrong its kind and place: its text is that of the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """The record stays, told otherwise."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.msg, record.args, record.exc_info = "a request failed: %s at %s", place_of(error), None
        return True


_log = logging.getLogger("hocket.serve.http")
_log.addFilter(_Wordless())


@asynccontextmanager
async def listening(
    server: Server, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Where]:
    """The server, started, at an address of its own; port 0 takes a free one. Its calls are drained at last.

    Raises UserError where the address cannot be had, before anything is loaded.
    """
    from aiohttp import web

    line = _opened(host, port)
    try:
        app = web.Application()
        app.add_routes(server.routes())
        runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=SLOW, auto_decompress=False, shutdown_timeout=1.0,
            logger=_log,
        )  # fmt: skip
        async with server:
            await runner.setup()
            site = web.SockSite(runner, line, ssl_context=tls, backlog=_BACKLOG)
            try:
                await site.start()
                yield Where(host, line.getsockname()[1], tls is not None)
                await server.drain()
            finally:
                await runner.cleanup()
    finally:
        line.close()


def _opened(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise UserError(f"{host} is no address that can be found; give --host 127.0.0.1") from None
    line = socket.socket(family, kind, proto)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(address)
        line.setblocking(False)
    except OSError as error:
        line.close()
        raise UserError(_why(error, host, port)) from None
    return line


def _why(error: OSError, host: str, port: int) -> str:
    place = f"{in_url(host)}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is taken by another program: end that, or give another --port (0 takes any free one)"
    if error.errno == errno.EACCES:
        return f"{place} may not be opened by this user: ports below 1024 are the system's; try --port 8765"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; give --host 127.0.0.1, or 0.0.0.0 for all that it has"
    return f"{place} cannot be opened ({error.strerror})"


async def until_stopped(server: Server, tell: Callable[[str], None]) -> None:
    """Wait for Ctrl-C or SIGTERM, then let the calls end; a second one cuts them."""
    first, second = asyncio.Event(), asyncio.Event()
    with _signals(first, second):
        await first.wait()
        if not server.calls:
            return
        tell("No new calls; present turns may end. Once more Ctrl-C, and all ends now.")
        async with asyncio.TaskGroup() as group:
            hurry = group.create_task(_hurry(server, second))
            await server.drain()
            hurry.cancel()


async def _hurry(server: Server, second: asyncio.Event) -> None:
    await second.wait()
    await server.cut()


@contextmanager
def _signals(first: asyncio.Event, second: asyncio.Event) -> Iterator[None]:
    def come() -> None:
        (second if first.is_set() else first).set()

    loop = asyncio.get_running_loop()
    kinds = (signal.SIGINT, signal.SIGTERM)
    for kind in kinds:
        with suppress(*_NO_SIGNALS):
            loop.add_signal_handler(kind, come)
    try:
        yield
    finally:
        for kind in kinds:
            with suppress(*_NO_SIGNALS):
                loop.remove_signal_handler(kind)
