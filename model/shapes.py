"""Names and shapes of every weight of a ``hocket_tiny`` network: what a checkpoint must hold."""

from __future__ import annotations

from dataclasses import dataclass

CUES = ("pitch", "voiced", "level", "density", "speech")
"""Measured channels per 25 Hz frame."""
SUMMARY = 9
"""Numbers that sum a whole segment's cues up."""
CUE_HIDDEN = 64
KERNELS = (3, 3)
"""Widths of the two stride-2 convolutions."""
MIX_KERNEL = 5


@dataclass(frozen=True, slots=True)
class Dims:
    """Sizes of every part, as in config.json under ``dims``."""

    vocabulary: int
    mel: int
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
            self.mel,
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


def shapes(dims: Dims) -> Shapes:
    """Every weight of a bundle."""
    return _encoder(dims) | _cues(dims) | _decoder(dims)


def _encoder(dims: Dims) -> Shapes:
    """What hears: convolutions, layers, cue heads, adaptor."""
    d = dims.width
    shapes: Shapes = {
        **_affine("encoder.conv1", d, dims.mel, KERNELS[0]),
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


def _cues(dims: Dims) -> Shapes:
    """From the cue summary to ``<audio_end>``."""
    return _affine("cue_embedding.up", CUE_HIDDEN, SUMMARY) | _affine(
        "cue_embedding.down", dims.width, CUE_HIDDEN
    )


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
