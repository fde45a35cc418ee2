"""The virtual event loop: time stands still while anything is ready, then jumps to the next timer.

Equal programs with equal seeds run in equal order, because ready callbacks run first in, first out, and
timers of one instant ring in the order in which they were armed. A program keeps that promise only if it
iterates no set of objects: ``asyncio.TaskGroup``, ``asyncio.wait`` and ``asyncio.all_tasks`` hold tasks in
sets, whose order follows memory addresses, so an unrelated allocation changes the order in which tasks are
cancelled or served. Keep tasks in a list instead. Nothing here may read the machine's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
import math
import random
import selectors
import threading
import weakref
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextvars import Context
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from .errors import BugError, StallError
from .seal import THREADED, THREADED_METHODS, WIRED, WIRED_METHODS, refuse_always

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_NEVER = 1 << 62
"""Nanoseconds of a timer that was armed for infinity."""
_BUSY = 1_000_000
"""Loop cycles without progress of time after which a program is called stuck."""
_SWEEP = 60 * 10**9
"""Virtual nanoseconds that cancelled tasks get to clean up."""
_COLLECT = 1 << 12
"""Loop cycles between garbage collections: fixed points, so that finalizers run at equal moments."""


class _Timer(asyncio.TimerHandle):
    """A timer on whole nanoseconds. The heap of asyncio does not keep equal instants in order; this does."""

    __slots__ = ("order",)

    def __init__(
        self,
        order: tuple[int, int],
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        super().__init__(order[0] / 1e9, callback, args, loop, context)
        self.order = order

    def __lt__(self, other: object) -> bool:
        assert isinstance(other, _Timer)
        return self.order < other.order


class _Jump(selectors.BaseSelector):
    """A selector with nothing to select from: it lets virtual time pass instead."""

    def __init__(self, pass_time: Callable[[float | None], None]) -> None:
        self._pass_time = pass_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._pass_time(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> NoReturn:
        raise BugError(f"a file descriptor was watched inside a simulation; {WIRED}")

    def unregister(self, fileobj: Any) -> NoReturn:
        raise KeyError(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing is ready. Made by ``simulate`` only."""

    _scheduled: list[_Timer]
    _ready: Any

    def __init__(self, seed: int, limit: float) -> None:
        self.dice = random.Random(seed)
        self._nanoseconds = 0
        self._limit = round(limit * 1e9)
        self._armed = 0
        self._cycles = 0
        self._busy_since = 0
        self._tasks: weakref.WeakKeyDictionary[asyncio.Task[Any], None] = weakref.WeakKeyDictionary()
        self._named = 0
        self._faults: list[BaseException] = []
        self._owner = threading.get_ident()
        super().__init__(_Jump(self._pass_time))
        self._clock_resolution = 0.5e-9
        self.set_exception_handler(_keep_fault)
        self.set_task_factory(_new_task)

    def time(self) -> float:
        """Virtual seconds since the simulation began."""
        return self._nanoseconds / 1e9

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Ring at ``when``, to the nanosecond; a moment in the past means now, after what is already due."""
        if self.is_closed():
            raise RuntimeError("the simulation is over")
        self._armed += 1
        instant = _NEVER if math.isinf(when) else max(round(when * 1e9), self._nanoseconds)
        timer = _Timer((instant, self._armed), callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]  # what asyncio's own call_at does
        return timer

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """``call_soon`` from the simulation; BugError, here and in ``simulate``, from another thread."""
        if threading.get_ident() != self._owner:
            fault = BugError(f"another thread called into a simulation ({callback!r}); {THREADED}")
            self._faults.append(fault)
            raise fault
        return self.call_soon(callback, *args, context=context)

    def settle(self) -> None:
        """After ``main``: let what is ready finish, then complain about errors nobody saw and tasks left."""
        quiet = self.create_task(self._quiet(), name="settle")
        self.run_until_complete(quiet)
        self._raise_fault()
        for task in [task for task in self._tasks if task.done() and not task.cancelled()]:
            if task._log_traceback:
                error = task.exception()
                assert error is not None
                error.add_note(f"raised in the task {task.get_name()!r}, which nobody awaited")
                raise error
        left = self._pending()
        if left:
            raise BugError(f"the program ended but left {_count(left)} running:\n{_listing(left)}")
        self.run_until_complete(self.shutdown_asyncgens())

    def sweep(self, error: BaseException) -> None:
        """After an error: cancel what is left, newest first, and let it clean up, within bounds."""
        left = self._pending()
        for task in reversed(left):
            task.cancel()
        self._limit = self._nanoseconds + _SWEEP
        self._busy_since = self._cycles
        self._faults.clear()
        for task in left:
            try:
                self.run_until_complete(asyncio.wait([task]))
            except BugError as stuck:
                error.add_note(f"while cleaning up: {stuck}")
                break
            failed = None if task.cancelled() else task.exception()
            if failed is not None and failed is not error:
                error.add_note(f"while cleaning up, the task {task.get_name()!r} raised {failed!r}")

    async def _quiet(self) -> None:
        while self._ready:  # noqa: ASYNC110  # nothing sets an event when a loop has nothing ready
            await asyncio.sleep(0)

    def _pending(self) -> list[asyncio.Task[Any]]:
        return [task for task in self._tasks if not task.done()]

    def _raise_fault(self) -> None:
        if self._faults:
            raise self._faults.pop(0)

    def _pass_time(self, timeout: float | None) -> None:
        self._raise_fault()
        self._cycles += 1
        if self._cycles % _COLLECT == 0:
            gc.collect(2 if self._cycles % (_COLLECT * 64) == 0 else 1)
        if timeout == 0:
            if self._cycles - self._busy_since > _BUSY:
                raise StallError(self._report(f"{_BUSY} steps passed in one instant"))
            return
        instant = self._scheduled[0].order[0] if self._scheduled else _NEVER
        if instant >= _NEVER:
            raise StallError(self._report("nothing is ready and no timer is set"))
        if instant > self._limit:
            raise BugError(self._report(f"the program runs on after {self._limit / 1e9:g} virtual seconds"))
        self._nanoseconds = instant
        self._busy_since = self._cycles

    def _report(self, what: str) -> str:
        waiting = self._pending()
        return f"at {self.time():.6f} s {what}; {_count(waiting)} waiting:\n{_listing(waiting)}"

    def _make_self_pipe(self) -> None:
        """No pipe: nobody may wake this loop from outside."""

    def _close_self_pipe(self) -> None:
        """Nothing was made."""


def _new_task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T] | Generator[Any, None, T], **options: Any
) -> asyncio.Task[T]:
    assert isinstance(loop, VirtualLoop)
    loop._named += 1
    options["name"] = options.get("name") or f"task {loop._named}"
    task = asyncio.Task(coro, loop=loop, **options)
    loop._tasks[task] = None
    return task


def _keep_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    assert isinstance(loop, VirtualLoop)
    error = context.get("exception")
    if isinstance(error, BaseException):
        error.add_note(f"surfaced by the simulation: {context['message']}")
        loop._faults.append(error)
    else:
        loop._faults.append(BugError(f"{context['message']}: {context.get('task') or context.get('handle')}"))


def _count(tasks: list[asyncio.Task[Any]]) -> str:
    return f"{len(tasks)} task{'s' * (len(tasks) != 1)}"


def _listing(tasks: list[asyncio.Task[Any]]) -> str:
    return "\n".join(f"  {task.get_name()}: {' > '.join(_steps(task.get_coro()))}" for task in tasks)


def _steps(awaited: Any) -> Iterator[str]:
    """The chain of calls in which a suspended coroutine waits, outermost first."""
    while awaited is not None:
        for frame_name, next_name in (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom")):
            frame = getattr(awaited, frame_name, None)
            if frame is not None:
                file = "/".join(PurePath(frame.f_code.co_filename).parts[-2:])
                yield f"{frame.f_code.co_qualname} ({file}:{frame.f_lineno})"
                awaited = getattr(awaited, next_name)
                break
        else:
            return


@contextlib.contextmanager
def gc_at_fixed_points() -> Iterator[None]:
    """Leave garbage to the virtual loop, which collects it at equal moments of equal programs."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


for _name in THREADED_METHODS:
    setattr(VirtualLoop, _name, refuse_always(f"{_name} was called", THREADED))
for _name in WIRED_METHODS:
    setattr(VirtualLoop, _name, refuse_always(f"{_name} was called", WIRED))
