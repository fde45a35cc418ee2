"""Sequences to learn from, with the weight of the loss at every place, and batches of them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.cue_summary import FULL
from model.tokenizer import PAD

from .audio import Floats

ROUND = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence; `weights[i]` is the weight of the loss of predicting `ids[i]` from all before it."""

    ids: list[int]
    weights: list[float]
    noisy: tuple[tuple[int, int], ...] = ()
    "Places [from, to) of pseudo-audio."
    ends: tuple[tuple[int, Floats], ...] = ()
    "Of text alone: the place of each <audio_end>, and a summary of the cues of the sound that nobody made."


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows."""

    ids: Tensor
    weights: Tensor
    noisy: Tensor
    ends: Tensor
    "[B, L]: places of <audio_end> that have a summary."
    cues: Tensor
    "[ends, 22]: these summaries, row by row."


def collate(rows: list[Row]) -> Batch:
    """Tensors [B, L]; L is rounded up, because oneDNN compiles new kernels for every new shape."""
    length = max(len(row.ids) for row in rows)
    length += -length % ROUND
    ids = torch.full((len(rows), length), PAD)
    weights, noisy = torch.zeros(len(rows), length), torch.zeros(len(rows), length, dtype=torch.bool)
    ends, cues = torch.zeros(len(rows), length, dtype=torch.bool), list[Floats]()
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        weights[i, : len(row.ids)] = torch.tensor(row.weights)
        for first, last in row.noisy:
            noisy[i, first:last] = True
        for place, summary in row.ends:
            ends[i, place] = True
            cues.append(summary)
    told = np.stack(cues) if cues else np.zeros((0, len(FULL)), np.float32)
    return Batch(ids, weights, noisy, ends, torch.from_numpy(told))
