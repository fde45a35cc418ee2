"""What a Step-Audio folder's config.json says: dimensions as typed records, every value used is checked.

Two layouts are in use: nested (``StepAudio2ForCausalLM``: ``text_config`` beside ``audio_encoder_config``)
and flat (``StepAudioForCausalLMV2``: the text's keys at the top). No class named in a config is ever
imported, and no code beside it is ever run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import CheckpointError

CONFIG = "config.json"
ORIGIN = "config_origin.json"
"""The flat layout's name where a folder ships both."""
NESTED = ("StepAudio2ForCausalLM", "step_audio_2")
FLAT = ("StepAudioForCausalLMV2", "step_audio_qwen2")
DTYPES = ("bfloat16", "float16", "float32")
MELS = 128
"""The front end's bands; the released weights have no other."""
PLACES = 1500
"""Positions (20 ms) of the encoder's table; with fewer, a long segment would run past its end."""

LAYERS = 1024
"""Far above any released depth: a folder with more is broken, and listing its tensors would take for ever."""

KEEP = "use the config.json that came with the weights"


@dataclass(frozen=True, slots=True)
class TextDims:
    """Shape of the language model: Qwen2's decoder."""

    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    layers: int
    vocabulary: int
    rms_eps: float
    rope_theta: float
    context: int
    "Positions it was trained for."

    @property
    def size(self) -> int:
        """Width of one attention head."""
        return self.hidden // self.heads


@dataclass(frozen=True, slots=True)
class AudioDims:
    """Shape of encoder and adaptor."""

    mels: int
    context: int
    "Positions (20 ms) of the longest segment."
    width: int
    heads: int
    layers: int
    llm_dim: int
    kernel: int
    stride: int


@dataclass(frozen=True, slots=True)
class StepConfig:
    """A Step-Audio model as its folder describes it."""

    name: str
    "As a person would call it: the folder's name, or the hub's where it is a snapshot."
    text: TextDims
    audio: AudioDims
    stops: frozenset[int]
    "Token ids that end a generation."
    dtype: str
    "Of the stored weights, in torch's words."
    thinks: bool = False
    "It writes a thought before its answer: R1's size, a name that says so, or a chat template that does."


def read_config(folder: Path) -> StepConfig:
    """What ``folder`` holds. Raises CheckpointError naming the file and the key that is wrong."""
    if not folder.is_dir():
        raise CheckpointError(f"there is no model folder {folder}; give a folder with {CONFIG} and weights")
    path = folder / CONFIG
    if not path.exists() and (folder / ORIGIN).exists():
        path = folder / ORIGIN
    top = _object(path)
    try:
        if top.get("quantization_config"):
            raise ValueError(
                "it describes weights that were quantised elsewhere; get the original ones, and let them be "
                "made smaller here (dtype int8 or fp8)"
            )
        text_keys = _text_keys(top)
        text = _text(text_keys)
        audio = _audio(_nested(top, "audio_encoder_config"))
        if audio.llm_dim != text.hidden:
            raise ValueError(f"audio_encoder_config.llm_dim is {audio.llm_dim}, hidden_size is {text.hidden}")
        stops = _stops(text_keys) | _stops(top)
        dtype = _dtype(text_keys, top)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be used: {error}; {KEEP}") from error
    stops |= _generation_stops(folder)
    name = _name(folder)
    return StepConfig(name, text, audio, frozenset(stops), dtype, _thinks(name, text, folder))


def _layout(top: Mapping[str, Any]) -> str | None:
    named = top.get("architectures")
    named = [*named, top.get("model_type")] if isinstance(named, list) else [top.get("model_type")]
    if any(name in NESTED for name in named):
        return "nested" if "text_config" in top else "flat"
    return "flat" if any(name in FLAT for name in named) else None


def _text_keys(top: Mapping[str, Any]) -> Mapping[str, Any]:
    layout = _layout(top)
    if layout is None:
        raise ValueError(
            f"it describes {top.get('architectures') or top.get('model_type')!r}; accepted are "
            f"{NESTED[0]} ({NESTED[1]}) and {FLAT[0]} ({FLAT[1]})"
        )
    return _nested(top, "text_config") if layout == "nested" else top


def _text(keys: Mapping[str, Any]) -> TextDims:
    dims = TextDims(
        hidden=_count(keys, "hidden_size"),
        intermediate=_count(keys, "intermediate_size"),
        heads=_count(keys, "num_attention_heads"),
        kv_heads=_count(keys, "num_key_value_heads", "num_attention_groups"),
        layers=_count(keys, "num_hidden_layers"),
        vocabulary=_count(keys, "vocab_size"),
        rms_eps=_number(keys, "rms_norm_eps"),
        rope_theta=_number({**_rope(keys), **keys}, "rope_theta"),
        context=_count(keys, "max_position_embeddings", "max_seq_len"),
    )
    _shallow("num_hidden_layers", dims.layers)
    if dims.hidden % dims.heads or dims.heads % dims.kv_heads or dims.size % 2:
        raise ValueError(
            f"hidden_size {dims.hidden}, num_attention_heads {dims.heads} and num_key_value_heads "
            f"{dims.kv_heads} do not divide each other into heads of an even width"
        )
    groups = keys.get("num_attention_groups")
    if groups is not None and groups != dims.kv_heads:
        raise ValueError(f"num_attention_groups is {groups!r}, num_key_value_heads is {dims.kv_heads}")
    fixed = {"rope_scaling": None, "hidden_act": "silu", "tie_word_embeddings": False}
    for key, accepted in (fixed | {"use_sliding_window": False}).items():
        if key in keys and keys[key] != accepted:
            raise ValueError(f"{key} is {keys[key]!r}, accepted is {json.dumps(accepted)}")
    return dims


def _rope(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where newer versions of transformers write the rotary positions' base; only the plain kind is read."""
    found = keys.get("rope_parameters")
    if not isinstance(found, dict):
        return {}
    if found.get("rope_type", "default") != "default":
        raise ValueError(f"rope_parameters.rope_type is {found['rope_type']!r}, accepted is 'default'")
    return {"rope_theta": found.get("rope_theta")}


def _audio(keys: Mapping[str, Any]) -> AudioDims:
    dims = AudioDims(
        mels=_count(keys, "n_mels"),
        context=_count(keys, "n_audio_ctx"),
        width=_count(keys, "n_audio_state"),
        heads=_count(keys, "n_audio_head"),
        layers=_count(keys, "n_audio_layer"),
        llm_dim=_count(keys, "llm_dim"),
        kernel=_count(keys, "kernel_size"),
        stride=_count(keys, "adapter_stride"),
    )
    fixed = (("n_mels", dims.mels, MELS), ("kernel_size", dims.kernel, 3), ("adapter_stride", dims.stride, 2))
    for key, found, accepted in fixed:
        if found != accepted:
            raise ValueError(f"audio_encoder_config.{key} is {found}, accepted is {accepted}")
    _shallow("audio_encoder_config.n_audio_layer", dims.layers)
    if dims.context < PLACES:
        raise ValueError(f"n_audio_ctx is {dims.context}, expected {PLACES}: the places of 30 s of sound")
    if dims.width % dims.heads:
        raise ValueError(f"n_audio_state {dims.width} is not a multiple of n_audio_head {dims.heads}")
    return dims


def _shallow(name: str, layers: int) -> None:
    if layers > LAYERS:
        raise ValueError(f"{name} is {layers}, no more than {LAYERS} can be")


def _count(keys: Mapping[str, Any], *names: str) -> int:
    """The first of ``names`` that is there: a whole number above zero."""
    value = _first(keys, names)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{names[0]} is {value!r}, expected a whole number above 0")
    return value


def _number(keys: Mapping[str, Any], name: str) -> float:
    value = _first(keys, (name,))
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e30:
        raise ValueError(f"{name} is {value!r:.40}, expected a number above 0")
    return float(value)


def _first(keys: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if keys.get(name) is not None:
            return keys[name]
    raise ValueError(f"it lacks {names[0]}")


def _nested(top: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = top.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {'missing' if value is None else 'not an object'}")
    return value


def _stops(keys: Mapping[str, Any]) -> set[int]:
    given = keys.get("eos_token_id")
    ids = given if isinstance(given, list) else [] if given is None else [given]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in ids):
        raise ValueError(f"eos_token_id is {given!r}, expected one token id or a list of them")
    return set(ids)


def _dtype(text: Mapping[str, Any], top: Mapping[str, Any]) -> str:
    named = [keys[key] for keys in (top, text) for key in ("torch_dtype", "dtype") if keys.get(key)]
    dtype = str(named[0]).removeprefix("torch.") if named else DTYPES[0]
    if dtype not in DTYPES:
        raise ValueError(f"torch_dtype is {dtype!r}, accepted are {', '.join(DTYPES)}")
    return dtype


def _generation_stops(folder: Path) -> set[int]:
    path = folder / "generation_config.json"
    if not path.exists():
        return set()
    try:
        return _stops(_object(path))
    except ValueError as error:
        raise CheckpointError(f"{path} cannot be used: {error}; get the file again") from error


def _object(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing; a model folder holds {CONFIG}, tokenizer.json and *.safetensors"
        ) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); get the file again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a JSON object; get the file again")
    return content


def _name(folder: Path) -> str:
    """Of a hub snapshot (``models--org--name/snapshots/hash``) the model's name, else the folder's."""
    at = folder.absolute()
    if at.parent.name == "snapshots" and at.parent.parent.name.startswith("models--"):
        return at.parent.parent.name.split("--")[-1]
    return at.resolve().name


def _thinks(name: str, text: TextDims, folder: Path) -> bool:
    if (text.hidden, text.layers) == (5120, 64) or "-think" in name.lower() or "-r1" in name.lower():
        return True
    templates = (folder / "chat_template.jinja", folder / "tokenizer_config.json")
    return any(b"<think>" in path.read_bytes() for path in templates if path.is_file())
