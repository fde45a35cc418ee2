"""Names and shapes of every tensor in a released Step-Audio checkpoint: plain arithmetic, no torch.

The modules in ``encoder.py`` and ``decoder.py`` bear the same names; loading accepts exactly these.
"""

from __future__ import annotations

from .config import AudioDims, StepConfig, TextDims

BETWEEN = 2048
"""Width between the adaptor's two linear layers, fixed in the released code."""

Shapes = dict[str, tuple[int, ...]]


def shapes(config: StepConfig) -> Shapes:
    """All tensors of the checkpoint, by name, in the order in which they are used."""
    return {**encoder(config.audio), **adapter(config.audio), **decoder(config.text)}


def encoder(dims: AudioDims) -> Shapes:
    """The encoder: Whisper's, in OpenAI's names, with its last norm after a pooling by two."""
    width = dims.width
    found: Shapes = {
        "encoder.conv1.weight": (width, dims.mels, 3),
        "encoder.conv1.bias": (width,),
        "encoder.conv2.weight": (width, width, 3),
        "encoder.conv2.bias": (width,),
        "encoder.positional_embedding.weight": (dims.context, width),
    }
    for number in range(dims.layers):
        at = f"encoder.blocks.{number}"
        for part in ("query", "key", "value", "out"):
            found[f"{at}.attn.{part}.weight"] = (width, width)
            if part != "key":
                found[f"{at}.attn.{part}.bias"] = (width,)
        found |= {f"{at}.mlp.0.weight": (4 * width, width), f"{at}.mlp.0.bias": (4 * width,)}
        found |= {f"{at}.mlp.2.weight": (width, 4 * width), f"{at}.mlp.2.bias": (width,)}
        found |= _norm(f"{at}.attn_ln", width) | _norm(f"{at}.mlp_ln", width)
    return found | _norm("encoder.after_norm", width)


def adapter(dims: AudioDims) -> Shapes:
    """The adaptor: a strided convolution and two linear layers into the language model's width."""
    return {
        "adapter.conv.weight": (dims.width, dims.width, dims.kernel),
        "adapter.conv.bias": (dims.width,),
        "adapter.linear1.weight": (BETWEEN, dims.width),
        "adapter.linear1.bias": (BETWEEN,),
        "adapter.linear2.weight": (dims.llm_dim, BETWEEN),
        "adapter.linear2.bias": (dims.llm_dim,),
    }


def decoder(dims: TextDims) -> Shapes:
    """The language model: Qwen2's names; ``lm_head`` is a matrix of its own."""
    hidden, kv = dims.hidden, dims.kv_heads * dims.size
    found: Shapes = {"model.embed_tokens.weight": (dims.vocabulary, hidden)}
    for number in range(dims.layers):
        at = f"model.layers.{number}"
        for part, rows in (("q", hidden), ("k", kv), ("v", kv)):
            found[f"{at}.self_attn.{part}_proj.weight"] = (rows, hidden)
            found[f"{at}.self_attn.{part}_proj.bias"] = (rows,)
        found[f"{at}.self_attn.o_proj.weight"] = (hidden, hidden)
        found[f"{at}.mlp.gate_proj.weight"] = (dims.intermediate, hidden)
        found[f"{at}.mlp.up_proj.weight"] = (dims.intermediate, hidden)
        found[f"{at}.mlp.down_proj.weight"] = (hidden, dims.intermediate)
        found[f"{at}.input_layernorm.weight"] = (hidden,)
        found[f"{at}.post_attention_layernorm.weight"] = (hidden,)
    return found | {"model.norm.weight": (hidden,), "lm_head.weight": (dims.vocabulary, hidden)}


def linears(dims: TextDims) -> tuple[str, ...]:
    """The weights that int8 and fp8 store smaller: the matrices inside the decoder's layers."""
    return tuple(name for name in decoder(dims) if name.endswith("_proj.weight"))


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
