"""The compute port: one contract over a service that lives inline, in a thread or in a process of its own.

A service is any object with synchronous methods; one that streams returns an iterator. Jobs run one at a time
in the order of asking, and a stream takes one step per turn. At most ``LIMIT`` requests may be open, then
FullError. Closing a stream frees it before any later job runs, at most one step after. Errors of ours arrive
with their type and text; any other becomes a ModelError that quotes it. After ``close``, which takes at most
two seconds in any state, everything raises ClosedError. Nothing here may block the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from .child import live
from .clock import now
from .desk import LIMIT, Desk, closed, full, refuse_in_simulation
from .errors import BugError, HocketError, ModelError
from .service import Command, Factory, Gone, Quit, failure, first_step, free, ours, run, serve

__all__ = ["LIMIT", "Factory", "InlineCompute", "ProcessCompute", "ThreadCompute", "free_of_charge"]

_GRACE = 1.5
"""Seconds that a service gets to end by itself."""
_KILL = 0.4
"""Seconds that a killed process gets to be gone."""


def free_of_charge(_method: str, _result: Any) -> float:
    """The cost of a service that answers in no time."""
    return 0.0


class InlineCompute:
    """Runs the service on the loop itself and lets its declared cost pass: the only kind in virtual time."""

    def __init__(self, service: Any, cost: Callable[[str, Any], float] = free_of_charge) -> None:
        """``cost(method, result)`` is the seconds that a call, or one step of a stream, takes."""
        self._service = service
        self._cost = cost
        self._line: deque[asyncio.Future[None]] = deque()
        self._pauses: list[asyncio.Future[None]] = []
        self._busy_until = 0.0
        self._requests: dict[object, Iterator[Any] | None] = {}
        self._closed = False

    @property
    def alive(self) -> bool:
        """False once closed."""
        return not self._closed

    async def call(self, method: str, *args: Any) -> Any:
        """Run a method once."""
        with self._admitted(method):
            return await self._turn(method, lambda: run(self._service, method, args))

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """Run a method that returns an iterator, one step per item taken."""
        with self._admitted(method) as request:

            def step() -> Any:
                steps = self._requests[request]
                if steps is None:
                    steps = self._requests[request] = first_step(self._service, method, args)
                return next(steps, Quit)

            while (item := await self._turn(method, step)) is not Quit:
                yield item

    async def close(self) -> None:
        """Fail whoever waits, free every stream, then the service."""
        if self._closed:
            return
        self._closed = True
        for waiting in (
            *tuple(self._line)[1:],
            *self._pauses,
        ):  # the first in line waits in a pause if at all
            if not waiting.done():
                waiting.set_exception(closed())
        for request, steps in self._requests.items():
            self._requests[request] = None
            free(steps, "a stream")
        close = getattr(self._service, "close", None)
        if close is not None:
            close()

    @contextlib.contextmanager
    def _admitted(self, method: str) -> Iterator[object]:
        if self._closed:
            raise closed()
        if len(self._requests) >= LIMIT:
            raise full()
        request = object()
        self._requests[request] = None
        try:
            yield request
        finally:
            free(self._requests.pop(request), method)

    async def _turn(self, method: str, work: Callable[[], Any]) -> Any:
        """Wait in line, work, and let the cost pass while nobody else works."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            if self._line[0] is not place:
                await place
            await self._pause()
            try:
                result = work()
            except HocketError:
                raise
            except Exception as error:
                raise ours(method, error) from error
            if result is not Quit:
                self._busy_until = now() + self._cost(method, result)
                await self._pause()
            return result
        finally:
            self._line.remove(place)
            if self._line and not self._line[0].done():
                self._line[0].set_result(None)

    async def _pause(self) -> None:
        """Wait until the service is free. It stays busy with a job whose caller was cancelled."""
        if self._busy_until <= now():
            await asyncio.sleep(0)
        else:
            free_again: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            timer = asyncio.get_running_loop().call_at(self._busy_until, _ring, free_again)
            self._pauses.append(free_again)
            try:
                await free_again
            finally:
                timer.cancel()
                self._pauses.remove(free_again)
        if self._closed:
            raise closed()


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


class ThreadCompute:
    """Runs the service in one thread of this process, where it is also built."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        """Start building at once. Raises BugError inside a simulation."""
        refuse_in_simulation()
        self._inbox: SimpleQueue[Command] = SimpleQueue()
        self._desk = Desk(self._inbox.put)
        self._thread = threading.Thread(target=self._work, args=(factory,), name="compute", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once closed, ended, or found impossible to build."""
        return self._desk.open and self._thread.is_alive()

    async def call(self, method: str, *args: Any) -> Any:
        """Run a method once."""
        return await self._desk.call(method, args)

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """Run a method that returns an iterator, a few steps ahead of the reader."""
        return self._desk.stream(method, args)

    async def close(self) -> None:
        """Fail whoever waits and end the thread; one that does not end is left behind, and logged."""
        if not self._desk.close():
            return
        self._inbox.put(Quit())
        if not await self._desk.gone_within(_GRACE + _KILL):
            logging.getLogger("hocket.compute").warning("a service's thread does not end; it was left behind")

    def _work(self, factory: Callable[[], Any]) -> None:
        how = "the engine's thread ended"
        try:
            serve(factory, self._inbox, self._desk.hand)
        except BaseException as error:  # noqa: BLE001  # whatever ends a thread, everyone waiting is told
            how = f"the engine's thread ended with {type(error).__name__}: {error}"
        finally:
            self._desk.hand(Gone(how))


class ProcessCompute:
    """Runs the service in a spawned process, where it is also built; it ends with this one."""

    def __init__(self, factory: Factory) -> None:
        """Start building at once. Raises BugError inside a simulation, ModelError when no process starts."""
        refuse_in_simulation()
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=live, args=(far_end, factory), name="compute", daemon=True)
        try:
            with _main_hidden():
                self._process.start()
        except OSError as error:
            raise ModelError(f"cannot start a process for the engine: {error}") from error
        except Exception as error:
            raise BugError(
                f"{factory.target} with these arguments cannot cross to a process: {error}"
            ) from error
        finally:
            far_end.close()
        self._outbox: SimpleQueue[Command] = SimpleQueue()
        self._desk = Desk(self._outbox.put)
        self._writer = threading.Thread(target=self._write, name="compute writer", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="compute reader", daemon=True).start()

    @property
    def alive(self) -> bool:
        """False once closed, ended, or found impossible to build."""
        return self._desk.open and self._process.is_alive()

    async def call(self, method: str, *args: Any) -> Any:
        """Run a method once."""
        return await self._desk.call(method, args)

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """Run a method that returns an iterator, a few steps ahead of the reader."""
        return self._desk.stream(method, args)

    async def close(self) -> None:
        """Fail whoever waits and end the process, by force if need be."""
        if not self._desk.close():
            return
        self._outbox.put(Quit())
        if not await self._desk.gone_within(_GRACE):
            self._process.kill()
            if not await self._desk.gone_within(_KILL):
                logging.getLogger("hocket.compute").warning("process %s does not end", self._process.pid)

    def _write(self) -> None:
        """Off the loop, because a long recording takes a while to pass the pipe."""
        while True:
            command = self._outbox.get()
            try:
                self._pipe.send(command)
            except OSError:
                return  # the process is gone, which the reader tells
            except Exception as error:  # noqa: BLE001  # told to whoever asked
                assert not isinstance(command, Quit)
                fault = BugError(f"these arguments cannot cross to a process: {error}")
                self._desk.hand(failure(command.request, "sending", fault))
            if isinstance(command, Quit):
                return

    def _read(self) -> None:
        how = "the engine's process ended"
        try:
            while True:
                self._desk.hand(self._pipe.recv())
        except (EOFError, OSError):
            self._process.join(_KILL)
        except Exception as error:  # noqa: BLE001  # an answer that cannot be read leaves nothing to trust
            how = f"the engine's process sent what cannot be read ({error!r}) and was ended"
        self._process.kill()
        self._process.join()
        self._outbox.put(Quit())
        self._writer.join()
        self._pipe.close()
        self._desk.hand(Gone(f"{how} (exit code {self._process.exitcode})"))


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Spawning runs the program's main file again in the child, where a script without a guard would start
    over. Nothing that lives there needs it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
