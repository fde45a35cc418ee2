"""One line of positions that a language model has read, and its lease on the prefix cache.

Lines share what they have in common through the cache alone; each reads on from its own arrays, so a line
that is dropped half-way leaves nothing behind but blocks that are true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.errors import ModelError

from .graphs import Floats, Network
from .prefix import BLOCK, PrefixCache
from .render import Key


class Line:
    """Starts with the longest beginning that the cache knows; ``close`` it when done."""

    def __init__(self, network: Network, cache: PrefixCache, keys: Sequence[Key]) -> None:
        """Take the known prefix of ``keys``; the caller reads the rest."""
        self._network, self._cache = network, cache
        self._lease = cache.lease(keys)
        self._past = cache.gather(self._lease, network.empty())
        self._keys = list(keys[: self._lease.length])

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def past(self) -> Floats:
        """Keys and values of what was read, shape (layers, 2, heads, positions, size); not to be changed."""
        return self._past

    def read(self, embeds: Floats, keys: Sequence[Key]) -> Floats:
        """Read on: embeds (t, width) with one key each, t >= 1 -> logits (vocabulary,) after the last.

        Raises ModelError, and keeps nothing of them, when the network computes values that are not numbers.
        """
        logits, present = self._network.read(embeds, self._past)
        last: Floats = logits[-1]  # one bad position makes every later one bad, so the last one tells
        self._take(present, keys, last)
        return last

    def confirm(self, embeds: Floats, keys: Sequence[Key], agree: Callable[[Floats], int]) -> None:
        """Read on as far as the model agrees: ``agree`` gets the logits (t, vocabulary) after each of the
        positions and says how many of them, from the first on, count as read.

        Raises ModelError like ``read``.
        """
        logits, present = self._network.read(embeds, self._past)
        if count := agree(logits):
            self._take(present[:, :, :, : len(self._keys) + count], keys[:count], logits[count - 1])

    def _take(self, present: Floats, keys: Sequence[Key], last: Floats) -> None:
        if not np.isfinite(last).all():
            raise ModelError(
                "the model computed values that are not numbers for this request; it is given up"
            )
        self._past = present
        before = len(self._keys)
        self._keys.extend(keys)
        if before // BLOCK != len(self._keys) // BLOCK:
            self._cache.store(self._lease, self._keys[: len(self._keys) // BLOCK * BLOCK], self._past)

    def keep(self) -> None:
        """Show all that was read to other lines; whole blocks they see in any case."""
        self._cache.store(self._lease, self._keys, self._past)

    def close(self) -> None:
        """Leave what was read to the cache and give up the lease."""
        self.keep()
        self._cache.release(self._lease)
