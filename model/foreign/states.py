"""Attention states of the last few lines that were read, so that a prompt with a known beginning costs less.

An entry is a line's keys and the states that a transformers cache holds of them. Finding gives a copy of the
longest known beginning, so that whoever goes on from it changes nothing that others read. Bounded in bytes,
oldest use first out; losing an entry costs time only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .chat import Key

MOST = 16
"""Lines that are kept at most; each is compared with every prompt."""


@dataclass(frozen=True, slots=True)
class _Entry:
    keys: tuple[Key, ...]
    states: Any
    "A DynamicCache; it may have grown past the keys since, which changes nothing before."


class States:
    """Not thread-safe: it belongs to the engine's thread."""

    def __init__(self, limit: int) -> None:
        """``limit``: bytes of keys and values that are kept at most."""
        self._limit = limit
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """What the kept lines take."""
        return sum(_size(entry.states) for entry in self._entries)

    def fork(self, keys: Sequence[Key]) -> tuple[Any, int]:
        """States of the longest known beginning of these keys, and its length; new and empty for none."""
        from transformers import DynamicCache

        best, length = None, 0
        for entry in self._entries:
            known = _common(entry.keys, keys)
            if known > length:
                best, length = entry, known
        if best is None:
            return DynamicCache(), 0
        self._entries.remove(best)
        self._entries.append(best)
        return DynamicCache((k[:, :, :length], v[:, :, :length]) for k, v, *_ in best.states), length

    def keep(self, keys: Sequence[Key], states: Any) -> None:
        """Remember a line; what it makes superfluous is forgotten, and the oldest where room is short."""
        line = tuple(keys)
        kept = [
            entry
            for entry in self._entries
            if entry.states is not states and entry.keys != line[: len(entry.keys)]
        ]
        self._entries = [*kept, _Entry(line, states)][-MOST:]
        while self._entries and self.bytes > self._limit:
            del self._entries[0]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def _common(known: tuple[Key, ...], keys: Sequence[Key]) -> int:
    length = min(len(known), len(keys))
    return next((at for at in range(length) if known[at] != keys[at]), length)


def _size(states: Any) -> int:
    return sum(k.nbytes + v.nbytes for k, v, *_ in states)
