"""Names and shapes of every weight of a ``hocket_tiny`` network: what a checkpoint must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .cue_summary import BUMPS, FULL, SHORT

CUES = ("pitch", "voiced", "level", "density", "speech")
"""Measured channels per 25 Hz frame."""
EVENTS = ("beep", "bell", "clap", "knock")
"""What can sound beside a voice, as the heard line names it."""
SOUNDS = ("noise", "band", "second", *EVENTS)
"""Channels of what is around the voice; a bundle has them beside `CUES`, or not."""
CUE_SETS = (CUES, CUES + SOUNDS)
"""What a card's ``cues`` may be."""
CUE_HIDDEN, FULL_HIDDEN = 64, 128
"""Width of what reads the summary, without and with `SOUNDS`."""
SOUND_HIDDEN = 96
KERNELS = (3, 3)
"""Widths of the two stride-2 convolutions."""
MIX_KERNEL = 5


@dataclass(frozen=True, slots=True)
class Dims:
    """Sizes of every part, as in config.json under ``dims``."""

    vocabulary: int
    channels: int
    "Of the front end."
    width: int
    encoder_layers: int
    encoder_heads: int
    encoder_hidden: int
    decoder_layers: int
    decoder_heads: int
    decoder_kv_heads: int
    decoder_hidden: int
    rope_theta: float
    rms_eps: float

    def __post_init__(self) -> None:
        sizes = [
            self.vocabulary,
            self.channels,
            self.width,
            self.encoder_layers,
            self.encoder_heads,
            self.encoder_hidden,
        ]
        sizes += [self.decoder_layers, self.decoder_heads, self.decoder_kv_heads, self.decoder_hidden]
        if not all(1 <= size <= 1 << 16 for size in sizes):
            raise ValueError("every size must be 1 to 65536")
        if self.width % self.encoder_heads or self.width % self.decoder_heads:
            raise ValueError(f"width {self.width} must be a multiple of the numbers of heads")
        if self.decoder_heads % self.decoder_kv_heads:
            raise ValueError("decoder_heads must be a multiple of decoder_kv_heads")


Shapes = dict[str, tuple[int, ...]]


def shapes(dims: Dims, cues: Sequence[str] = CUES) -> Shapes:
    """Every weight of a bundle whose card names these cues (one of `CUE_SETS`)."""
    return _encoder(dims) | _cues(dims, len(cues)) | _decoder(dims)


def cue_sizes(cues: int) -> tuple[int, int]:
    """With so many cues: numbers that the cue embedding reads, and its hidden width."""
    return (len(SHORT), CUE_HIDDEN) if cues == len(CUES) else (len(FULL) + len(BUMPS), FULL_HIDDEN)


def _encoder(dims: Dims) -> Shapes:
    """What hears: convolutions, layers, cue heads, adaptor."""
    d = dims.width
    shapes: Shapes = {
        **_affine("encoder.conv1", d, dims.channels, KERNELS[0]),
        **_affine("encoder.conv2", d, d, KERNELS[1]),
        **_affine("encoder.norm", d),
        **_affine("cue_heads", len(CUES), d),
        **_affine("adaptor.up", 2 * d, 2 * (d + len(CUES))),
        **_affine("adaptor.down", d, 2 * d),
        "adaptor.gain": (1,),
        "embedding_rms": (1,),
    }
    for i in range(2):
        shapes |= _affine(f"encoder.mix_norm.{i}", d) | _affine(f"encoder.mix.{i}", d, d, MIX_KERNEL)
    for i in range(dims.encoder_layers):
        at = f"encoder.layers.{i}."
        shapes |= _affine(at + "norm1", d) | _affine(at + "norm2", d)
        shapes |= _affine(at + "qkv", 3 * d, d) | _affine(at + "out", d, d)
        shapes |= _affine(at + "up", dims.encoder_hidden, d) | _affine(at + "down", d, dims.encoder_hidden)
    return shapes


def _cues(dims: Dims, cues: int) -> Shapes:
    """From the cue summary to ``<audio_end>``, and the heads for `SOUNDS` if there are any."""
    numbers, hidden = cue_sizes(cues)
    found = _affine("cue_embedding.up", hidden, numbers) | _affine("cue_embedding.down", dims.width, hidden)
    if cues > len(CUES):
        found |= _affine("sound_heads.up", SOUND_HIDDEN, 2 * dims.width)
        found |= _affine("sound_heads.down", len(SOUNDS), SOUND_HIDDEN)
    return found


def _decoder(dims: Dims) -> Shapes:
    """The language model, named as Hugging Face names Qwen2's."""
    d, kv = dims.width, dims.decoder_kv_heads * (dims.width // dims.decoder_heads)
    shapes: Shapes = {"model.embed_tokens.weight": (dims.vocabulary, d), "model.norm.weight": (d,)}
    for i in range(dims.decoder_layers):
        at = f"model.layers.{i}."
        shapes |= _affine(at + "self_attn.q_proj", d, d)
        shapes |= _affine(at + "self_attn.k_proj", kv, d) | _affine(at + "self_attn.v_proj", kv, d)
        shapes[at + "self_attn.o_proj.weight"] = (d, d)
        shapes[at + "mlp.gate_proj.weight"] = shapes[at + "mlp.up_proj.weight"] = (dims.decoder_hidden, d)
        shapes[at + "mlp.down_proj.weight"] = (d, dims.decoder_hidden)
        shapes[at + "input_layernorm.weight"] = shapes[at + "post_attention_layernorm.weight"] = (d,)
    return shapes


def _affine(name: str, *weight: int) -> Shapes:
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}
