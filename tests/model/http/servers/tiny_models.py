"""Tiny random models for real servers, written on the spot: Qwen2 by shape, a letter to a token, ChatML.

Their words mean nothing; what is tested is the wire. They write printable ASCII alone, so that a text which
is gone on from reads as it was written, and never the end of a turn: they write on until they are stopped.
"""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LETTERS = string.ascii_letters + string.digits + ".,:;!?'-() \n"
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PIECES = ["QZ", *({" ": "Ġ", "\n": "Ċ"}.get(letter, letter) for letter in LETTERS)]
"""As byte-level BPE writes them. llama.cpp wants a merge, if only one."""
HIDDEN, INNER, LAYERS, HEADS, SHARED, SIZE = 64, 128, 2, 4, 2, 16


def _weights() -> dict[str, NDArray[np.float32]]:
    """By the names that transformers gives them."""
    rng, count = np.random.default_rng(7), len(PIECES) + len(SPECIALS)

    def chance(*shape: int, spread: float = 0.25) -> NDArray[np.float32]:
        return (rng.standard_normal(shape) * spread).astype(np.float32)

    made = {"model.embed_tokens.weight": chance(count, HIDDEN, spread=1.0)}
    made["lm_head.weight"] = chance(count, HIDDEN, spread=1.0)
    made["lm_head.weight"][-len(SPECIALS) :] = 0.0
    made["model.norm.weight"] = np.ones(HIDDEN, np.float32)
    for layer in (f"model.layers.{number}." for number in range(LAYERS)):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            made[f"{layer}{norm}.weight"] = np.ones(HIDDEN, np.float32)
        for part, width in (("q", HEADS * SIZE), ("k", SHARED * SIZE), ("v", SHARED * SIZE)):
            made[f"{layer}self_attn.{part}_proj.weight"] = chance(width, HIDDEN)
            made[f"{layer}self_attn.{part}_proj.bias"] = np.zeros(width, np.float32)
        made[f"{layer}self_attn.o_proj.weight"] = chance(HIDDEN, HEADS * SIZE)
        made[f"{layer}mlp.gate_proj.weight"] = chance(INNER, HIDDEN)
        made[f"{layer}mlp.up_proj.weight"] = chance(INNER, HIDDEN)
        made[f"{layer}mlp.down_proj.weight"] = chance(HIDDEN, INNER)
    return made


def for_transformers(folder: Path) -> Path:
    """A folder as ``transformers`` loads it. Needs safetensors and tokenizers, and no torch."""
    from safetensors.numpy import save_file
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    folder.mkdir()
    end = len(PIECES) + 2
    config = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "dtype": "float32",
        "vocab_size": len(PIECES) + len(SPECIALS), "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": SHARED,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10_000.0,
        "tie_word_embeddings": False, "eos_token_id": end, "pad_token_id": end - 2,
    }  # fmt: skip
    tokens = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": SPECIALS[2],
        "pad_token": SPECIALS[0],
    }
    vocabulary = {piece: at for at, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Q", "Z")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIALS])
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {
        "config.json": config,
        "generation_config.json": {"do_sample": False, "eos_token_id": end, "pad_token_id": end - 2},
        "tokenizer_config.json": {**tokens, "chat_template": TEMPLATE},
    }
    for name, value in told.items():
        (folder / name).write_text(json.dumps(value))
    save_file(_weights(), folder / "model.safetensors", {"format": "pt"})
    return folder


def gguf(path: Path) -> Path:
    """A file as llama.cpp loads it. Needs the ``gguf`` package."""
    import gguf as form

    writer, kinds = form.GGUFWriter(str(path), "qwen2"), form.TokenType
    writer.add_context_length(4096)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*PIECES, *SPECIALS])
    writer.add_token_types([*[kinds.NORMAL] * len(PIECES), *[kinds.CONTROL] * len(SPECIALS)])
    writer.add_token_merges(["Q Z"])
    writer.add_eos_token_id(len(PIECES) + 2)
    writer.add_pad_token_id(len(PIECES))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, weight in _weights().items():
        writer.add_tensor(_as_gguf(name), weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def ears(path: Path) -> Path:
    """An ``--mmproj`` file: Qwen2-Audio's encoder by shape, for the model of ``gguf``."""
    import gguf as form

    rng, mels = np.random.default_rng(1), 128
    writer = form.GGUFWriter(str(path), "clip")
    writer.add_bool("clip.has_audio_encoder", True)
    writer.add_bool("clip.use_gelu", True)
    writer.add_string("clip.projector_type", "qwen2a")
    sizes = {"num_mel_bins": mels, "embedding_length": HIDDEN, "feed_forward_length": INNER, "block_count": 1}
    for name, value in {**sizes, "projection_dim": HIDDEN, "attention.head_count": 2}.items():
        writer.add_uint32(f"clip.audio.{name}", value)
    writer.add_float32("clip.audio.attention.layer_norm_epsilon", 1e-5)

    def chance(name: str, *shape: int, kind: type = np.float32) -> None:
        writer.add_tensor(name, (rng.standard_normal(shape) * 0.3).astype(kind))

    chance("a.position_embd.weight", 1500, HIDDEN)
    for number, width in ((1, mels), (2, HIDDEN)):
        chance(f"a.conv1d.{number}.weight", HIDDEN, width, 3, kind=np.float16)
        chance(f"a.conv1d.{number}.bias", HIDDEN, 1)
    for norm in ("a.blk.0.ln1", "a.blk.0.ln2", "a.post_ln"):
        writer.add_tensor(f"{norm}.weight", np.ones(HIDDEN, np.float32))
        writer.add_tensor(f"{norm}.bias", np.zeros(HIDDEN, np.float32))
    shapes = {f"attn_{part}": (HIDDEN, HIDDEN) for part in ("q", "k", "v", "out")}
    for name, shape in {**shapes, "ffn_up": (INNER, HIDDEN), "ffn_down": (HIDDEN, INNER)}.items():
        chance(f"a.blk.0.{name}.weight", *shape)
        if name != "attn_k":
            chance(f"a.blk.0.{name}.bias", shape[0])
    chance("mm.a.fc.weight", HIDDEN, HIDDEN)
    chance("mm.a.fc.bias", HIDDEN)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _as_gguf(name: str) -> str:
    """A weight's name in a GGUF file."""
    whole = {"model.embed_tokens.": "token_embd.", "lm_head.": "output.", "model.norm.": "output_norm."}
    inner = {
        "model.layers.": "blk.", "self_attn.o_proj": "attn_output", "self_attn.": "attn_", "mlp.": "ffn_",
        "post_attention_layernorm": "ffn_norm", "input_layernorm": "attn_norm", "_proj": "",
    }  # fmt: skip
    for old, new in {**whole, **inner}.items():
        name = name.replace(old, new)
    return name
