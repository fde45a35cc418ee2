"""The far side of a compute port: one service, one job at a time, in turn; knows no event loop.

A call is one job, a stream is one job per step, and every job waits for its turn, so that a long generation
blocks neither a prefill nor another stream for longer than one step. A stream runs only as far ahead of its
reader as the reader allows. What comes in and goes out are plain values.
"""

from __future__ import annotations

import importlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeAlias

from .errors import BugError, HocketError, ModelError

SERVICE = 0
"""The id under which a service speaks of itself; requests count from 1."""


@dataclass(frozen=True)
class Factory:
    """How to build a service where it will live: ``Factory("model.engine:Engine", (path,))``."""

    target: str
    "``module:callable``."
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Any:
        """Import and call the target. Raises BugError when there is no such thing."""
        module, _, name = self.target.partition(":")
        try:
            build = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise BugError(f"cannot find {self.target!r}, written as module:callable: {error}") from error
        return build(*self.args, **self.kwargs)


# --- what crosses the port -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """Run a method once."""

    request: int
    method: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Start a method that returns an iterator."""

    request: int
    method: str
    args: tuple[Any, ...]
    allowance: int
    "Steps that may be taken before the reader asks for more."


@dataclass(frozen=True, slots=True)
class More:
    """The reader took some items."""

    request: int
    count: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody waits for this any more."""

    request: int


@dataclass(frozen=True, slots=True)
class Quit:
    """Free everything and end."""


Command: TypeAlias = Call | Open | More | Stop | Quit


@dataclass(frozen=True, slots=True)
class Value:
    """A call's result, or one item of a stream."""

    request: int
    value: Any


@dataclass(frozen=True, slots=True)
class End:
    """A stream has no more items."""

    request: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A request failed, or with SERVICE, the service itself."""

    request: int
    kind: str
    "``module:class`` of a HocketError."
    text: str

    def error(self) -> HocketError:
        """The error as it was raised, by type and text."""
        module, _, name = self.kind.partition(":")
        kind = getattr(importlib.import_module(module), name)
        error: HocketError = kind.__new__(kind, self.text)
        return error


@dataclass(frozen=True, slots=True)
class Gone:
    """The service has ended, by itself or because it was told to; always the last thing heard of it."""

    how: str


Reply: TypeAlias = Value | End | Failure | Gone


def failure(request: int, what: str, error: Exception) -> Failure:
    """What an exception becomes at the port: errors of ours stay what they are, others become ModelErrors."""
    raised = ours(what, error)
    line = type(raised).__mro__
    kinds = (kind for kind in line if "." not in kind.__qualname__ and kind.__module__ != "__main__")
    kind = next(kinds)  # a class that the other side can import
    return Failure(request, f"{kind.__module__}:{kind.__name__}", str(raised))


def ours(what: str, error: Exception) -> HocketError:
    """The error itself if it is ours, otherwise a ModelError that quotes it."""
    if isinstance(error, HocketError):
        return error
    return ModelError(f"{what} failed with {type(error).__name__}: {error}")


# --- turns -----------------------------------------------------------------------------------------------


@dataclass
class _Stream:
    method: str
    args: tuple[Any, ...]
    allowance: int
    steps: Iterator[Any] | None = None


def first_step(service: Any, method: str, args: tuple[Any, ...]) -> Iterator[Any]:
    """Start a stream. Raises BugError for a private or unknown name or a method that does not stream."""
    steps = run(service, method, args)
    if not isinstance(steps, Iterator):
        raise BugError(f"{method} returned a {type(steps).__name__}, which is no stream; call it instead")
    return steps


def run(service: Any, method: str, args: tuple[Any, ...]) -> Any:
    """Run one public method. Raises BugError for a private or unknown name."""
    work = None if method.startswith("_") else getattr(service, method, None)
    if not callable(work):
        raise BugError(f"a {type(service).__name__} has no method {method!r}")
    return work(*args)


def free(steps: Iterator[Any] | None, method: str) -> None:
    """Close a stream's generator, which gives back what it leased; nobody waits for an error in that."""
    close = getattr(steps, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception:  # the request is over; the next one must still run
        logging.getLogger("hocket.compute").exception("%s did not stop cleanly", method)


class Rota:
    """Gives every request its turn."""

    def __init__(self, service: Any, reply: Callable[[Reply], None]) -> None:
        self._service = service
        self._reply = reply
        self._requests: dict[int, Call | _Stream] = {}
        self._turns: deque[int] = deque()

    @property
    def idle(self) -> bool:
        """True when nothing can be done before the next command."""
        return not self._turns

    def accept(self, command: Call | Open | More | Stop) -> None:
        """Take note of a command; a stop frees its stream before any other job runs."""
        request = command.request
        match command:
            case Call():
                self._requests[request] = command
                self._turns.append(request)
            case Open():
                self._requests[request] = _Stream(command.method, command.args, command.allowance)
                self._turns.append(request)
            case More():
                stream = self._requests.get(request)
                if isinstance(stream, _Stream):
                    if stream.allowance == 0:
                        self._turns.append(request)
                    stream.allowance += command.count
            case Stop():
                stopped = self._requests.pop(request, None)
                if request in self._turns:
                    self._turns.remove(request)
                if isinstance(stopped, _Stream):
                    free(stopped.steps, stopped.method)

    def work(self) -> None:
        """Do one job: a whole call or one step of a stream."""
        request = self._turns.popleft()
        job = self._requests[request]
        try:
            if isinstance(job, Call):
                reply: Reply = Value(request, run(self._service, job.method, job.args))
            else:
                reply = self._step(request, job)
        except Exception as error:  # noqa: BLE001  # every failure crosses the port to whoever asked
            reply = failure(request, job.method, error)
        if isinstance(job, Call) or not isinstance(reply, Value):
            del self._requests[request]
        self._reply(reply)

    def _step(self, request: int, stream: _Stream) -> Reply:
        if stream.steps is None:
            stream.steps = first_step(self._service, stream.method, stream.args)
        try:
            item = next(stream.steps)
        except StopIteration:
            return End(request)
        stream.allowance -= 1
        if stream.allowance:
            self._turns.append(request)
        return Value(request, item)

    def close(self) -> None:
        """Free every stream, then the service."""
        for job in self._requests.values():
            if isinstance(job, _Stream):
                free(job.steps, job.method)
        self._requests.clear()
        self._turns.clear()
        close = getattr(self._service, "close", None)
        if close is not None:
            close()


def serve(factory: Callable[[], Any], inbox: SimpleQueue[Command], reply: Callable[[Reply], None]) -> None:
    """Build the service and work until told to quit. A service that cannot be built says why and ends."""
    try:
        service = factory()
    except Exception as error:  # noqa: BLE001  # told to everyone who asks
        reply(failure(SERVICE, "building the service", error))
        return
    rota = Rota(service, reply)
    try:
        while True:
            while rota.idle or not inbox.empty():
                command = inbox.get()
                if isinstance(command, Quit):
                    return
                rota.accept(command)
            rota.work()
    finally:
        rota.close()
