"""Step-Audio's ears in torch: Whisper's encoder, pooled, and the adaptor into the language model.

Parameters bear the checkpoint's names. The attention looks both ways over a segment, so nothing streams: a
segment that has grown is encoded anew. What a segment becomes never depends on the others of its batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import AudioDims
from .frontend import encoded
from .shapes import BETWEEN

TRIM = 2
"""Frames at a segment's end that do not count as sound."""
SHORTEST = 4
"""Frames that give one feature after convolution and pooling."""


class Attention(nn.Module):
    """Multi-head attention over a whole segment; keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """[B, T, width], and which positions may be looked at [B, 1, 1, T] -> [B, T, width]."""
        batch, time, width = x.shape
        shape = (batch, time, self.heads, width // self.heads)
        query, key, value = (
            part(x).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, time, width))
        return out


class Block(nn.Module):
    """One layer: attention and two linear layers, each behind its norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        x = x + self.attn(self.attn_ln(x), seen)
        out: Tensor = x + self.mlp(self.mlp_ln(x))
        return out


class Encoder(nn.Module):
    """Log-mel frames to features of 40 ms."""

    def __init__(self, dims: AudioDims) -> None:
        super().__init__()
        width = dims.width
        self.conv1 = nn.Conv1d(dims.mels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.positional_embedding = nn.Embedding(dims.context, width)
        self.blocks = nn.ModuleList(Block(width, dims.heads) for _ in range(dims.layers))
        self.after_norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Frames [B, mels, T] of ``lengths`` [B] frames each, the rest ignored -> [B, n, width], zero past a
        segment's own end. In the weights' dtype. T is at most twice the positions of the table."""
        mel = mel.to(self.conv1.weight.dtype)
        within = _within(lengths, mel.shape[-1])[:, None]
        x = functional.gelu(self.conv1(mel * within)) * within
        x = functional.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.positional_embedding.weight[: x.shape[1]]
        seen = _within((lengths - TRIM + 1) // 2, x.shape[1])[:, None, None]
        for block in self.blocks:
            x = block(x, seen)
        pooled = functional.avg_pool1d(x.transpose(1, 2), 2).transpose(1, 2)
        own = _within((lengths + 1) // 2 // 2, pooled.shape[1])[..., None]
        out: Tensor = self.after_norm(pooled) * own
        return out


class Adapter(nn.Module):
    """Features of 40 ms to the language model's positions of 80 ms."""

    def __init__(self, dims: AudioDims) -> None:
        super().__init__()
        self.conv = nn.Conv1d(dims.width, dims.width, dims.kernel, dims.stride, padding=1)
        self.linear1 = nn.Linear(dims.width, BETWEEN)
        self.linear2 = nn.Linear(BETWEEN, dims.llm_dim)

    def forward(self, features: Tensor) -> Tensor:
        """[B, n, width] -> [B, (n - 1) // 2 + 1, llm_dim]."""
        x = functional.gelu(self.conv(features.transpose(1, 2))).transpose(1, 2)
        out: Tensor = self.linear2(functional.relu(self.linear1(x)))
        return out


def hear(encoder: Encoder, adapter: Adapter, mels: list[Tensor]) -> list[Tensor]:
    """Several segments' frames, each [128, n], at once -> of each its positions [n', llm_dim].

    A segment of under three frames of sound has none.
    """
    lengths = torch.tensor([mel.shape[-1] for mel in mels], device=mels[0].device)
    padded = nn.utils.rnn.pad_sequence([mel.T for mel in mels], batch_first=True).transpose(1, 2)
    padded = functional.pad(padded, (0, max(0, SHORTEST - padded.shape[-1])))
    heard = adapter(encoder(padded, lengths))
    return [one[: (encoded(mel.shape[-1] - TRIM) - 1) // 2 + 1] for one, mel in zip(heard, mels, strict=True)]


def _within(lengths: Tensor, size: int) -> Tensor:
    """Which of ``size`` places lie inside each length: bool [B, size]."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]
