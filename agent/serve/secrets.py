"""Passes that are shown once: a client's secret with its settings, a page's key. In memory only, bounded.

What is kept is a digest, looked up whole, so that neither a copy of the memory's keys nor the time of a
lookup tells how near a guess came.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    until: float


class Passes(Generic[T]):
    """Unguessable names for values, each good until a moment; the oldest goes when there are too many."""

    def __init__(self, prefix: str, clock: Callable[[], float], *, most: int = 1000) -> None:
        self._prefix, self._clock, self._most = prefix, clock, most
        self._kept: dict[bytes, _Kept[T]] = {}

    def __len__(self) -> int:
        self._forget()
        return len(self._kept)

    def mint(self, value: T, seconds: float) -> str:
        """A new name for this value, of 256 random bits."""
        self._forget()
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        name = self._prefix + secrets.token_urlsafe(32)
        self.put(name, value, seconds)
        return name

    def put(self, name: str, value: T, seconds: float) -> None:
        """The value under a name that was minted before."""
        self._kept[_digest(name)] = _Kept(value, self._clock() + seconds)

    def look(self, name: str) -> T | None:
        """The value; the name stays good."""
        self._forget()
        kept = self._kept.get(_digest(name))
        return None if kept is None else kept.value

    def take(self, name: str) -> T | None:
        """The value, once: the name is good no more."""
        self._forget()
        kept = self._kept.pop(_digest(name), None)
        return None if kept is None else kept.value

    @contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """Within it the name is spent; where the block raises it is good again: no call came of it.

        Raises LookupError where it is not good.
        """
        self._forget()
        kept = self._kept.pop(_digest(name), None)
        if kept is None:
            raise LookupError("this name is not good, or not any more")
        try:
            yield
        except BaseException:
            self._kept[_digest(name)] = kept
            raise

    def _forget(self) -> None:
        now = self._clock()
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]


def same(given: str, key: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return secrets.compare_digest(_digest(given), _digest(key))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
