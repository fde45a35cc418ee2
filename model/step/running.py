"""Runs of the network over lines in the pool: reading on, reading a prediction, one step for several lines.

What a line computes does not depend, beyond rounding, on the others of its run. It decides nothing: no token
is chosen here but the likeliest, and no line is begun or ended.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn

from pipeline.errors import ModelError

from .decoder import Decoder
from .paged import Line
from .pool import Pool
from .replays import Replays

Choice: TypeAlias = tuple[int, float]
"""The likeliest token and its log-probability."""

BROKEN = "the model computed values that are not numbers for this request; it is given up"


class Language(Protocol):
    """The part of a network that reads and writes; ``StepNetwork`` is one."""

    model: Decoder
    lm_head: nn.Linear


class Runner:
    """One network and its pool. Owned by the engine's thread."""

    def __init__(self, network: Language, pool: Pool, *, chunk: int, replays: bool = False) -> None:
        """``chunk``: most positions in one run. ``replays``: steps are recorded once and replayed."""
        self._network, self._pool, self.chunk = network, pool, chunk
        self._replays = Replays(self._fixed, pool.kv.device) if replays else None
        weight = network.model.embed_tokens.weight
        self._device, self.dtype = weight.device, weight.dtype

    def release(self) -> None:
        """Let go of the network, and of the memory of keys and values; nothing can be run any more."""
        del self._network
        self._replays = None
        self._pool.release()

    @torch.inference_mode()
    def embed(self, ids: Sequence[int]) -> Tensor:
        """Token ids -> (n, width)."""
        embedded: Tensor = self._network.model.embed_tokens(torch.tensor(ids, device=self._device))
        return embedded

    @torch.inference_mode()
    def read(self, line: Line, embeds: Tensor, keys: Sequence[Hashable]) -> Choice:
        """Read on: embeds (n, width), n >= 1, with a key each -> the choice after the last.

        Raises ModelError, and keeps nothing of the last run, when it computes values that are not numbers or
        has no room.
        """
        choice = (0, 0.0)
        for at in range(0, len(embeds), self.chunk):
            part = embeds[at : at + self.chunk]
            line.reserve(len(part))
            states = self._run([line], part[None])
            choice = self._choices(states[:, -1])[0]
            if not math.isfinite(choice[1]):
                self.scrub(line)
                raise ModelError(BROKEN)
            line.wrote(keys[at : at + len(part)])
        return choice

    @torch.inference_mode()
    def verify(self, line: Line, ids: Sequence[int]) -> list[Choice]:
        """The choice after each of these tokens, read after the line, as far as they are numbers. The line
        takes none of them: the caller says with ``line.wrote`` which it does. Raises ModelError without room.
        """
        line.reserve(len(ids))
        choices = self._choices(self._run([line], self.embed(ids)[None])[0])
        if not all(math.isfinite(logprob) for _, logprob in choices):
            self.scrub(line)
            return []
        return choices

    @torch.inference_mode()
    def step(self, lines: Sequence[Line], ids: Sequence[int]) -> list[Choice]:
        """Read one token after each line, for which there is room -> the choices. The lines take none yet."""
        if self._replays is not None:
            tables, starts = [line.table for line in lines], [len(line) for line in lines]
            return listed(*self._replays.step(ids, tables, starts))
        return self._choices(self._run(lines, self.embed(ids)[:, None])[:, -1])

    def _fixed(self, ids: Tensor, blocks: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """A step in tensors alone: ids (B,), blocks (B, W), starts (B,) -> tokens, log-probabilities."""
        reach = self._pool.over(blocks, starts, 1)
        states = self._network.model(self._network.model.embed_tokens(ids)[:, None], reach.positions, reach)
        return likeliest(self._network.lm_head(states[:, -1]))

    def scrub(self, line: Line) -> None:
        """Clear what lies behind a line's end: what is not a number would spread to whoever gets a block."""
        self._pool.clear(line.table, len(line))

    def _run(self, lines: Sequence[Line], embeds: Tensor) -> Tensor:
        """(B, T, width) -> states (B, T, width)."""
        reach = self._pool.reach(
            [line.table for line in lines], [len(line) for line in lines], embeds.shape[1]
        )
        states: Tensor = self._network.model(embeds, reach.positions, reach)
        return states

    def _choices(self, states: Tensor) -> list[Choice]:
        """States (n, width) -> the likeliest token after each."""
        return listed(*likeliest(self._network.lm_head(states)))


def likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (n, vocabulary) -> the likeliest tokens and their log-probabilities, (n,) each."""
    wide = logits.float()
    best, tokens = torch.max(wide, -1)
    return tokens, best - torch.logsumexp(wide, -1)


def listed(tokens: Tensor, logprobs: Tensor) -> list[Choice]:
    """Choices as plain numbers; it waits for the device."""
    return list(zip(tokens.tolist(), logprobs.tolist(), strict=True))
