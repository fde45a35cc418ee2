"""Loads a bundle: a folder with config.json, tokenizer.json, model.safetensors and graphs without weights.

Never unpickles, never runs code that came with a model. Whatever is missing, cut off, foreign or of the wrong
shape is a CheckpointError in one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CheckpointError

from . import judge, safetensors_file
from .card import GRAPHS, Card, card
from .shapes import shapes
from .tokenizer import Tokenizer

CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
HEADS = "heads.safetensors"
"""Optional: heads over the encoder, for ``judge``."""
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
"""Formats that can run code when they are opened."""
GRAPH_LIMIT = 16 << 20
"""Bytes of the largest graph accepted; they hold no weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A model, loaded and checked, not yet running."""

    card: Card
    tokenizer: Tokenizer
    weights: dict[str, NDArray[np.float32]]
    "Read-only float32, by name."
    graphs: dict[str, bytes]
    "ONNX files without weights, by graph name."
    fingerprint: str
    "Digest of weights and graphs: what cached states belong to."
    heads: dict[str, NDArray[np.float32]] | None = None
    "Weights of the heads over the encoder; None where the bundle has none."


def bundled() -> Path:
    """The folder of the practice brain that ships with the package."""
    return Path(str(resources.files("model") / "bundled"))


def load(folder: Path, *, heads: bool = True) -> Bundle:
    """Read and check a bundle; ``heads`` False leaves its heads out. Raises CheckpointError."""
    if folder.is_file():
        raise _refused(folder)
    if not folder.is_dir():
        raise CheckpointError(f"there is no model folder {folder}; give a folder with {CONFIG} and {WEIGHTS}")
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLED)
    if pickled and not (folder / WEIGHTS).exists():
        raise _refused(folder / pickled[0])
    described = card(_json(folder / CONFIG), str(folder / CONFIG))
    tokenizer = _tokenizer(folder / TOKENIZER)
    if len(tokenizer) != described.dims.vocabulary:
        raise CheckpointError(
            f"{folder / TOKENIZER} has {len(tokenizer)} tokens, {CONFIG} says {described.dims.vocabulary}; "
            "use files of one training run"
        )
    weights = safetensors_file.read(folder / WEIGHTS, shapes(described.dims, described.cues))
    graphs = {name: _graph(folder / f"{name}.onnx") for name in GRAPHS}
    found = _heads(folder / HEADS, weights, described.dims.width) if heads else None
    return Bundle(described, tokenizer, weights, graphs, _fingerprint(weights, graphs), found)


def _heads(
    path: Path, weights: dict[str, NDArray[np.float32]], width: int
) -> dict[str, NDArray[np.float32]] | None:
    if not path.exists():
        return None
    found = safetensors_file.read(path, judge.shapes(width))
    if not np.array_equal(found["encoder"], judge.encoder_digest(weights)):
        raise CheckpointError(
            f"{path} was trained on another encoder than {WEIGHTS} beside it; train it again "
            f"(python -m training heads --bundle {path.parent}) or take it away"
        )
    return found


def _fingerprint(weights: dict[str, NDArray[np.float32]], graphs: dict[str, bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].tobytes())
    for name in sorted(graphs):
        digest.update(name.encode() + graphs[name])
    return digest.hexdigest()


def _refused(path: Path) -> CheckpointError:
    if path.suffix in PICKLED:
        return CheckpointError(
            f"{path} is a pickled checkpoint, which can run code when it is opened, and is never loaded; "
            f"convert it to {WEIGHTS} where you trust it"
        )
    return CheckpointError(f"{path} is a file; give the folder that holds {CONFIG} and {WEIGHTS}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing; a model folder holds {CONFIG}, {TOKENIZER}, {WEIGHTS} and its graphs"
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}); check the file and its permissions"
        ) from error


def _json(path: Path) -> object:
    try:
        content: object = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); get the file again") from error
    return content


def _tokenizer(path: Path) -> Tokenizer:
    _read(path)  # missing and unreadable files are told apart from broken ones
    try:
        return Tokenizer.load(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not a tokenizer of this model ({error}); get the file again"
        ) from error


def _graph(path: Path) -> bytes:
    data = _read(path)
    if not 0 < len(data) <= GRAPH_LIMIT:
        raise CheckpointError(
            f"{path} has {len(data)} bytes; a graph without weights has 1 to {GRAPH_LIMIT}: get it again"
        )
    return data
