"""Which loader a model folder wants, told by its config.json alone. Loads nothing, imports no framework."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.errors import CheckpointError

CONFIGS = ("config.json", "config_origin.json")


class Family(StrEnum):
    """Who reads a folder's weights."""

    TINY = "tiny"
    "A bundle of ours, on ONNX Runtime."
    STEP = "step"
    "Step-Audio 2 and R1, by our own engine in torch."
    FOREIGN = "foreign"
    "By transformers' classes."

    @property
    def loader(self) -> str:
        """What ``Factory`` calls: ``module:function(folder, options)``."""
        return {
            Family.TINY: "model.engine:load_engine",
            Family.STEP: "model.step.engine:load_step",
            Family.FOREIGN: "model.foreign.load:load_foreign",
        }[self]

    @property
    def packages(self) -> tuple[str, ...]:
        """What it imports beyond a base install."""
        own = ("torch", "safetensors", "tokenizers")
        return {Family.TINY: (), Family.STEP: own, Family.FOREIGN: (*own, "transformers")}[self]


_FAMILIES = {
    "hocket_tiny": Family.TINY,
    "step_audio_2": Family.STEP,
    "step_audio_qwen2": Family.STEP,
    "qwen2_audio": Family.FOREIGN,
    "qwen2_5_omni": Family.FOREIGN,
    "qwen2_5_omni_thinker": Family.FOREIGN,
}


def family(folder: Path) -> Family:
    """Raises CheckpointError where there is no such folder, no config, or a model that nothing here reads."""
    if folder.is_file():
        raise CheckpointError(f"{folder} is a file; give the folder that holds {CONFIGS[0]} and the weights")
    if not folder.is_dir():
        raise CheckpointError(f"there is no model folder {folder}; `hocket models` lists what can be used")
    kinds = [kind for name in CONFIGS if (kind := _kind(folder / name)) is not None]
    if not kinds:
        raise CheckpointError(f"{folder} holds no {CONFIGS[0]}; give a folder with {CONFIGS[0]} and weights")
    for kind in kinds:
        if kind in _FAMILIES:
            return _FAMILIES[kind]
    raise CheckpointError(
        f"{folder} holds a model of the type {kinds[0]!r}, which nothing here reads; accepted are "
        f"{', '.join(sorted(_FAMILIES))} (a text model: serve it, and give its URL)"
    )


def _kind(path: Path) -> str | None:
    try:
        content: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}); get the file again") from None
    return str(content.get("model_type", "")) if isinstance(content, dict) else ""
