"""Speaking in a process of its own, begun anew without the utterance that killed its engine.

Engines of C die now and then of one utterance. Each has a number and draws from it alone, so that what is
left out changes no other.
"""

import itertools
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from .progress import say
from .speech import EngineDied

TRYING, FATAL = ".trying", ".fatal"
"Endings of files beside what is spoken: the utterance under way, and those that killed the engine."
DEATHS = 40
FAULTS = frozenset((signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL))
"What engines die of; a worker that was stopped by somebody has no utterance to blame."
ENGINE_DIED = 70
"Exit status of a worker whose engine, a process of its own, died of one of `FAULTS`."


class Ordered(Protocol):
    """What a worker speaks: files in a folder that begin with its group and seed."""

    @property
    def folder(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def seed(self) -> int: ...


OrderT = TypeVar("OrderT", bound=Ordered)


def attempts(name: Path) -> Iterator[int]:
    """Numbers from 0 on, but those that killed the engine; which one is under way is on record beside
    ``name`` until ``done``."""
    fatal = name.with_suffix(FATAL)
    skipped = {int(line) for line in fatal.read_text("ascii").split()} if fatal.exists() else set[int]()
    with name.with_suffix(TRYING).open("w", encoding="ascii") as trying:
        for attempt in itertools.count():
            if attempt in skipped:
                continue
            trying.seek(0)
            trying.write(f"{attempt}\n")
            trying.flush()
            yield attempt


def done(name: Path) -> None:
    """All of it is spoken and kept: nothing is under way."""
    name.with_suffix(TRYING).unlink()


def blame(row: Sequence[Ordered]) -> str | None:
    """Puts what a dead worker of these orders was trying on the list of what is not tried again, and names
    it; None where it was trying nothing."""
    for order in row:
        for trying in Path(order.folder).glob(f"{order.group}-{order.seed}-*{TRYING}"):
            attempt = int(trying.read_text("ascii"))
            with trying.with_suffix(FATAL).open("a", encoding="ascii") as fatal:
                fatal.write(f"{attempt}\n")
            trying.unlink()
            return f"{trying.stem}, utterance {attempt}"
    return None


def watched(target: Callable[[Sequence[OrderT]], None], row: Sequence[OrderT]) -> None:
    """``target(row)`` in a spawned process; what kills its engine is left out. RuntimeError if it fails
    otherwise, or dies too often."""
    context = multiprocessing.get_context("spawn")
    for _ in range(DEATHS):
        worker = context.Process(target=_work, args=(target, row))
        worker.start()
        worker.join()
        if not worker.exitcode:
            return
        died = -worker.exitcode in FAULTS or worker.exitcode == ENGINE_DIED
        what = blame(row) if died else None
        if what is None:
            raise RuntimeError(f"a speech worker failed (it left with {worker.exitcode}); see above")
        say(f"{what}: it killed the engine and is left out")
    raise RuntimeError(f"a speech worker died {DEATHS} times: look at its engine")


def _work(target: Callable[[Sequence[OrderT]], None], row: Sequence[OrderT]) -> None:
    try:
        target(row)
    except EngineDied as problem:
        say(str(problem))
        sys.exit(ENGINE_DIED)
