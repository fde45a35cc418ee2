"""A relay on the loopback between a client and a server, which spoils what comes back: real sockets, real
resets and half-closed connections, where an in-memory stand-in has only exceptions."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LINGER = struct.pack("ii", 1, 0)
"""With this a closed socket sends a reset."""
_DIED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 21\r\nConnection: close\r\n\r\n"


@dataclass
class Relay:
    """One relay; ``fault`` may change while it runs."""

    to: str
    "URL of the server behind it."
    fault: str = ""
    """``reset``, ``close`` (a clean end), ``half`` (it only stops sending), ``silent``, ``stalls`` (nothing
    more comes back), ``500``, ``vanish`` (reset, and nobody listens any more), ``delay``; empty: none."""
    after: int = 0
    "Bytes that come back before it."
    seconds: float = 0.0
    "Of ``delay``, for each read of the server's."
    connections: int = 0
    struck: int = 0
    url: str = ""
    idle: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    "Set whenever the last connection has ended."
    _server: asyncio.Server | None = field(default=None, repr=False)
    _open: set[asyncio.StreamWriter] = field(default_factory=set, repr=False)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Relay]:
        """Listen on a free port, ``url``."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self._server.close()
            for writer in tuple(self._open):
                writer.close()
            await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.idle.clear()
        self._open.add(writer)
        place = urlsplit(self.to)
        try:
            back, forth = await asyncio.open_connection(place.hostname, place.port)
            self._open.add(forth)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, forth))
                    group.create_task(self._back(back, writer))
            finally:
                self._open.discard(forth)
                forth.close()
        except* (OSError, _Ended):
            pass  # one side is gone, as it may be
        finally:
            self._open.discard(writer)
            writer.close()
            if not self._open:
                self.idle.set()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the server to the client, with the fault."""
        passed = 0
        while data := await reader.read(1 << 14):
            if self.fault == "delay":
                await asyncio.sleep(self.seconds)
            elif self.fault and passed + len(data) > self.after:
                writer.write(data[: self.after - passed])
                await writer.drain()
                self.struck += 1
                await self._strike(writer)
                raise _Ended
            writer.write(data)
            await writer.drain()
            passed += len(data)
        raise _Ended

    async def _strike(self, writer: asyncio.StreamWriter) -> None:
        match self.fault:
            case "half":
                writer.write_eof()
                await asyncio.sleep(1e6)
            case "silent" | "stalls":
                await asyncio.sleep(1e6)
            case "500":
                writer.write(_DIED + b"the server gave up :(")
                await writer.drain()
            case "reset" | "vanish":
                if self.fault == "vanish" and self._server is not None:
                    self._server.close()
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
                writer.transport.abort()


class _Ended(Exception):
    """One direction is done, and so is the connection."""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 14):
        writer.write(data)
        await writer.drain()
    raise _Ended
