"""A service for the tests of the compute port. Importable by name, so that a spawned process finds it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import CheckpointError, DeviceError, ModelError, UserError

HANG = threading.Event()
"""Ends a job that hangs in a thread, once a test has seen it hang."""


class Counting:
    """Counts, streams, fails, hangs and dies on request, and remembers the order of its work."""

    def __init__(self, start: int = 0, *, step: int = 1) -> None:
        self.total = start
        self.step = step
        self.open = 0
        self.story: list[str] = []
        self.home = (os.getpid(), threading.get_ident())

    def add(self, number: int) -> int:
        """The new total."""
        self.story.append(f"add {number}")
        self.total += number * self.step
        return self.total

    def count(self, name: str, upto: int) -> Iterator[int]:
        """One number per step, freed when closed."""
        self.open += 1
        try:
            for number in range(upto):
                self.story.append(f"{name} {number}")
                yield number
        finally:
            self.open -= 1
            self.story.append(f"{name} freed")

    def stubborn(self) -> Iterator[int]:
        """Cannot be closed without an error."""
        try:
            yield from range(100)
        finally:
            raise ValueError("would not go")

    def told(self) -> list[str]:
        """What was done, in order."""
        return list(self.story)

    def opened(self) -> int:
        """Streams that still hold something."""
        return self.open

    def same_home(self) -> bool:
        """True where the service was built in the thread that works."""
        return self.home == (os.getpid(), threading.get_ident())

    def pid(self) -> int:
        """The process that works."""
        return os.getpid()

    def echo(self, value: Any) -> Any:
        """What came."""
        return value

    def broken_pipe_dreams(self) -> Any:
        """Something that no pipe carries."""
        return lambda: None

    def fail(self, kind: str) -> None:
        """Raise one of several errors."""
        raise {
            "ours": CheckpointError("weights.safetensors: truncated after 17 bytes"),
            "local": _local_error(),
            "theirs": KeyError("layer.3"),
            "user": UserError("nothing was said"),
        }[kind]

    def stumble(self, after: int) -> Iterator[int]:
        """A stream that fails."""
        yield from range(after)
        raise ModelError("out of memory")

    def hang(self, sign: str) -> None:
        """Write a file as a sign, then never answer, unless a test relents."""
        Path(sign).touch()
        HANG.wait()

    def die(self) -> None:
        """End the thread, or the process."""
        sys.exit(3)

    def vanish(self) -> None:
        """End the process as the kernel would."""
        os._exit(9)


def _local_error() -> DeviceError:
    class Unplugged(DeviceError):
        """A class that nobody can import."""

    return Unplugged("it was unplugged")


def impossible() -> Counting:
    """A service that cannot be built."""
    raise CheckpointError("no weights at all")
