"""A call over a WebSocket: reads, writes and deadlines, for any framework's socket. No vocabulary.

It must never wait for a client for longer than the settings say, and never read on while what that client was
told is not taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Protocol

from agent.wire.told import Event, Problem
from pipeline.clock import now

from .config import ServeConfig
from .live import CLOSING, GOING, POLICY, Ending, Live

AHEAD = 64
"""Events that may wait for a client before nothing more is read from it."""
RATE, BURST = 500.0, 1000.0
"""Messages of one client a second, and how many at once; sound comes in 50 or 100 a second."""
_PAUSE = 0.02


class Socket(Protocol):
    """A WebSocket that was accepted."""

    async def receive(self) -> str | bytes | None:
        """One whole message; None when the other side is gone, or sent what it may not."""
        ...

    async def send(self, data: str | bytes) -> None:
        """Raises ConnectionError when the other side is gone; waits while its buffer is full."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, and do not wait long for the answer."""
        ...


class SocketCall:
    """One call."""

    def __init__(
        self,
        socket: Socket,
        live: Live,
        *,
        take: Callable[[str | bytes], None],
        write: Callable[[Event], str | bytes],
        config: ServeConfig,
        begun: Callable[[], None],
    ) -> None:
        """``take`` gets every message as it came and answers bad ones by itself; ``begun`` is called at the
        first one."""
        self._socket, self._live, self._config = socket, live, config
        self._take, self._encode, self._begun = take, write, begun
        self._began = self._heard = 0.0
        self._spoken = False
        self._gone = False
        self._allowed, self._counted = BURST, 0.0
        self._greeted = asyncio.Event()

    async def hold(self) -> Ending:
        """Until it is over; the socket is closed then."""
        self._began = self._heard = now()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._live.run())
            beside = [group.create_task(self._read()), group.create_task(self._watch())]
            await self._write(self._live.events())
            await asyncio.wait([running], timeout=CLOSING)
            for task in (*beside, running):
                task.cancel()
        ending = self._live.ending or Ending(GOING, "stopped")
        if not self._gone:
            await self._socket.close(ending.code, ending.why)
        return ending

    async def _read(self) -> None:
        await self._greeted.wait()  # clients count on `session.created` before any answer
        while (data := await self._socket.receive()) is not None:
            self._heard = now()
            if not self._spoken:
                self._spoken = True
                self._begun()
            self._take(data)
            await asyncio.sleep(self._due())
            while len(self._live.call.events) > AHEAD and not self._gone:  # noqa: ASYNC110  # a channel tells no low mark
                await asyncio.sleep(_PAUSE)
            if self._gone:
                return
        self._lost()

    def _due(self) -> float:
        """Seconds until the next message may be read: one client's chatter must leave time for the others."""
        since, self._counted = now() - self._counted, now()
        self._allowed = min(BURST, self._allowed + since * RATE) - 1
        return max(0.0, -self._allowed / RATE)

    async def _write(self, events: AsyncIterable[Event]) -> None:
        """What finds nobody is let go, so that the call can end."""
        async for event in events:
            if self._gone:
                continue
            try:
                async with asyncio.timeout(self._config.backlog):
                    await self._socket.send(self._encode(event))
                self._greeted.set()
            except TimeoutError:
                self._gone = True
                self._live.end(POLICY, "the client took nothing for too long")
                await self._socket.close(POLICY, "too slow")
            except ConnectionError:
                self._lost()

    def _lost(self) -> None:
        self._gone = True
        self._live.lost("the client hung up")

    async def _watch(self) -> None:
        """Ends a call that was never begun, is forgotten or lasts too long."""
        config = self._config
        last = self._began + config.longest
        while now() < last:
            patience = config.idle if self._spoken else config.first_message
            due = min(last, self._heard + patience)
            if now() < due:
                await asyncio.sleep(due - now())
            elif due < last:
                what = "said nothing for" if self._spoken else "did not begin within"
                told = f"the client {what} {patience:g} s"
                self._live.end(POLICY, told, Problem("session_idle", f"{told}: the call is ended"))
                return
        told = f"a call lasts {config.longest:g} s at most"
        self._live.end(GOING, told, Problem("session_expired", f"{told}; connect again to go on"))
