"""The loop's side of a service that lives in a thread or a process: who waits for which answer.

Requests belong to one loop; answers may be handed in from any thread. It never waits for the service itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from .channel import Channel, ClosedError, FullError
from .errors import BugError, HocketError, ModelError
from .seal import is_sealed
from .service import SERVICE, Call, Command, End, Failure, Gone, More, Open, Reply, Stop, Value, failure

LIMIT = 512
"""Calls and streams that may be open at once: some ten for each of the sessions of a full server."""
AHEAD = 4
"""Steps that a stream may be ahead of its reader, so that the hop between threads costs no time."""


def closed() -> ClosedError:
    """What everyone gets once a service was closed."""
    return ClosedError("the engine was closed")


def full() -> FullError:
    """What one request too many gets."""
    return FullError(f"{LIMIT} requests already wait for this engine; take on less work")


def refuse_in_simulation() -> None:
    """Raises BugError in virtual time, where an answer from outside can never come."""
    if is_sealed():
        raise BugError("an engine in a thread or process cannot work inside a simulation; use InlineCompute")


class Desk:
    """Hands out requests and matches the answers."""

    def __init__(self, post: Callable[[Command], None]) -> None:
        """``post`` takes a command to the service, in order, without blocking."""
        self._post = post
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[Reply] = []
        self._waiting: dict[int, asyncio.Future[Any] | Channel[Reply]] = {}
        self._count = SERVICE
        self._open = 0
        self._failed: Failure | None = None
        self._closed = False
        self._gone = asyncio.Event()

    @property
    def open(self) -> bool:
        """False once the service failed, ended or was closed."""
        return self._failed is None

    async def call(self, method: str, args: tuple[Any, ...]) -> Any:
        """Ask once and wait for the answer; a cancelled caller's job is dropped unless it has begun."""
        request = self._admit()
        answer = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        self._post(Call(request, method, args))
        try:
            return await answer
        finally:
            self._dismiss(request)

    async def stream(self, method: str, args: tuple[Any, ...]) -> AsyncIterator[Any]:
        """Ask for items; closing the iterator stops the service's work on them."""
        request = self._admit()
        replies: Channel[Reply] = Channel(AHEAD + 1)
        self._waiting[request] = replies
        self._post(Open(request, method, args, AHEAD))
        try:
            while True:
                reply = await replies.get()
                if isinstance(reply, Failure):
                    raise reply.error()
                if not isinstance(reply, Value):
                    return
                self._post(More(request, 1))
                yield reply.value
        finally:
            self._dismiss(request)

    def hand(self, reply: Reply) -> None:
        """Pass on what the service said. Callable from any thread."""
        with self._lock:
            if self._loop is None:
                self._early.append(reply)
                return
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
            self._loop.call_soon_threadsafe(self._deliver, reply)

    def close(self) -> bool:
        """Fail whoever waits or asks from now on with ClosedError. False when it was closed before."""
        self._bind()
        again, self._closed = self._closed, True
        self._failed = failed = failure(SERVICE, "closing", closed())
        self._fail(failed)
        return not again

    async def gone_within(self, seconds: float) -> bool:
        """Wait until the service is known to have ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        return self._gone.is_set()

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        if self._loop is not None:
            raise BugError("this engine is in use on another event loop; make one engine per loop")
        refuse_in_simulation()
        with self._lock:
            self._loop = loop
        for reply in self._early:
            self._deliver(reply)
        self._early.clear()

    def _admit(self) -> int:
        self._bind()
        if self._failed is not None:
            raise self._failed.error()
        if self._open >= LIMIT:
            raise full()
        self._open += 1
        self._count += 1
        return self._count

    def _dismiss(self, request: int) -> None:
        self._open -= 1
        if self._waiting.pop(request, None) is not None:
            self._post(Stop(request))

    def _deliver(self, reply: Reply) -> None:
        if isinstance(reply, Gone):
            self._fail(failure(SERVICE, "the engine", ModelError(reply.how)))
            self._gone.set()
        elif reply.request == SERVICE:
            assert isinstance(reply, Failure), "a service speaks of itself only when it fails"
            self._fail(reply)
        elif reply.request in self._waiting:
            self._answer(reply.request, reply)

    def _fail(self, failed: Failure) -> None:
        if self._failed is None:
            self._failed = failed
        for request in tuple(self._waiting):
            self._answer(request, self._failed)

    def _answer(self, request: int, reply: Value | End | Failure) -> None:
        waiting = self._waiting[request]
        if isinstance(waiting, Channel):
            waiting.put_now(reply)
            if not isinstance(reply, Value):
                del self._waiting[request]
            return
        del self._waiting[request]
        if waiting.done():
            return
        if isinstance(reply, Value):
            waiting.set_result(reply.value)
        else:
            waiting.set_exception(_error_of(reply))


def _error_of(reply: End | Failure) -> HocketError:
    return reply.error() if isinstance(reply, Failure) else BugError("a call was answered like a stream")
