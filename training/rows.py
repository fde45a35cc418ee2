"""Sequences to learn from, with the weight of the loss at every place, and batches of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.tokenizer import PAD

from .skills.question import Measured

ROUND = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence; `weights[i]` is the weight of the loss of predicting `ids[i]` from all before it."""

    ids: list[int]
    weights: list[float]
    noisy: tuple[tuple[int, int], ...] = ()
    "Places [from, to) of pseudo-audio."
    ends: tuple[tuple[int, Measured], ...] = ()
    "Of text alone: the place of each <audio_end>, and what the sound before it would have measured."


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows."""

    ids: Tensor
    weights: Tensor
    noisy: Tensor


def collate(rows: list[Row]) -> Batch:
    """Tensors [B, L]; L is rounded up, because oneDNN compiles new kernels for every new shape."""
    length = max(len(row.ids) for row in rows)
    length += -length % ROUND
    ids = torch.full((len(rows), length), PAD)
    weights, noisy = torch.zeros(len(rows), length), torch.zeros(len(rows), length, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        weights[i, : len(row.ids)] = torch.tensor(row.weights)
        for first, last in row.noisy:
            noisy[i, first:last] = True
    return Batch(ids, weights, noisy)
