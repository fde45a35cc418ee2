"""Teaches the heads: two small networks in torch, whose weights ``model.judge`` plays in numpy."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.judge import BURST, BURST_SCALARS, ENDING_SCALARS, HIDDEN, RECENT
from model.shapes import CUES
from training.audio import Floats
from training.progress import say

from .samples import Moments

BATCH = 1024
DROPPED = 0.25
"Share of inputs of the second layer left out while learning."


class Net(nn.Module):
    """What ``model.judge.Heads`` runs: rectified per position, the kept ones in order, mean and maximum."""

    def __init__(self, features: int, kept: int, scalars: int, outputs: int, *, newest: bool) -> None:
        super().__init__()
        each, over = HIDDEN
        self._kept, self._newest = kept, newest
        self.each = nn.Linear(features, each)
        self.over = nn.Linear((kept + 2) * each + scalars, over)
        self.out = nn.Linear(over, outputs)

    def forward(self, window: Tensor, mask: Tensor, scalars: Tensor) -> Tensor:
        """window (n, SPAN, features), mask (n, SPAN) of 1 and 0 -> (n, outputs)."""
        each = F.relu(self.each(window)) * mask[..., None]
        ordered = each[:, -self._kept :] if self._newest else each[:, : self._kept]
        mean = each.sum(1) / mask.sum(1, keepdim=True).clamp_min(1)
        summed = torch.cat([ordered.flatten(1), mean, each.amax(1), scalars], 1)
        out: Tensor = self.out(F.relu(self.over(F.dropout(summed, DROPPED, self.training))))
        return out


def ending_net(features: int) -> Net:
    """Logits of finished and of known words."""
    return Net(features, RECENT, ENDING_SCALARS, 2, newest=True)


def kind_net(features: int) -> Net:
    """Logits of words, backchannel, noise."""
    return Net(features, BURST, BURST_SCALARS, 3, newest=False)


def ending_loss(out: Tensor, labels: Tensor) -> Tensor:
    """Per moment; unknown words teach the ending less, as nobody can tell them well."""
    finished = F.binary_cross_entropy_with_logits(out[:, 0], labels[:, 0], reduction="none")
    known = F.binary_cross_entropy_with_logits(out[:, 1], labels[:, 1], reduction="none")
    return finished * (0.4 + 0.6 * labels[:, 1]) + 0.3 * known


def kind_loss(out: Tensor, labels: Tensor) -> Tensor:
    """Per moment."""
    return F.cross_entropy(out, labels[:, 0].long(), reduction="none", label_smoothing=0.02)


@dataclass(frozen=True, slots=True)
class _Batches:
    """Rows of moments as tensors."""

    moments: Moments
    table: Tensor

    @classmethod
    def of(cls, moments: Moments) -> "_Batches":
        return cls(moments, torch.from_numpy(moments.table))

    def take(self, chosen: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.from_numpy(self.moments.rows[chosen].astype(np.int64))
        window = self.table[rows.flatten()].view(*rows.shape, -1).float()
        return window, (rows > 0).float(), torch.from_numpy(self.moments.scalars[chosen])


def learn(
    net: Net,
    moments: Moments,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    epochs: int,
    seed: int,
    wordless: float = 0.0,
) -> None:
    """AdamW with a cosine; features get a little noise, so that no single value decides.

    `wordless`: share of windows that show only the cues, so that unheard-of words do not mislead so easily.
    """
    torch.manual_seed(seed)
    batches, order = _Batches.of(moments), np.random.default_rng(seed)
    labels, weights = torch.from_numpy(moments.labels), torch.from_numpy(moments.weights)
    steps = epochs * -(-len(moments) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    net.train()
    for epoch in range(epochs):
        total, shuffled = 0.0, order.permutation(len(moments))
        for at in range(0, len(moments), BATCH):
            chosen = shuffled[at : at + BATCH]
            window, mask, scalars = batches.take(chosen)
            window = window + 0.15 * torch.randn_like(window) * mask[..., None]
            if wordless:
                window[torch.rand(len(window)) < wordless, :, : -2 * len(CUES)] = 0
            each = loss(net(window, mask, scalars), labels[chosen])
            mean = (each * weights[chosen]).sum() / weights[chosen].sum()
            optimiser.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += mean.item() * len(chosen)
        say(f"epoch {epoch + 1} of {epochs}: loss {total / len(moments):.4f}")
    net.eval()


@torch.no_grad()
def outputs(net: Net, moments: Moments) -> Floats:
    """(n, outputs)"""
    batches = _Batches.of(moments)
    parts = [net(*batches.take(np.arange(at, min(at + BATCH, len(moments))))).numpy()
             for at in range(0, len(moments), BATCH)]  # fmt: skip
    out: Floats = np.concatenate(parts)
    return out


def temperature(logits: Floats, labels: Floats, weights: Floats, *, kinds: bool) -> float:
    """The factor on held-back logits that makes their probabilities most truthful (Guo, ICML 2017)."""

    def loss(heat: float) -> float:
        scaled = logits * heat
        if kinds:
            shifted = scaled - scaled.max(1, keepdims=True)
            each = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels.astype(int)]
        else:
            each = np.logaddexp(0, scaled) - labels * scaled
        return float((each * weights).sum() / weights.sum())

    return min((round(0.1 * i, 1) for i in range(2, 21)), key=loss)
