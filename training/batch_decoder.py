"""Many growing sequences over one decoder in torch, each at a place of its own: batched writing stands on it.

Equal to `Decoder.hidden` row by row up to rounding; only the padding is different.
"""

import torch
from torch import Tensor

from model.networks import Decoder, DecoderLayer, attend, rotary, rotate

_GROW = 64


class Sequences:
    """Keys and values of B rows. Rows are fed together, each by its own count of positions."""

    def __init__(self, decoder: Decoder, rows: int) -> None:
        dims = decoder.dims
        self._decoder, self._size = decoder, dims.width // dims.decoder_heads
        self._device = decoder.model.embed_tokens.weight.device
        shape = (rows, dims.decoder_kv_heads, 0, self._size)
        self._layers = [
            (torch.zeros(shape, device=self._device), torch.zeros(shape, device=self._device))
            for _ in range(dims.decoder_layers)
        ]
        self.lengths = torch.zeros(rows, dtype=torch.long, device=self._device)
        "[B] positions fed so far."
        self.hidden = torch.zeros(rows, dims.width, device=self._device)
        "[B, width] of the last position of each row, normed."

    def logits(self) -> Tensor:
        """[B, vocabulary] of what comes next."""
        return self._decoder.logits(self.hidden)

    @torch.no_grad()
    def feed(self, embeds: Tensor, counts: Tensor) -> None:
        """embeds [B, n, width] of which row b's first `counts[b]` are taken; 0 leaves a row as it is."""
        rows, count = embeds.shape[:2]
        places = self.lengths[:, None] + torch.arange(count, device=self._device)
        span = int(self.lengths.max()) + count
        self._reach(span)
        cos, sin = rotary(0, span, self._size, self._decoder.dims.rope_theta)
        turn = (cos.to(self._device)[places][:, None], sin.to(self._device)[places][:, None])
        keys = torch.arange(span, device=self._device)
        hidden = keys[None, None] > places[:, :, None]
        mask = torch.zeros(rows, 1, 1, count, span, device=self._device)
        mask.masked_fill_(hidden[:, None, None], float("-inf"))
        x = embeds
        for layer, (k, v) in zip(self._decoder.model.layers, self._layers, strict=True):
            assert isinstance(layer, DecoderLayer)
            x = _layer(layer, x, turn, mask, k, v, places)
        last = (counts - 1).clamp_min(0)[:, None, None].expand(-1, 1, x.shape[2])
        found = self._decoder.model.norm(x.gather(1, last))[:, 0]
        self.hidden = torch.where((counts > 0)[:, None], found, self.hidden)
        self.lengths = self.lengths + counts

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these; their order becomes that of `rows`."""
        self._layers = [(k[rows], v[rows]) for k, v in self._layers]
        self.lengths, self.hidden = self.lengths[rows], self.hidden[rows]

    def _reach(self, span: int) -> None:
        missing = span - self._layers[0][0].shape[2]
        if missing > 0:
            more = missing + _GROW
            self._layers = [
                (torch.nn.functional.pad(k, (0, 0, 0, more)), torch.nn.functional.pad(v, (0, 0, 0, more)))
                for k, v in self._layers
            ]


def _layer(
    layer: DecoderLayer,
    x: Tensor,
    turn: tuple[Tensor, Tensor],
    mask: Tensor,
    k: Tensor,
    v: Tensor,
    at: Tensor,
) -> Tensor:
    """One layer; writes keys and values of x's positions into `k` and `v`."""
    attention, (rows, count, width), span = layer.self_attn, x.shape, mask.shape[-1]
    y = layer.input_layernorm(x)
    size = attention.size
    q = rotate(attention.q_proj(y).view(rows, count, attention.heads, size).transpose(1, 2), turn)
    new = rotate(attention.k_proj(y).view(rows, count, attention.kv_heads, size).transpose(1, 2), turn)
    owner = torch.arange(rows, device=x.device)[:, None]
    k[owner, :, at] = new.transpose(1, 2)
    v[owner, :, at] = attention.v_proj(y).view(rows, count, attention.kv_heads, size)
    mixed = attend(q, k[:, :, :span], v[:, :, :span], mask)
    x = x + attention.o_proj(mixed.transpose(1, 2).reshape(rows, count, width))
    out: Tensor = x + layer.mlp(layer.post_attention_layernorm(x))
    return out
