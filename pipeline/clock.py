"""The one clock, which is the running loop's, and two ways to run on it: in real or virtual time.

No other file imports ``time``. All waiting is ``asyncio.sleep`` and ``asyncio.timeout_at`` on the running
loop, so that a whole session also runs in virtual time: hours in seconds, and a deadlock is an error at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .errors import BugError
from .seal import is_sealed, sealed
from .virtual import VirtualLoop, gc_at_fixed_points

T = TypeVar("T")

_SIMULATED_DAY = 1_700_000_000.0
"""Unix seconds at which every simulation begins."""


def now() -> float:
    """Seconds on the running loop's clock. Raises RuntimeError where no loop runs."""
    return asyncio.get_running_loop().time()


def monotonic() -> float:
    """Seconds on the machine's clock, for device threads and for reports about the machine itself.

    Raises BugError inside a simulation, where reading it would make equal seeds differ.
    """
    if is_sealed():
        raise BugError("the machine's clock was read inside a simulation; read pipeline.clock.now()")
    return time.monotonic()


def epoch() -> float:
    """Unix seconds, for dates that another machine reads; in a simulation a fixed day plus virtual time."""
    return _SIMULATED_DAY + now() if is_sealed() else time.time()


def dice() -> random.Random:
    """The simulation's only source of chance. Raises BugError on a real loop."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise BugError("dice belong to a simulation; a real session leaves nothing to them")
    return loop.dice


def run(main: Callable[[], Awaitable[T]], *, fast: bool = False) -> T:
    """Run a program in real time and clean up after it; ``fast`` takes uvloop where it is installed.

    The first Ctrl-C cancels ``main``, which may clean up; unless it swallows that, KeyboardInterrupt is
    raised afterwards. A second Ctrl-C raises it at once. uvloop's clock ticks in whole milliseconds.
    """
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if fast:
        with contextlib.suppress(ImportError):
            factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_entry(main))


def simulate(main: Callable[[], Awaitable[T]], *, seed: int = 0, limit: float = 86400.0) -> T:
    """Run a program in virtual time, which passes only when nothing is ready, and return its result.

    Raises what ``main`` raises, and what any callback or forgotten task raised; StallError, naming every
    waiting task, when nothing is ready and no timer is set or when a million steps pass in one instant;
    BugError when tasks outlive ``main``, when ``limit`` virtual seconds are over, and at once where the
    program starts a thread or a process, opens a socket or is called from another thread. ``seed`` feeds
    ``dice()``.
    """
    if is_sealed() or asyncio._get_running_loop() is not None:
        raise BugError("simulate() was called where a loop already runs; await the program there instead")
    loop = VirtualLoop(seed, limit)
    task = loop.create_task(_entry(main), name="main")
    try:
        with sealed(), gc_at_fixed_points():
            try:
                result = loop.run_until_complete(task)
                loop.settle()
            except BaseException as error:
                loop.sweep(error)
                raise
            return result
    finally:
        loop.close()


async def _entry(main: Callable[[], Awaitable[T]]) -> T:
    return await main()
