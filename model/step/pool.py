"""The memory of keys and values: one tensor of blocks, and how a run of the network reaches into it.

Blocks have numbers; what they hold is known elsewhere (``paged.py``). Block 0 belongs to nobody: lines that
only fill up a batch write there, and nobody reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .config import TextDims
from .paged import BLOCK


class Pool:
    """Keys and values, shape (layers, 2, blocks, BLOCK, kv_heads, size)."""

    def __init__(
        self,
        dims: TextDims,
        blocks: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        """``blocks`` that lines may have; one more is taken for nobody."""
        self.blocks = blocks
        shape = (dims.layers, 2, blocks + 1, BLOCK, dims.kv_heads, dims.size)
        self.kv = torch.zeros(shape, device=device, dtype=dtype or torch.float32)

    def release(self) -> None:
        """Give the memory back."""
        self.kv = self.kv.new_empty(0)

    def copy(self, source: int, target: int, count: int) -> None:
        """The first ``count`` positions of one block into another."""
        self.kv[:, :, target, :count] = self.kv[:, :, source, :count]

    def clear(self, table: Sequence[int], start: int) -> None:
        """Nothing is left in a line's blocks from position ``start`` on."""
        if start % BLOCK:
            self.kv[:, :, table[start // BLOCK], start % BLOCK :] = 0
        for block in table[-(-start // BLOCK) :]:
            self.kv[:, :, block] = 0

    def reach(self, tables: Sequence[Sequence[int]], starts: Sequence[int], new: int) -> Reach:
        """For B lines of blocks ``tables``, each with ``new`` positions after its first ``starts``."""
        width = max(len(table) for table in tables)
        blocks = [[*table, *[0] * (width - len(table))] for table in tables]
        device = self.kv.device
        return self.over(torch.tensor(blocks, device=device), torch.tensor(starts, device=device), new)

    def over(self, blocks: Tensor, starts: Tensor, new: int) -> Reach:
        """The same for blocks (B, W) and starts (B,) that are on the device already."""
        positions = starts[:, None] + torch.arange(new, device=blocks.device)
        slots = blocks.gather(1, positions // BLOCK) * BLOCK + positions % BLOCK
        seen = torch.arange(blocks.shape[1] * BLOCK, device=blocks.device) <= positions[:, :, None]
        return Reach(self.kv, blocks, slots.view(-1), seen[:, None], positions)


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Where B lines write T new positions, and what they see: of one shape, whatever their lengths."""

    kv: Tensor
    "The pool."
    blocks: Tensor
    "(B, W): each line's blocks in order, filled up with block 0."
    slots: Tensor
    "(B x T): where the new positions go, as block x BLOCK + place."
    seen: Tensor
    "(B, 1, T, W x BLOCK): true where a new position may look."
    positions: Tensor
    "(B, T): of the new positions in their lines."

    def take(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's new keys and values (B, T, G, D); all of the lines' come back."""
        lines, width = self.blocks.shape
        found = []
        for which, new in enumerate((key, value)):
            held = self.kv[layer, which]
            held.view(-1, *held.shape[2:]).index_copy_(0, self.slots, new.reshape(-1, *new.shape[2:]))
            gathered = held.index_select(0, self.blocks.view(-1))  # copies whole blocks, as indexing does not
            found.append(gathered.view(lines, width * BLOCK, *held.shape[2:]))
        return found[0], found[1]
