"""The language model of Step-Audio in torch: Qwen2's decoder, over keys and values kept in a pool of blocks.

Parameter names are the checkpoint's. It computes positions that it is given, for several lines at once; which
lines there are, what they hold and where their blocks lie is others' business. Sizes: B lines, T new
positions each, H width, G heads of keys and values, D width of a head, S positions that a line can see.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import TextDims
from .pool import Reach


class Norm(nn.Module):
    """Root-mean-square norm, computed in float32."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scaled = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self._eps)
        return self.weight * scaled.to(x.dtype)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions; q, k and v have biases, o has none."""

    def __init__(self, dims: TextDims) -> None:
        super().__init__()
        self._heads, self._groups, self._size = dims.heads, dims.kv_heads, dims.size
        self.q_proj = nn.Linear(dims.hidden, dims.heads * dims.size)
        self.k_proj = nn.Linear(dims.hidden, dims.kv_heads * dims.size)
        self.v_proj = nn.Linear(dims.hidden, dims.kv_heads * dims.size)
        self.o_proj = nn.Linear(dims.heads * dims.size, dims.hidden, bias=False)

    def forward(self, x: Tensor, turned: tuple[Tensor, Tensor], layer: int, reach: Reach | None) -> Tensor:
        """x (B, T, H) -> (B, T, H). ``reach`` None: the T positions are all there is, each sees those before
        it."""
        lines, new, _ = x.shape
        query = rotated(self.q_proj(x).view(lines, new, self._heads, self._size), turned)
        key = rotated(self.k_proj(x).view(lines, new, self._groups, self._size), turned)
        value = self.v_proj(x).view(lines, new, self._groups, self._size)
        if reach is None:
            seen = torch.ones(new, new, dtype=torch.bool, device=x.device).tril().expand(lines, 1, new, new)
        else:
            key, value = reach.take(layer, key, value)
            seen = reach.seen
        # The heads of a group are so many queries more of one head: nothing is repeated in memory.
        several = self._heads // self._groups
        tiled = seen.expand(-1, -1, several, -1) if new == 1 else seen.repeat(1, 1, several, 1)
        query = query.view(lines, new, self._groups, several, self._size).permute(0, 2, 3, 1, 4)
        out = functional.scaled_dot_product_attention(
            query.reshape(lines, self._groups, several * new, self._size),
            key.transpose(1, 2),
            value.transpose(1, 2),
            attn_mask=tiled,
        )
        out = out.view(lines, self._groups, several, new, self._size).permute(0, 3, 1, 2, 4)
        result: Tensor = self.o_proj(out.reshape(lines, new, self._heads * self._size))
        return result


class Mlp(nn.Module):
    """Gated feed-forward."""

    def __init__(self, dims: TextDims) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(dims.hidden, dims.intermediate, bias=False)
        self.up_proj = nn.Linear(dims.hidden, dims.intermediate, bias=False)
        self.down_proj = nn.Linear(dims.intermediate, dims.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return result


class Layer(nn.Module):
    """One layer."""

    def __init__(self, dims: TextDims) -> None:
        super().__init__()
        self.self_attn = Attention(dims)
        self.mlp = Mlp(dims)
        self.input_layernorm = Norm(dims.hidden, dims.rms_eps)
        self.post_attention_layernorm = Norm(dims.hidden, dims.rms_eps)

    def forward(self, x: Tensor, turned: tuple[Tensor, Tensor], layer: int, reach: Reach | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), turned, layer, reach)
        result: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return result


class Decoder(nn.Module):
    """Embeddings in, states after the last norm out."""

    def __init__(self, dims: TextDims) -> None:
        super().__init__()
        self.dims = dims
        self.embed_tokens = nn.Embedding(dims.vocabulary, dims.hidden)
        self.layers = nn.ModuleList(Layer(dims) for _ in range(dims.layers))
        self.norm = Norm(dims.hidden, dims.rms_eps)

    def forward(self, embeds: Tensor, positions: Tensor, reach: Reach | None = None) -> Tensor:
        """embeds (B, T, H) at positions (B, T) -> states (B, T, H).

        With a ``reach`` each line also sees what its blocks hold, and the new positions' keys and values are
        written where it says.
        """
        turned = self._turned(positions, embeds.dtype)
        x = embeds
        for number, layer in enumerate(self.layers):
            x = layer(x, turned, number, reach)
        result: Tensor = self.norm(x)
        return result

    def _turned(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines (B, T, 1, D) of rotary positions (arXiv 2104.09864), computed in float32.

        The rates are made here and not kept as a buffer: a network built without memory has no buffers.
        """
        size = self.dims.size
        steps = torch.arange(0, size, 2, device=positions.device, dtype=torch.float32) / size
        angles = positions[..., None].float() * (1.0 / self.dims.rope_theta**steps)
        angles = torch.cat([angles, angles], -1)[:, :, None]
        return angles.cos().to(dtype), angles.sin().to(dtype)


def rotated(x: Tensor, turned: tuple[Tensor, Tensor]) -> Tensor:
    """x (B, T, heads, D) with its halves turned against each other."""
    cos, sin = turned
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin
