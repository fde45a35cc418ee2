"""What a simulation may not do: start threads and processes, open sockets. Each is a BugError at once.

Elsewhere in the process, and after the simulation, nothing of this may be noticed.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

from .errors import BugError

THREADED = "put blocking work behind a compute port, which runs inline here"
WIRED = "put the wire behind a port and give the simulation a fake of it"

THREADED_METHODS = ("run_in_executor", "subprocess_exec", "subprocess_shell")
WIRED_METHODS = (
    "add_reader", "add_writer", "add_signal_handler", "connect_read_pipe", "connect_write_pipe",
    "create_connection", "create_datagram_endpoint", "create_server", "create_unix_connection",
    "create_unix_server", "getaddrinfo", "getnameinfo", "sendfile", "sock_accept", "sock_connect",
    "sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendfile",
    "sock_sendto",
)  # fmt: skip
"""Methods of an event loop that reach outside."""

_sealed_threads: dict[int, None] = {}
_sealing = threading.Lock()
_originals: list[tuple[type, str, Callable[..., Any]]] = []


def is_sealed() -> bool:
    """True in a thread that runs a simulation."""
    return threading.get_ident() in _sealed_threads


def refuse_always(what: str, remedy: str) -> Callable[..., NoReturn]:
    """A function that raises BugError whatever it is called with."""

    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        raise BugError(f"{what} inside a simulation; {remedy}")

    return refuse


def _unless_sealed(what: str, remedy: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*args: Any, **options: Any) -> Any:
        if is_sealed():
            raise BugError(f"{what} inside a simulation; {remedy}")
        return original(*args, **options)

    return guarded


@contextlib.contextmanager
def sealed() -> Iterator[None]:
    """Refuse threads, processes and sockets that this thread starts behind the loop's back."""
    with _sealing:
        if not _sealed_threads:
            for owner, name, what, remedy in (
                (threading.Thread, "start", "a thread was started", THREADED),
                (BaseProcess, "start", "a process was started", THREADED),
                (subprocess.Popen, "__init__", "a process was started", THREADED),
                (socket.socket, "__init__", "a socket was opened", WIRED),
            ):
                original = getattr(owner, name)
                _originals.append((owner, name, original))
                setattr(owner, name, _unless_sealed(what, remedy, original))
        _sealed_threads[threading.get_ident()] = None
    try:
        yield
    finally:
        with _sealing:
            _sealed_threads.pop(threading.get_ident(), None)
            while _originals and not _sealed_threads:
                setattr(*_originals.pop())
