"""Writes tiny random Step-Audio checkpoints, in the released format: configs, tokenizer, shards, index.

A module for other tests, found beside them; it holds no test of its own.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from model.step.config import AudioDims, StepConfig, TextDims
from model.step.shapes import shapes

TEXT = TextDims(
    hidden=64,
    intermediate=96,
    heads=4,
    kv_heads=2,
    layers=2,
    vocabulary=640,
    rms_eps=1e-5,
    rope_theta=1_000_000.0,
    context=2048,
)
AUDIO = AudioDims(mels=128, context=1500, width=64, heads=4, layers=2, llm_dim=64, kernel=3, stride=2)


def _names(text: str) -> list[str]:
    return text.split()


QWEN = _names(
    """<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|>
    <|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>
    <tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|>
    <|file_sep|>"""
)
"""Qwen2.5's added tokens, 151643 to 151664 as released; from ``<tool_call>`` on they are not special."""
STEP = _names(
    """<|EOT|> <|BOT|> <|CALL_START|> <|CALL_END|> <|THINK_START|> <|THINK_END|> <|IMG_START|> <|IMG_END|>
    <|META_START|> <|META_END|> <im_patch> <im_start> <im_end> <dream> <dream_start> <dream_end>
    <|MASK_1e69f|> <|UNMASK_1e69f|> <video_start> <video_end> <patch_start> <patch_end> <patch_newline>
    <audio_start> <audio_end> <audio_patch> <audio_patch_pad> <|SC|> <tts_start> <tts_end> <tts_pad>"""
)
"""Step-Audio's own, 151665 to 151695."""
CODES = 8
"""Of 6562 ``<audio_N>``."""

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2.5 splits text before its pieces are merged."""
WORDS = _names(
    """assistant human system tool_json_schemas function_output function think You are a helpful. The the is
    of to and what time question answer user said one two three four five six seven eight nine ten"""
)
"""Each becomes a piece, with and without a space before it."""


def config(**changes: Any) -> StepConfig:
    """What ``read_config`` finds in a folder that ``write`` made with the same ``changes``."""
    text = {key: value for key, value in changes.items() if hasattr(TEXT, key) and key != "context"}
    audio = {key.removeprefix("audio_"): value for key, value in changes.items() if key.startswith("audio_")}
    dims = replace(TEXT, **text)
    return StepConfig(
        name="tiny",
        text=dims,
        audio=replace(AUDIO, **{"llm_dim": dims.hidden, **audio}),
        stops=frozenset({special_ids()["<|endoftext|>"], special_ids()["<|EOT|>"]}),
        dtype="float32",
    )


def pieces() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE that knows ``WORDS``."""
    letters = byte_letters()
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        for form in (word, f" {word}"):
            spelled = "".join(letters[byte] for byte in form.encode())
            for end in range(1, len(spelled)):
                pair = (spelled[:end], spelled[end])
                if pair[0] + pair[1] not in vocabulary:
                    vocabulary[pair[0] + pair[1]] = len(vocabulary)
                    merges.append(pair)
    return vocabulary, merges


def byte_letters() -> list[str]:
    """The letter that stands for each byte in a byte-level BPE (GPT-2's table)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) if byte in shown else chr(256 + hidden.index(byte)) for byte in range(256)]


def special_ids(codes: int = CODES) -> dict[str, int]:
    """Every added token's id: contiguous after the pieces, in the released order."""
    first = len(pieces()[0])
    names = [*QWEN, *STEP, *(f"<audio_{number}>" for number in range(codes))]
    return {name: first + at for at, name in enumerate(names)}


def tokenizer_json() -> dict[str, Any]:
    """tokenizer.json as the ``tokenizers`` library writes it for Qwen2's."""
    vocabulary, merges = pieces()
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    plain = QWEN[QWEN.index("<tool_call>") :]
    added = [
        {"id": number, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": name not in plain}
        for name, number in special_ids().items()
    ]  # fmt: skip
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


def config_json(given: StepConfig, layout: str) -> dict[str, Any]:
    """config.json of either released layout."""
    text, audio = given.text, given.audio
    eos = special_ids()["<|endoftext|>"]
    flat = {
        "hidden_size": text.hidden,
        "intermediate_size": text.intermediate,
        "num_attention_heads": text.heads,
        "num_attention_groups": text.kv_heads,
        "num_key_value_heads": text.kv_heads,
        "num_hidden_layers": text.layers,
        "max_seq_len": text.context,
        "vocab_size": text.vocabulary,
        "rms_norm_eps": text.rms_eps,
        "eos_token_id": eos,
        "pad_token_id": eos,
        "rope_theta": text.rope_theta,
        "max_position_embeddings": text.context,
        "rope_scaling": None,
        "torch_dtype": given.dtype,
    }
    heard = {
        "n_mels": audio.mels,
        "n_audio_ctx": audio.context,
        "n_audio_state": audio.width,
        "n_audio_head": audio.heads,
        "n_audio_layer": audio.layers,
        "n_codebook_size": 4096,
        "llm_dim": audio.llm_dim,
        "kernel_size": audio.kernel,
        "adapter_stride": audio.stride,
    }
    if layout == "flat":
        top = {"architectures": ["StepAudioForCausalLMV2"], "model_type": "step_audio_qwen2"}
        return {**top, **flat, "audio_encoder_config": heard}
    return {
        "architectures": ["StepAudio2ForCausalLM"],
        "model_type": "step_audio_2",
        "auto_map": {
            "AutoConfig": "configuration_step_audio_2.StepAudio2Config",
            "AutoModelForCausalLM": "modeling_step_audio_2.StepAudio2ForCausalLM",
        },
        "text_config": flat,
        "audio_encoder_config": heard,
    }


def weights(given: StepConfig, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random tensors under which signals neither die nor grow, by the checkpoint's names."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in shapes(given).items():
        noise = torch.randn(shape, generator=generator)
        if "norm" in name or "_ln" in name:
            tensor = 0.1 * noise + (1.0 if name.endswith("weight") else 0.0)
        elif len(shape) == 1:
            tensor = 0.1 * noise
        elif "embed" in name:
            tensor = 0.5 * noise
        else:
            tensor = noise * (1.5 / math.sqrt(math.prod(shape[1:])))
        made[name] = tensor.to(getattr(torch, given.dtype)).contiguous()
    return made


def write(
    folder: Path,
    *,
    layout: str = "nested",
    shards: int = 3,
    seed: int = 0,
    dtype: str = "float32",
    **changes: Any,
) -> Path:
    """A checkpoint in ``folder`` (made if absent); ``changes`` are fields of TextDims, or of AudioDims with
    ``audio_`` before their names. One shard is ``model.safetensors`` without an index."""
    folder.mkdir(parents=True, exist_ok=True)
    given = replace(config(**changes), dtype=dtype)
    (folder / "config.json").write_text(json.dumps(config_json(given, layout), indent=2))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(), ensure_ascii=False), encoding="utf-8")
    ids = special_ids()
    stops = {"bos_token_id": ids["<|endoftext|>"], "eos_token_id": [ids["<|endoftext|>"], ids["<|EOT|>"]]}
    (folder / "generation_config.json").write_text(json.dumps(stops))
    _save(folder, weights(given, seed), shards)
    return folder


def _save(folder: Path, tensors: dict[str, torch.Tensor], shards: int) -> None:
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(tensors)
    size = -(-len(names) // shards)
    places: dict[str, str] = {}
    for number in range(shards):
        some = names[number * size : (number + 1) * size]
        file = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        save_file({name: tensors[name] for name in some}, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(some, file)
    total = sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
