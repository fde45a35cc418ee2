"""A UDP way with faults on this machine's loopback, for measuring: it loses, delays and doubles on order.

A call goes through it when the answer names its port in the place of the server's (``through``).
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

LOOPBACK = "127.0.0.1"


class Relay(asyncio.DatagramProtocol):
    """Between whoever comes first and ``server``. ``start`` it, then use ``port``."""

    def __init__(
        self,
        server: tuple[str, int],
        *,
        loss: float = 0.0,
        jitter: float = 0.0,
        seed: int = 0,
        drop: Callable[[bytes], bool] = lambda data: False,
    ) -> None:
        """``drop`` decides for each packet of sound to the server; ``loss`` and ``jitter`` (seconds, both
        ways) go by chance."""
        self.port = 0
        self.dropped = 0
        self._server, self._loss, self._jitter, self._drop = server, loss, jitter, drop
        self._chance = random.Random(seed)
        self._client: tuple[str, int] | None = None
        self._transport: Any = None

    async def start(self) -> None:
        """Take a port."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, 0))

    def close(self) -> None:
        """Give it back."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        back = addr == self._server
        if not back:
            self._client = (addr[0], addr[1])
        target = self._client if back else self._server
        if target is None:
            return
        media = len(data) > 1 and 127 < data[0] < 192 and not 192 <= data[1] < 224
        if media and not back and (self._drop(data) or self._chance.random() < self._loss):
            self.dropped += 1
            return
        late = self._chance.uniform(0.0, self._jitter) if media else 0.0
        if late:
            asyncio.get_running_loop().call_later(late, self._send, data, target)
        else:
            self._send(data, target)

    def _send(self, data: bytes, target: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, target)


def place(answer: str) -> tuple[str, int]:
    """The server's loopback address and port in its answer. Raises ValueError where it has none."""
    found = re.search(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host", answer)
    if found is None:
        raise ValueError("the answer names no address of this machine's loopback")
    return LOOPBACK, int(found[1])


def through(answer: str, relay: Relay) -> str:
    """The answer with the relay in the server's place, and no other way to it."""
    lines = [
        line for line in answer.splitlines() if not line.startswith("a=candidate") or f" {LOOPBACK} " in line
    ]
    told = "\r\n".join([*lines, ""])
    return re.sub(r"( 127\.0\.0\.1) \d+ typ host", rf"\1 {relay.port} typ host", told)
