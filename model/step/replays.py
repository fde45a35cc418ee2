"""Steps of fixed shapes: recorded once on a GPU and replayed from then on (CUDA graphs).

A step of a large network is thousands of small kernels, which a processor launches more slowly than a GPU
runs them. Recorded, they are launched as one. Rows and blocks are filled up to one of a few shapes; what
fills up writes to block 0 and is thrown away. Without a GPU the same fixed shapes run as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

Fixed: TypeAlias = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""ids (B,), blocks (B, W), starts (B,) -> tokens and log-probabilities (B,); tensors on one device alone."""

NARROWEST = 16
"""Blocks of the narrowest shape: 256 positions."""


def filled(count: int, least: int = 1) -> int:
    """The smallest power of two that is not under ``count`` or ``least``."""
    return 1 << (max(count, least) - 1).bit_length()


class Replays:
    """One recording per shape, made when it is first wanted."""

    def __init__(self, work: Fixed, device: torch.device) -> None:
        self._work, self._device = work, device
        self._made: dict[tuple[int, int], _Replay] = {}
        self._memory = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def step(
        self, ids: Sequence[int], tables: Sequence[Sequence[int]], starts: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Tokens and log-probabilities (B,) after reading one token at the end of each line."""
        rows, width = filled(len(ids)), filled(max(map(len, tables)), NARROWEST)
        replay = self._made.get((rows, width))
        if replay is None:
            replay = self._made[rows, width] = _Replay(rows, width, self._device)
        replay.fill(ids, tables, starts)
        if replay.play is None:
            replay.record(self._work, self._memory)
        assert replay.play is not None, "it was recorded"
        replay.play()
        assert replay.given is not None, "it was played"
        tokens, logprobs = replay.given
        return tokens[: len(ids)], logprobs[: len(ids)]


class _Replay:
    """One shape: what goes in, what comes out, always at the same addresses."""

    def __init__(self, rows: int, width: int, device: torch.device) -> None:
        self.ids = torch.zeros(rows, dtype=torch.long, device=device)
        self.blocks = torch.zeros(rows, width, dtype=torch.long, device=device)
        self.starts = torch.zeros(rows, dtype=torch.long, device=device)
        self.given: tuple[Tensor, Tensor] | None = None
        self.play: Callable[[], None] | None = None

    def fill(self, ids: Sequence[int], tables: Sequence[Sequence[int]], starts: Sequence[int]) -> None:
        rows, width = self.blocks.shape
        more = rows - len(ids)
        wide = [[*table, *[0] * (width - len(table))] for table in tables]
        self.ids.copy_(torch.tensor([*ids, *[0] * more]))
        self.blocks.copy_(torch.tensor([*wide, *[[0] * width] * more]))
        self.starts.copy_(torch.tensor([*starts, *[0] * more]))

    def record(self, work: Fixed, memory: Any) -> None:
        """Run twice unrecorded, as the libraries below set up their workspaces then, and record."""

        def run() -> None:
            self.given = work(self.ids, self.blocks, self.starts)

        if memory is None:
            self.play = run
            return
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch has no types for it
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            run()
            run()
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=memory):
            run()
        self.play = graph.replay
