"""The practice brain's network in torch: causal speech encoder, cue heads, adaptor, Qwen2-shaped decoder.

The runtime never imports this: it plays the same network as ONNX graphs. Sizes are for batch B, T frames of
features (100 Hz), F = T / 4 encoder frames (25 Hz), F / 2 audio positions (12.5 Hz, 1280 samples each).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cue_networks import CueEmbedding, activate, summarise
from .rms_norm import rms_norm
from .shapes import CUES, SOUND_HIDDEN, SOUNDS, Dims

Turn: TypeAlias = tuple[Tensor, Tensor]
"Cosines and sines of positions."
KeyValue: TypeAlias = tuple[Tensor, Tensor]


def rotary(start: int, count: int, size: int, theta: float) -> Turn:
    """Cosines and sines [count, size / 2] from position `start` on (RoFormer, arXiv 2104.09864)."""
    frequency = theta ** (-torch.arange(0, size, 2).float() / size)
    angle = torch.arange(start, start + count).float()[:, None] * frequency
    return angle.cos(), angle.sin()


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """Turns the halves of the last axis of `x` [..., n, size] (the layout of Hugging Face's Qwen2)."""
    cos, sin = turn[0].to(x.dtype), turn[1].to(x.dtype)
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention of q [B, heads, N, size] over k, v [B, kv heads, S, size]; `mask` [N, S] is added.

    Written out: on CPU in bfloat16 the fused call's backward is slower.
    """
    batch, heads, count, size = q.shape
    shared = k.shape[1]
    scores = (q * (1 / math.sqrt(size))).reshape(batch, shared, -1, size) @ k.transpose(-1, -2)
    scores = scores.view(batch, shared, heads // shared, count, k.shape[2])
    if mask is not None:
        scores = scores + mask.to(scores.dtype)
    weights = scores.softmax(-1).to(v.dtype).view(batch, shared, -1, k.shape[2])
    return (weights @ v).view(batch, heads, count, size)


def block_mask(start: int, count: int, block: int = 2) -> Tensor:
    """[count, start + count]: a frame sees its own block (80 ms) and all before; `start` is whole blocks."""
    keys = torch.arange(start + count) // block
    allowed = keys[None, :] <= keys[start:, None]
    return torch.zeros(count, start + count).masked_fill(~allowed, float("-inf"))


class EncoderLayer(nn.Module):
    """Pre-LayerNorm transformer layer with rotary positions."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor, turn: Turn, mask: Tensor, past: KeyValue | None) -> tuple[Tensor, KeyValue]:
        """x [B, F, width], past of [B, heads, P, size] -> output, keys and values of P + F."""
        batch, frames, width = x.shape
        q, k, v = (
            self.qkv(self.norm1(x))
            .view(batch, frames, 3, self.heads, width // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        q, k = rotate(q, turn), rotate(k, turn)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        y = attend(q, k, v, mask).transpose(1, 2).reshape(batch, frames, width)
        x = x + self.out(y)
        x = x + self.down(F.gelu(self.up(self.norm2(x))))
        return x, (k, v)


@dataclass(frozen=True, slots=True)
class EncoderState:
    """What a streamed segment carries from one call to the next; a new segment starts with None."""

    conv1: Tensor
    "[B, channels, 1]"
    conv2: Tensor
    "[B, width, 1]"
    mix0: Tensor
    "[B, width, 4]"
    mix1: Tensor
    "[B, width, 4]"
    layers: list[KeyValue]
    "Keys and values at 25 Hz, each [B, heads, P, size]; P is the frame offset of the next call."


Streamed: TypeAlias = tuple[Tensor, Tensor, EncoderState]
"What two parts of a network made of a stretch of sound, and the state after it."


class Encoder(nn.Module):
    """The front end's features to 25 Hz frames; pair i of them depends only on samples [0, 1280 (i + 1))."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        width = dims.width
        self.dims = dims
        self.conv1 = nn.Conv1d(dims.channels, width, 3, stride=2)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2)
        self.mix_norm = nn.ModuleList([nn.LayerNorm(width) for _ in range(2)])
        self.mix = nn.ModuleList([nn.Conv1d(width, width, 5) for _ in range(2)])
        self.layers = nn.ModuleList(
            [EncoderLayer(width, dims.encoder_heads, dims.encoder_hidden) for _ in range(dims.encoder_layers)]
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, features: Tensor, state: EncoderState | None = None) -> tuple[Tensor, EncoderState]:
        """features [B, 8k, 128] -> frames [B, 2k, width] and the state after them."""
        frames, _, after = self.hear(features, state)
        return frames, after

    def hear(self, features: Tensor, state: EncoderState | None = None) -> Streamed:
        """As `forward`, with the features before the layers [B, 2k, width] between the two."""
        m = features.transpose(1, 2)
        before1 = m.new_zeros(*m.shape[:2], 1) if state is None else state.conv1
        y = F.gelu(self.conv1(torch.cat([before1, m], 2)))
        before2 = y.new_zeros(*y.shape[:2], 1) if state is None else state.conv2.to(y.dtype)
        z = F.gelu(self.conv2(torch.cat([before2, y], 2))).transpose(1, 2)
        tails = []
        for i, (norm, conv) in enumerate(zip(self.mix_norm, self.mix, strict=True)):
            u = norm(z).transpose(1, 2)
            before = (
                u.new_zeros(*u.shape[:2], 4) if state is None else (state.mix0, state.mix1)[i].to(u.dtype)
            )
            u = torch.cat([before, u], 2)
            tails.append(u[:, :, -4:])
            z = z + F.gelu(conv(u)).transpose(1, 2)
        early = z
        start = 0 if state is None else state.layers[0][0].shape[2]
        turn = rotary(start, z.shape[1], self.dims.width // self.dims.encoder_heads, self.dims.rope_theta)
        mask = block_mask(start, z.shape[1])
        presents = []
        for i, layer in enumerate(self.layers):
            z, present = layer(z, turn, mask, None if state is None else state.layers[i])
            presents.append(present)
        return self.norm(z), early, EncoderState(m[:, :, -1:], y[:, :, -1:], tails[0], tails[1], presents)


class SoundHeads(nn.Module):
    """What is around the voice, from early features (which still tell sounds apart) and late ones."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(2 * width, SOUND_HIDDEN), nn.Linear(SOUND_HIDDEN, len(SOUNDS))

    def forward(self, frames: Tensor, early: Tensor) -> Tensor:
        """Both [B, F, width] -> raw [B, F, 7]."""
        out: Tensor = self.down(F.gelu(self.up(torch.cat([frames, early], -1))))
        return out


class Adaptor(nn.Module):
    """Two frames and their cues -> one audio position, as loud (root mean square) as a token embedding."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.up = nn.Linear(2 * (dims.width + len(CUES)), 2 * dims.width)
        self.down = nn.Linear(2 * dims.width, dims.width)
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, frames: Tensor, cues: Tensor, embedding_rms: Tensor) -> Tensor:
        """frames [B, 2k, width], cues [B, 2k, 5 or more] -> [B, k, width]."""
        pitch, voiced, level, density, speech = cues[..., : len(CUES)].unbind(-1)
        fed = torch.stack([2 * pitch * voiced, voiced, level, 4 * density, speech], -1)
        x = torch.cat([frames, fed.to(frames.dtype)], -1)
        x = self.down(F.gelu(self.up(x.reshape(x.shape[0], x.shape[1] // 2, 2 * x.shape[2]))))
        return F.rms_norm(x.float(), x.shape[-1:], None, 1e-5) * (self.gain * embedding_rms)


class RmsNorm(nn.Module):
    """Root-mean-square norm of Qwen2."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


class Attention(nn.Module):
    """Grouped-query attention of Qwen2, with its parameter names."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = (
            dims.decoder_heads,
            dims.decoder_kv_heads,
            dims.width // dims.decoder_heads,
        )
        self.q_proj = nn.Linear(dims.width, dims.width)
        self.k_proj = nn.Linear(dims.width, self.kv_heads * self.size)
        self.v_proj = nn.Linear(dims.width, self.kv_heads * self.size)
        self.o_proj = nn.Linear(dims.width, dims.width, bias=False)

    def forward(
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: KeyValue | None
    ) -> tuple[Tensor, KeyValue]:
        batch, count, width = x.shape
        q = self.q_proj(x).view(batch, count, self.heads, self.size).transpose(1, 2)
        k = self.k_proj(x).view(batch, count, self.kv_heads, self.size).transpose(1, 2)
        v = self.v_proj(x).view(batch, count, self.kv_heads, self.size).transpose(1, 2)
        q, k = rotate(q, turn), rotate(k, turn)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        y = attend(q, k, v, mask).transpose(1, 2).reshape(batch, count, width)
        return self.o_proj(y), (k, v)


class Mlp(nn.Module):
    """SwiGLU of Qwen2."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(dims.width, dims.decoder_hidden, bias=False)
        self.up_proj = nn.Linear(dims.width, dims.decoder_hidden, bias=False)
        self.down_proj = nn.Linear(dims.decoder_hidden, dims.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class DecoderLayer(nn.Module):
    """One layer of Qwen2."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(dims), Mlp(dims)
        self.input_layernorm = RmsNorm(dims.width, dims.rms_eps)
        self.post_attention_layernorm = RmsNorm(dims.width, dims.rms_eps)

    def forward(
        self, x: Tensor, turn: Turn, mask: Tensor | None, past: KeyValue | None
    ) -> tuple[Tensor, KeyValue]:
        y, present = self.self_attn(self.input_layernorm(x), turn, mask, past)
        x = x + y
        return x + self.mlp(self.post_attention_layernorm(x)), present


class DecoderBody(nn.Module):
    """Holds the parameters under the names of Hugging Face's Qwen2Model."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(dims.vocabulary, dims.width)
        self.layers = nn.ModuleList([DecoderLayer(dims) for _ in range(dims.decoder_layers)])
        self.norm = RmsNorm(dims.width, dims.rms_eps)


class Decoder(nn.Module):
    """Qwen2ForCausalLM with tied embeddings (transformers `modeling_qwen2.py`), only smaller."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.model = DecoderBody(dims)
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                narrow = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, 0, 0.02 / math.sqrt(2 * dims.decoder_layers) if narrow else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def hidden(self, embeds: Tensor, past: list[KeyValue] | None = None) -> tuple[Tensor, list[KeyValue]]:
        """embeds [B, N, width], past per layer of [B, kv heads, P, size] -> normed hidden, new past."""
        start, count = 0 if past is None else past[0][0].shape[2], embeds.shape[1]
        turn = rotary(start, count, self.dims.width // self.dims.decoder_heads, self.dims.rope_theta)
        mask = torch.full((count, start + count), float("-inf")).triu(start + 1) if count > 1 else None
        x, presents = embeds, []
        for i, layer in enumerate(self.model.layers):
            x, present = layer(x, turn, mask, None if past is None else past[i])
            presents.append(present)
        return self.model.norm(x), presents

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., width] -> [..., vocabulary]."""
        return F.linear(hidden, self.model.embed_tokens.weight)


class Talker(nn.Module):
    """All of it; `phonemes`: classes of the CTC head that only training uses (0 is the blank).

    `cues`: one of `shapes.CUE_SETS`.
    """

    embedding_rms: Tensor

    def __init__(self, dims: Dims, phonemes: int, cues: Sequence[str] = CUES) -> None:
        super().__init__()
        self.dims, self.cues = dims, tuple(cues)
        self.encoder, self.adaptor = Encoder(dims), Adaptor(dims)
        self.cue_heads = nn.Linear(dims.width, len(CUES))
        self.sound_heads = SoundHeads(dims.width) if len(cues) > len(CUES) else None
        self.cue_embedding, self.decoder = CueEmbedding(dims, len(cues)), Decoder(dims)
        self.ctc = nn.Linear(dims.width, phonemes + 1)
        self.word_scale = nn.Parameter(torch.tensor(2.3))
        self.register_buffer("embedding_rms", torch.tensor([0.05]))
        for layer in self.encoder.layers:
            for name, parameter in layer.named_parameters():
                if parameter.dim() >= 2:
                    narrow = name.startswith(("out.", "down."))
                    nn.init.normal_(
                        parameter, 0, 0.02 / math.sqrt(2 * dims.encoder_layers) if narrow else 0.02
                    )

    def listen(self, features: Tensor, state: EncoderState | None = None) -> Streamed:
        """features [B, 8k, 128] -> frames [B, 2k, width], raw cue heads [B, 2k, C], state."""
        frames, early, after = self.encoder.hear(features, state)
        raw = self.cue_heads(frames)
        if self.sound_heads is not None:
            raw = torch.cat([raw, self.sound_heads(frames, early)], -1)
        return frames, raw, after

    def hear(self, features: Tensor, state: EncoderState | None = None) -> Streamed:
        """features [B, 8k, 128] -> audio positions [B, k, width], cues [B, 2k, C], state."""
        frames, raw, after = self.listen(features, state)
        cues = activate(raw)
        return self.adaptor(frames, cues, self.embedding_rms), cues, after

    def place(self, frames: Tensor, raw: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Frames [B, F, width], raw cue heads, frame counts [B] -> audio positions, <audio_end> vectors."""
        cues = activate(raw)
        return self.adaptor(frames, cues, self.embedding_rms), self.feel(cues, counts)

    def feel(self, cues: Tensor, frames: Tensor) -> Tensor:
        """The vector for <audio_end>; detached, so that the cue heads keep their measured meaning."""
        return self.embed_cues(summarise(cues.detach(), frames))

    def embed_cues(self, summary: Tensor) -> Tensor:
        """Cue summaries [B, 9 or 22] -> the vectors for <audio_end>."""
        out: Tensor = self.cue_embedding(summary, self.embedding_rms)
        return out
