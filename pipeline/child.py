"""The life of a service's own process. Imports no event loop, so that it starts quickly.

It must end when its parent does, also when the parent was killed and a job hangs.
"""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue

from .errors import BugError
from .service import Command, Factory, Gone, Quit, Reply, failure, serve

_GRACE = 1.5
"""Seconds that a job may go on after the parent is gone."""


def live(pipe: Connection, factory: Factory) -> None:
    """Build the service and work for the parent until told to quit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    inbox: SimpleQueue[Command] = SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, inbox), daemon=True).start()

    def reply(said: Reply) -> None:
        try:
            pipe.send(said)
        except OSError:
            inbox.put(Quit())
        except Exception as error:  # noqa: BLE001  # told to whoever asked
            assert not isinstance(said, Gone)
            fault = BugError(f"this answer cannot cross from a process: {error}")
            pipe.send(failure(said.request, "answering", fault))

    serve(factory, inbox, reply)


def _receive(pipe: Connection, inbox: SimpleQueue[Command]) -> None:
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        inbox.put(Quit())
        threading.Event().wait(_GRACE)  # the parent is gone: nobody else would end a job that hangs
        os._exit(1)
