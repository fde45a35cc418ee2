"""From a folder to an engine over transformers' classes.

The kind is read from config.json; the classes are transformers' own, named in our code. What does not fit
the memory is refused before a weight is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from model.machine import Device
from pipeline.errors import CheckpointError, ConfigError
from pipeline.ports import CAPTURE_RATE

from .chat import Chat
from .folder import (
    Options,
    load_weights,
    name_of,
    number_type,
    place,
    quantise,
    quietly,
    read_json,
    require_room,
    shallow,
    understood,
    weigh,
    width,
)
from .network import KINDS, Kind, Network
from .tokens import FolderTokenizer

if TYPE_CHECKING:
    from .engine import ForeignEngine

WHOLE = "qwen2_5_omni"
"""A folder with thinker, talker and the talker's voice; the thinker is all that is loaded of it."""
TURN_END = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class ForeignOptions:
    """How a model is loaded."""

    device: str = "auto"
    "``auto`` (the first GPU, else the processor), ``cpu``, ``cuda`` or ``cuda:N``."
    dtype: str = "auto"
    "``auto`` (bfloat16 on a GPU, float32 on a processor), bfloat16, float16, float32 or int8."
    positions: int = 8192
    "The longest prompt with its reply, and as much is kept of earlier ones; 25 per second of sound."
    segment: float = 25.0
    "Seconds after which a stretch of sound is closed, and need not be read again when it goes on."
    threads: int = 0
    "Processor threads; 0: torch's own choice."

    def __post_init__(self) -> None:
        if self.positions < 64 or self.threads < 0:
            raise ConfigError(f"positions must be at least 64 and threads not negative: {self}")


def load_foreign(folder: str, options: Options | None = None) -> ForeignEngine:
    """The engine over a folder's model. Raises CheckpointError, ModelError."""
    path, wanted = Path(folder), options or ForeignOptions()
    kind, described = read_kind(path)
    shallow(described, path / "config.json")
    with quietly(), understood(path):
        return _load(kind, described, path, wanted)


def _load(kind: Kind, described: Mapping[str, Any], path: Path, wanted: Options) -> ForeignEngine:
    from .engine import ForeignEngine

    device = place(wanted.device)
    dtype = number_type(wanted.dtype, device)
    tokenizer = FolderTokenizer.load(path)
    stops = tokenizer.specials | {tokenizer.special(TURN_END)} | _ends(path)
    chat, extractor = Chat(tokenizer, kind.form, wanted.segment), _extractor(path)
    config = _config(kind, described, path)
    positions = min(wanted.positions, int(config.text_config.max_position_embeddings))
    states = positions * position_bytes(config, width(dtype))
    beside = {f"states of {positions} positions": states}
    model = _model(kind, config, path, device, dtype, wanted.threads, beside)
    return ForeignEngine(
        name_of(path),
        Network(kind, model, extractor),
        chat,
        frozenset(stops),
        tools=kind.tools,
        positions=positions,
        state_bytes=states,
    )


def read_kind(folder: Path) -> tuple[Kind, dict[str, Any]]:
    """The family of a folder's model and its configuration; of a whole Qwen2.5-Omni, the thinker's.

    Raises CheckpointError naming what is accepted.
    """
    path = folder / "config.json"
    content = read_json(path)
    if content.get("model_type") == WHOLE and isinstance(content.get("thinker_config"), dict):
        content = {"model_type": KINDS[1].type, **content["thinker_config"]}
    for kind in KINDS:
        if content.get("model_type") == kind.type:
            return kind, content
    accepted = ", ".join(f"{kind.type} ({kind.model})" for kind in KINDS)
    raise CheckpointError(
        f"{path} describes a model of the type {content.get('model_type')!r}; accepted are {accepted} and a "
        f"whole {WHOLE}, of which the thinker is used"
    )


def position_bytes(config: Any, number: int) -> int:
    """Bytes of keys and values per position, with ``number`` bytes each."""
    text = config.text_config
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * text.num_key_value_heads * size * number)


def _model(
    kind: Kind, config: Any, folder: Path, device: Device, dtype: str, threads: int, states: dict[str, int]
) -> Any:
    import torch
    import transformers

    if threads:
        torch.set_num_threads(threads)
    if getattr(config.text_config, "use_sliding_window", False):
        raise CheckpointError(f"{folder} wants a sliding window of attention, which is not supported here")
    cls, name = getattr(transformers, kind.model), name_of(folder)
    sizes = {f"weights in {dtype}": weigh(cls, config, dtype, _layers)} | states
    smaller = {"int8": "fewer positions", "float32": "dtype bfloat16 or int8, or fewer positions"}
    require_room(
        name,
        sizes,
        device,
        f"load it with {smaller.get(dtype, 'dtype int8, or fewer positions')} ([brain] in the settings)",
    )
    model = load_weights(cls, config, folder, device, dtype)
    return quantise(model, _layers(model), device) if dtype == "int8" else model


def _layers(model: Any) -> Any:
    """What int8 makes small: the language model's layers; encoder, embeddings and output stay."""
    return model.model.language_model


def _config(kind: Kind, described: Mapping[str, Any], folder: Path) -> Any:
    """transformers' configuration, without the part that sees: no image ever comes."""
    import transformers

    content = {key: value for key, value in described.items() if key not in ("auto_map", "architectures")}
    if kind.type == KINDS[1].type:
        content["vision_config"] = {**(content.get("vision_config") or {}), "depth": 0}
    try:
        return getattr(transformers, kind.config)(**content)
    except Exception as error:  # the library's checks raise many kinds
        raise CheckpointError(
            f"{folder / 'config.json'} is no configuration of a {kind.model} ({error}); get the file again"
        ) from error


_EXTRACTS = frozenset(
    ["feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft", "padding_value", "dither"]
)


def _extractor(folder: Path) -> Any:
    import transformers

    path, cls = folder / "preprocessor_config.json", cast("Any", transformers.WhisperFeatureExtractor)
    wanted = {key: value for key, value in read_json(path).items() if key in _EXTRACTS}
    rate = wanted.get("sampling_rate", CAPTURE_RATE)
    if rate != CAPTURE_RATE or wanted.get("hop_length", 160) != 160:
        raise CheckpointError(
            f"{path} is for sound of {rate} Hz in frames of {wanted.get('hop_length', 160)} samples; these "
            f"models take {CAPTURE_RATE} Hz in frames of 160: get the file again"
        )
    return cls(**wanted)


def _ends(folder: Path) -> frozenset[int]:
    path = folder / "generation_config.json"
    ends = read_json(path).get("eos_token_id", []) if path.exists() else []
    return frozenset(ends if isinstance(ends, list) else [ends])
