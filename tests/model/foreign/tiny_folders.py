"""Writes tiny random Qwen2-Audio, Qwen2.5-Omni and Whisper folders as they are released.

A module for other tests, found beside them; it holds no test of its own.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

CHAT = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
SPOKEN = ["You are a helpful assistant. system user assistant Audio what is the time one two three four five"]
BANDS = 16


def tokenizer(folder: Path, specials: tuple[str, ...], plain: tuple[str, ...] = ()) -> dict[str, int]:
    """Writes a small byte-level BPE; the added tokens' ids."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator(
        SPOKEN, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    )
    made.add_special_tokens([AddedToken(name, normalized=False) for name in specials])
    made.add_tokens([AddedToken(name, normalized=False) for name in plain])
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return {name: made.token_to_id(name) for name in (*specials, *plain)}


def extractor(folder: Path, seconds: int = 30) -> None:
    """Writes preprocessor_config.json; Qwen2.5-Omni's is for 300 s."""
    content = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": BANDS,
        "hop_length": 160,
        "chunk_length": seconds,
        "n_fft": 400,
        "sampling_rate": 16000,
        "n_samples": 16000 * seconds,
        "nb_max_frames": 100 * seconds,
        "padding_value": 0.0,
        "return_attention_mask": True,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(content))


AUDIO = {
    "d_model": 16,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "num_mel_bins": BANDS,
    "max_source_positions": 1500,
}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "vocab_size": 320,
}


def described(family: str, ids: dict[str, int]) -> dict[str, Any]:
    """config.json as it is released."""
    if family == "qwen2_audio":
        return {
            "architectures": ["Qwen2AudioForConditionalGeneration"],
            "audio_config": {"model_type": "qwen2_audio_encoder", **AUDIO},
            "audio_token_index": ids["<|AUDIO|>"],
            "model_type": "qwen2_audio",
            "ignore_index": -100,
            "text_config": {"model_type": "qwen2", "rms_norm_eps": 1e-5, "use_mrope": False, **TEXT},
            "torch_dtype": "bfloat16",
            "transformers_version": "4.45.0.dev0",
            "vocab_size": TEXT["vocab_size"],
        }
    vision = {
        "embed_dim": 16,
        "in_chans": 3,
        "init_std": 0.02,
        "tokens_per_second": 25,
        "depth": 1,
        "hidden_size": 16,
        "num_heads": 2,
        "intermediate_size": 24,
        "out_hidden_size": TEXT["hidden_size"],
    }
    thinker = {
        "_attn_implementation_autoset": True,
        "architectures": ["Qwen2OmniNaViTThinkerForConditionalGeneration"],
        "ignore_index": -100,
        "init_std": 0.02,
        "torch_dtype": "bfloat16",
        "audio_config": {
            "model_type": "qwen2_5_omni_audio_encoder",
            "output_dim": TEXT["hidden_size"],
            **AUDIO,
        },
        "audio_token_index": ids["<|AUDIO|>"],
        "audio_start_token_id": ids["<|audio_bos|>"],
        "audio_end_token_id": ids["<|audio_eos|>"],
        "image_token_index": 316,
        "video_token_index": 317,
        "vision_start_token_id": 318,
        "vision_end_token_id": 319,
        "model_type": "qwen2_5_omni_thinker",
        "text_config": {
            "model_type": "qwen2_5_omni_text",
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
            "rope_theta": 1000000.0,
            "sliding_window": 32768,
            "use_sliding_window": False,
            **TEXT,
        },
        "vision_config": {"model_type": "qwen2_5_omni_vision_encoder", **vision},
    }
    return {
        "architectures": ["Qwen2_5OmniModel"],
        "model_type": "qwen2_5_omni",
        "enable_talker": True,
        "talker_config": {"model_type": "qwen2_5_omni_talker"},
        "thinker_config": thinker,
    }


def network(family: str, content: dict[str, Any], seed: int = 3) -> Any:
    """The random model whose weights are written."""
    torch.manual_seed(seed)
    if family == "qwen2_audio":
        config = transformers.Qwen2AudioConfig(**content)
        made = transformers.Qwen2AudioForConditionalGeneration(config)
    else:
        config = transformers.Qwen2_5OmniThinkerConfig(**content["thinker_config"])
        made = transformers.Qwen2_5OmniThinkerForConditionalGeneration(config)
    with torch.no_grad():  # the usual 0.02 makes every answer the same token
        for name, weight in made.named_parameters():
            if weight.dim() > 1 and "conv" not in name:
                weight.normal_(0.0, 0.6 if "embed_tokens" in name else 1.5 * weight.shape[-1] ** -0.5)
    return made.eval()


def released(family: str, name: str) -> str:
    """How the released shards call a weight."""
    if family == "qwen2_audio":
        name = re.sub(r"^model\.language_model\.", "language_model.model.", name)
        name = re.sub(r"^lm_head", "language_model.lm_head", name)
        return re.sub(r"^model\.", "", name)
    name = re.sub(r"^model\.language_model\.", "model.", name)
    return "thinker." + re.sub(r"^model\.(audio_tower|visual)", r"\1", name)


def write(folder: Path, family: str) -> Path:
    """A folder of this family, float32, in two shards with their index."""
    ids = tokenizer(folder, CHAT, ("<tool_call>", "</tool_call>"))
    extractor(folder, 30 if family == "qwen2_audio" else 300)
    content = described(family, ids)
    (folder / "config.json").write_text(json.dumps(content))
    ends = {"eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]]}
    (folder / "generation_config.json").write_text(json.dumps(ends))
    weights = {released(family, k): v.contiguous() for k, v in network(family, content).state_dict().items()}
    if family != "qwen2_audio":
        weights["talker.model.norm.weight"] = torch.ones(4)
    names, index = sorted(weights), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(part, file)
    total = sum(weight.nbytes for weight in weights.values())
    listing = {"metadata": {"total_size": total}, "weight_map": index}
    (folder / "model.safetensors.index.json").write_text(json.dumps(listing))
    return folder


EARS = (
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>", "<|0.02|>"),
)


def write_whisper(folder: Path, *, languages: bool = True, seed: int = 5) -> Path:
    """A recogniser's folder, float32, in one file."""
    ids = tokenizer(folder, EARS[:-2], EARS[-2:])
    extractor(folder)
    config = transformers.WhisperConfig(
        vocab_size=max(ids.values()) + 1,
        num_mel_bins=BANDS,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_target_positions=96,
        decoder_start_token_id=ids["<|startoftranscript|>"],
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"],
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    torch.manual_seed(seed)
    made = transformers.WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.dim() > 1 and "conv" not in name and "embed_positions" not in name:
                weight.normal_(0.0, 0.8 if "embed_tokens" in name else 2.0 * weight.shape[-1] ** -0.5)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    special = [ids[name] for name in EARS if name != "<|endoftext|>"]
    settings = {
        "alignment_heads": [[0, 1], [1, 0]],
        "begin_suppress_tokens": [3, ids["<|endoftext|>"]],
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "is_multilingual": languages,
        "lang_to_id": {name: ids[name] for name in ("<|en|>", "<|de|>")},
        "task_to_id": {"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        "max_initial_timestamp_index": 1,
        "max_length": 96,
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        "suppress_tokens": [5, *special],
        "return_timestamps": False,
    }
    (folder / "generation_config.json").write_text(json.dumps(settings))
    weights = {k: v.contiguous() for k, v in made.state_dict().items() if k != "proj_out.weight"}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
