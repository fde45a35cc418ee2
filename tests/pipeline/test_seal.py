"""The seal: refuses inside, leaves alone outside, and goes without a trace."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
import threading

import pytest

from pipeline.errors import BugError
from pipeline.seal import is_sealed, refuse_always, sealed


def test_a_sealed_thread_starts_nothing() -> None:
    process = multiprocessing.get_context("spawn").Process(target=int)
    with sealed():
        assert is_sealed()
        with pytest.raises(BugError, match="thread was started"):
            threading.Thread(target=int).start()
        with pytest.raises(BugError, match="process was started"):
            process.start()
        with pytest.raises(BugError, match="process was started"):
            subprocess.Popen([sys.executable, "-V"])
        with pytest.raises(BugError, match="socket was opened"):
            socket.socket()
    assert not is_sealed()


def test_afterwards_all_is_as_before() -> None:
    before = (threading.Thread.start, subprocess.Popen.__init__, socket.socket.__init__)
    with pytest.raises(ValueError, match="through"), sealed():
        raise ValueError("an error passes through")
    assert before == (threading.Thread.start, subprocess.Popen.__init__, socket.socket.__init__)


def test_two_sealed_threads_and_one_beside_them() -> None:
    """The one that ends first must not unseal the other, and a third is never bound."""
    first_in, second_out, done = threading.Event(), threading.Event(), threading.Event()
    outcome: list[str] = []

    def second() -> None:
        with sealed():
            first_in.wait()
        second_out.set()

    thread = threading.Thread(target=second)
    thread.start()

    def third() -> None:
        second_out.wait()
        inner = threading.Thread(target=outcome.append, args=("started beside it",))
        inner.start()
        inner.join()
        done.set()

    outsider = threading.Thread(target=third)
    outsider.start()
    with sealed():
        first_in.set()
        second_out.wait()
        done.wait()
        with pytest.raises(BugError):
            threading.Thread(target=int).start()
    thread.join()
    outsider.join()
    assert outcome == ["started beside it"]


def test_what_is_refused_says_what_to_do() -> None:
    with pytest.raises(BugError, match="it was called inside a simulation; do that instead"):
        refuse_always("it was called", "do that instead")(1, two=2)
