"""A bounded mailbox between tasks of one loop, which says what happens when it is full.

It must never grow past its size, and never lose an item without counting it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

from .errors import HocketError

T = TypeVar("T")


class ClosedError(HocketError):
    """The other side has closed: nothing can be put, or nothing more will come."""


class FullError(HocketError):
    """There is no room: whoever wanted to put decides what to give up."""


class EmptyError(HocketError):
    """There is nothing to take without waiting."""


class Full(Enum):
    """What a full channel does with one more item."""

    WAIT = "wait"
    "``put`` waits for room; ``put_now`` raises FullError."
    DROP_OLDEST = "drop oldest"
    "The oldest item goes, and is counted in ``dropped``. For live data, where the newest matters."
    FAIL = "fail"
    "``put`` and ``put_now`` raise FullError."


class Channel(Generic[T]):
    """First in, first out, for tasks of one loop; who waits is woken in the order of coming."""

    def __init__(self, size: int, *, full: Full = Full.WAIT) -> None:
        if size < 1:
            raise ValueError(f"a channel holds at least one item, not {size}")
        self.size = size
        self.dropped = 0
        self._full = full
        self._items: deque[T] = deque()
        self._getters: deque[asyncio.Future[None]] = deque()
        self._putters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """True once ``close`` was called; items put before may still be there to take."""
        return self._closed

    async def put(self, item: T) -> None:
        """Put at the end. Raises ClosedError, also while waiting for room, and FullError under FAIL."""
        while self._full is Full.WAIT and not self._closed and len(self._items) >= self.size:
            await _in_line(self._putters)
        self.put_now(item)

    def put_now(self, item: T) -> None:
        """Put at the end without waiting. Raises ClosedError, and FullError under WAIT and FAIL when full."""
        if self._closed:
            raise ClosedError("this channel is closed; nothing can be put into it")
        if len(self._items) >= self.size:
            if self._full is not Full.DROP_OLDEST:
                raise FullError(f"this channel holds {self.size} items and is full")
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        _wake(self._getters)

    async def get(self) -> T:
        """Take the oldest. After ``close``, what is left comes first, then ClosedError."""
        while not self._items and not self._closed:
            await _in_line(self._getters)
        try:
            return self.get_now()
        except EmptyError:
            raise ClosedError("this channel is closed and empty") from None

    def get_now(self) -> T:
        """Take the oldest without waiting. Raises EmptyError, or ClosedError when nothing more will come."""
        if not self._items:
            if self._closed:
                raise ClosedError("this channel is closed and empty")
            raise EmptyError("this channel is empty at the moment")
        _wake(self._putters)
        return self._items.popleft()

    def close(self) -> None:
        """Let nothing more in. Who waits to put gets ClosedError; what is left can be taken. Idempotent."""
        self._closed = True
        for waiting in (self._getters, self._putters):
            while waiting:
                _wake(waiting)

    def __aiter__(self) -> Channel[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.get()
        except ClosedError:
            raise StopAsyncIteration from None


async def _in_line(line: deque[asyncio.Future[None]]) -> None:
    """Wait for one's turn. A turn that comes together with a cancellation is passed on to the next."""
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    line.append(turn)
    try:
        await turn
    except asyncio.CancelledError:
        if turn.done() and not turn.cancelled():
            _wake(line)
        elif turn in line:
            line.remove(turn)
        raise


def _wake(line: deque[asyncio.Future[None]]) -> None:
    while line:
        turn = line.popleft()
        if not turn.done():
            turn.set_result(None)
            return
