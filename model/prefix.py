"""The prefix cache: keys and values of positions already read, as a tree of immutable blocks.

A block holds up to 16 positions and hangs under the block before it, so a path from the root spells a
prompt's beginning. Forking copies nothing and writing never changes a block: a line that goes its own way
hangs its own block beside the others. Blocks that no line leases may be evicted, the longest unused first.
The cache decides how fast an answer comes, never which; it knows keys by equality only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
"""Positions per full block."""

Kv = NDArray[np.float32]
"""Keys and values, shape (layers, 2, heads, positions, size)."""


class _Node:
    """One block under its parent."""

    __slots__ = ("children", "keys", "kv", "leases", "parent")

    def __init__(self, keys: tuple[Hashable, ...], kv: Kv | None, parent: _Node | None) -> None:
        self.keys = keys
        self.kv = kv
        self.parent = parent
        self.children: dict[Hashable, list[_Node]] = {}
        self.leases = 0

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(eq=False, slots=True)
class Lease:
    """The blocks that one line holds; nothing on it is evicted until it is released."""

    path: list[_Node] = field(default_factory=list)
    "Full blocks that hold the line's first positions."
    tails: list[_Node] = field(default_factory=list)
    "Blocks after them of which only a part belongs to the line."
    length: int = 0
    "Positions found when the lease was taken."


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the cache was made, and what it holds now."""

    blocks: int
    leased: int
    bytes: int
    found: int
    "Positions that lookups found."
    missed: int
    "Positions that lookups did not find."
    evicted: int


class PrefixCache:
    """At most ``budget`` bytes of blocks. Not thread-safe: it belongs to the engine's thread."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._root = _Node((), None, None)
        self._idle: OrderedDict[_Node, None] = (
            OrderedDict()
        )  # unleased, oldest first; children before parents
        self._blocks = self._bytes = self._leased = 0
        self._found = self._missed = self._evicted = 0

    def stats(self) -> Stats:
        return Stats(self._blocks, self._leased, self._bytes, self._found, self._missed, self._evicted)

    def lease(self, keys: Sequence[Hashable]) -> Lease:
        """Take the longest known prefix of ``keys``."""
        lease, node = Lease(), self._root
        while len(keys) - lease.length >= BLOCK:
            wanted = tuple(keys[lease.length : lease.length + BLOCK])
            child = next((c for c in node.children.get(wanted[0], ()) if c.keys == wanted), None)
            if child is None:
                break
            self._take(child)
            lease.path.append(child)
            lease.length += BLOCK
            node = child
        rest = tuple(keys[lease.length : lease.length + BLOCK])
        best, shared = None, 0
        for child in node.children.get(rest[0], ()) if rest else ():
            count = _common(child.keys, rest)
            if count > shared:
                best, shared = child, count
        if best is not None:
            self._take(best)
            lease.tails.append(best)
            lease.length += shared
        self._found += lease.length
        self._missed += len(keys) - lease.length
        return lease

    def gather(self, lease: Lease, empty: Kv) -> Kv:
        """The found positions in one array; ``empty`` gives the shape, with no positions."""
        if not lease.length:
            return empty
        layers, two, heads, _, size = empty.shape
        out = np.empty((layers, two, heads, lease.length, size), np.float32)
        at = 0
        for node in [*lease.path, *lease.tails]:
            count = min(len(node), lease.length - at)
            if node.kv is not None and count > 0:
                out[:, :, :, at : at + count] = node.kv[:, :, :, :count]
                at += count
        return out

    def store(self, lease: Lease, keys: Sequence[Hashable], kv: Kv) -> None:
        """Keep a line's positions, ``kv`` being all of them from the first on, and lease their blocks.

        What does not fit beside leased blocks is not kept.
        """
        at = len(lease.path) * BLOCK
        while at < len(keys):
            part = tuple(keys[at : at + BLOCK])
            parent = lease.path[-1] if lease.path else self._root
            node = self._known(parent, part)
            if node is None:
                self._outgrow(lease, parent, part)
                node = self._add(parent, part, kv[:, :, :, at : at + len(part)])
            if node is None:
                return
            if len(part) == BLOCK:
                self._take(node)
                lease.path.append(node)
            elif node not in lease.tails:
                self._take(node)
                lease.tails.append(node)
            at += len(part)

    def release(self, lease: Lease) -> None:
        """Give the blocks back; a second time does nothing."""
        for node in [*lease.tails, *reversed(lease.path)]:  # children first: see _idle
            self._give(node)
        lease.path, lease.tails, lease.length = [], [], 0

    def _outgrow(self, lease: Lease, parent: _Node, part: tuple[Hashable, ...]) -> None:
        """Give back the line's own partial blocks that a longer one is about to replace."""
        for tail in list(lease.tails):
            if tail.parent is parent and part[: len(tail)] == tail.keys:
                lease.tails.remove(tail)
                self._give(tail)

    def _give(self, node: _Node) -> None:
        node.leases -= 1
        if not node.leases:
            self._leased -= 1
            self._idle[node] = None

    def _take(self, node: _Node) -> None:
        if not node.leases:
            self._leased += 1
            del self._idle[node]
        node.leases += 1

    def _known(self, parent: _Node, part: tuple[Hashable, ...]) -> _Node | None:
        """A block that already holds these positions; a longer one serves for a partial one."""
        for child in parent.children.get(part[0], ()):
            if child.keys[: len(part)] == part:
                return child
        return None

    def _add(self, parent: _Node, part: tuple[Hashable, ...], kv: Kv) -> _Node | None:
        for child in list(parent.children.get(part[0], ())):
            if not child.leases and not child.children and _common(child.keys, part) == len(child):
                self._remove(child)  # a shorter partial block, of which the new one holds all
        if not self._make_room(kv.nbytes):
            return None
        copied = np.array(kv, dtype=np.float32, order="C")
        copied.setflags(write=False)
        node = _Node(part, copied, parent)
        parent.children.setdefault(part[0], []).append(node)
        self._idle[node] = None
        self._blocks += 1
        self._bytes += copied.nbytes
        return node

    def _make_room(self, size: int) -> bool:
        while self._bytes + size > self._budget:
            if not self._idle:
                return False
            self._remove(next(iter(self._idle)))
            self._evicted += 1
        return True

    def _remove(self, node: _Node) -> None:
        assert node.parent is not None and not node.children and not node.leases, "only idle leaves can go"
        del self._idle[node]
        siblings = node.parent.children[node.keys[0]]
        siblings.remove(node)
        if not siblings:
            del node.parent.children[node.keys[0]]
        self._blocks -= 1
        self._bytes -= node.kv.nbytes if node.kv is not None else 0


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """How many first elements two sequences share."""
    for count, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return count
    return min(len(a), len(b))
