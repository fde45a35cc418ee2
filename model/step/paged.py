"""The prefix cache over a pool of blocks: which block holds which positions, who leases it, what may go.

Blocks form a tree: each hangs under the block before it, so a path from the root spells a prompt's
beginning. A block grows at its end only, by the one line that writes it, and is visible to all others at
once: they share it when it is full, and copy its first positions when it is not. So nothing that was written
ever changes. Blocks that no line leases may be evicted, the longest unused first. Knows keys by equality
only; touches no tensor. What is found here decides how fast an answer comes, never which.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from pipeline.errors import BugError, ModelError

BLOCK = 16
"""Positions per full block."""


class NoRoom(ModelError):
    """All blocks are leased."""


class _Node:
    """A block under its parent; its keys only grow."""

    __slots__ = ("block", "children", "keys", "leases", "parent")

    def __init__(self, block: int, parent: _Node | None) -> None:
        self.block, self.parent = block, parent
        self.keys: list[Hashable] = []
        self.children: dict[Hashable, list[_Node]] = {}
        self.leases = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the pages were made, and what they hold now."""

    blocks: int
    "That hold known positions."
    leased: int
    "Of these, held by open lines."
    free: int
    "That hold nothing."
    found: int
    "Positions that new lines found."
    missed: int
    "Positions that they did not find."
    evicted: int


class Line:
    """One sequence of positions and the blocks where they lie; ``close`` it when done."""

    def __init__(self, pages: Pages, path: list[_Node]) -> None:
        self._pages, self._path = pages, path
        self._spare: list[int] = []
        self._length = sum(len(node.keys) for node in path)
        self._open = True

    def __len__(self) -> int:
        return self._length

    @property
    def table(self) -> list[int]:
        """Its blocks in order, those that are reserved last."""
        return [*(node.block for node in self._path), *self._spare]

    def reserve(self, count: int) -> None:
        """Have room for ``count`` positions more. Raises NoRoom."""
        wanted = -(-(self._length + count) // BLOCK) - len(self._path) - len(self._spare)
        for _ in range(wanted):
            self._spare.append(self._pages.take_block(self._length + count))

    def wrote(self, keys: Sequence[Hashable]) -> None:
        """These positions are now in the reserved room, after all others."""
        if not self._open or len(keys) > len(self.table) * BLOCK - self._length:
            raise BugError(f"{len(keys)} positions were written without room for them")
        for key in keys:
            if not self._path or len(self._path[-1].keys) == BLOCK:
                self._path.append(self._pages.begin(self._path, self._spare.pop(0), key))
            else:
                self._path[-1].keys.append(key)
            self._length += 1
            if len(self._path[-1].keys) == BLOCK:
                self._path[-1] = self._pages.settled(self._path[-1])

    def close(self) -> None:
        """Leave what was written to the cache and give up the lease; a second time does nothing."""
        if self._open:
            self._open = False
            self._pages.release(self._path, self._spare)


class Pages:
    """``blocks`` blocks, numbered from 1. Not thread-safe: they belong to the engine's thread."""

    def __init__(self, blocks: int, copy: Callable[[int, int, int], None]) -> None:
        """``copy(source, target, count)`` copies the first positions of one block into another."""
        self._size, self._copy = blocks, copy
        self._free = list(range(blocks, 0, -1))
        self._root = _Node(0, None)
        self._idle: OrderedDict[_Node, None] = (
            OrderedDict()
        )  # unleased, oldest first; children before parents
        self._blocks = self._leased = self._found = self._missed = self._evicted = 0

    def stats(self) -> Stats:
        return Stats(self._blocks, self._leased, len(self._free), self._found, self._missed, self._evicted)

    def open(self, keys: Sequence[Hashable]) -> Line:
        """A line that begins with the longest known prefix of ``keys``."""
        path, node, at = list[_Node](), self._root, 0
        while len(keys) - at >= BLOCK:
            wanted = list(keys[at : at + BLOCK])
            child = next((one for one in node.children.get(wanted[0], ()) if one.keys == wanted), None)
            if child is None:
                break
            self._take(child)
            path.append(child)
            node, at = child, at + BLOCK
        if tail := self._tail(node, keys[at : at + BLOCK]):
            path.append(tail)
            at += len(tail.keys)
        self._found += at
        self._missed += len(keys) - at
        return Line(self, path)

    def _tail(self, parent: _Node, rest: Sequence[Hashable]) -> _Node | None:
        """A block under ``parent`` that begins like ``rest``, leased, to be written on; None: none does."""
        best, shared = None, 0
        for child in parent.children.get(rest[0], ()) if rest else ():
            count = _common(child.keys, rest)
            if count > shared or (best and count == shared and not child.leases and len(child.keys) == count):
                best, shared = child, count
        if best is None:
            return None
        if not best.leases and len(best.keys) == shared < BLOCK:
            self._take(best)  # nobody writes it: this line goes on with it
            return best
        self._take(best)  # so that making room does not evict it
        try:
            block = self._allocate()
        finally:
            self._give(best)
        if block is None:
            return None
        self._copy(best.block, block, shared)
        node = self._added(parent, block, rest[0])
        node.keys.extend(rest[1:shared])
        return node

    # --- for lines ----------------------------------------------------------------------------------------

    def take_block(self, positions: int) -> int:
        """An empty block for a line that wants to be so long. Raises NoRoom."""
        block = self._allocate()
        if block is None:
            raise NoRoom(
                f"the memory for keys and values is full: {self._size * BLOCK} positions, of which open "
                f"generations hold {(self._size - len(self._free)) * BLOCK}, and this one needs "
                f"{positions}; give the engine more positions, or run fewer generations at a time"
            )
        return block

    def begin(self, path: list[_Node], block: int, key: Hashable) -> _Node:
        """The next block of a line, with its first position."""
        return self._added(path[-1] if path else self._root, block, key)

    def settled(self, node: _Node) -> _Node:
        """The block to go on after, now that this one is full: an equal one that was there before, if any."""
        assert node.parent is not None
        for other in node.parent.children[node.keys[0]]:
            if other is not node and other.keys == node.keys:
                self._take(other)
                self._give(node)
                self._remove(node)
                return other
        return node

    def release(self, path: list[_Node], spare: list[int]) -> None:
        """Give back a line's blocks."""
        self._free += reversed(spare)
        spare.clear()
        for node in reversed(path):  # children first: see _idle
            self._give(node)
        if path and len(path[-1].keys) < BLOCK:
            self._tidy(path[-1])

    # --- the tree -----------------------------------------------------------------------------------------

    def _tidy(self, tail: _Node) -> None:
        """Of partial blocks of which one holds all of another, keep the longer."""
        assert tail.parent is not None
        for other in list(tail.parent.children[tail.keys[0]]):
            if other is tail:
                continue
            shared = _common(tail.keys, other.keys)
            if shared == len(tail.keys):
                self._remove(tail)
                return
            if shared == len(other.keys) and not other.leases:
                self._remove(other)

    def _added(self, parent: _Node, block: int, key: Hashable) -> _Node:
        node = _Node(block, parent)
        node.keys.append(key)
        parent.children.setdefault(key, []).append(node)
        self._blocks += 1
        self._idle[node] = None
        self._take(node)
        return node

    def _take(self, node: _Node) -> None:
        if not node.leases:
            self._leased += 1
            del self._idle[node]
        node.leases += 1

    def _give(self, node: _Node) -> None:
        node.leases -= 1
        if not node.leases:
            self._leased -= 1
            self._idle[node] = None

    def _allocate(self) -> int | None:
        if not self._free:
            if not self._idle:
                return None
            self._remove(next(iter(self._idle)))
            self._evicted += 1
        return self._free.pop()

    def _remove(self, node: _Node) -> None:
        assert node.parent is not None and not node.children and not node.leases, "only idle leaves can go"
        del self._idle[node]
        siblings = node.parent.children[node.keys[0]]
        siblings.remove(node)
        if not siblings:
            del node.parent.children[node.keys[0]]
        self._free.append(node.block)
        self._blocks -= 1


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many first elements two sequences share."""
    for count, (x, y) in enumerate(zip(one, other, strict=False)):
        if x != y:
            return count
    return min(len(one), len(other))
