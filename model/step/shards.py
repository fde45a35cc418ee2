"""Finds and checks a checkpoint's tensors before any is read: safetensors files, whole or in shards.

Every name, shape and number type is compared with what config.json foretells, both ways. Never unpickles.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CheckpointError

from .shapes import Shapes

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
TYPES = {"F32": 4, "BF16": 2, "F16": 2}
"""Number types that are accepted, and their bytes."""
COMPUTED = ".rotary_emb.inv_freq"
"""Names ending so hold constants that older exports stored; they are left where they are."""
AGAIN = "get the file again"


@dataclass(frozen=True, slots=True)
class Shard:
    """One file, and which of its tensors are wanted, with the bytes that each takes in it."""

    path: Path
    sizes: Mapping[str, int]

    @property
    def bytes(self) -> int:
        return sum(self.sizes.values())


def survey(folder: Path, expected: Shapes) -> list[Shard]:
    """The files to read for exactly the tensors of ``expected``. Raises CheckpointError."""
    placed = _placed(folder)
    files = [folder / WHOLE] if placed is None else [folder / name for name in sorted(set(placed.values()))]
    absent = [path.name for path in files if not path.exists()]
    if absent:
        raise CheckpointError(
            f"{folder} lacks {len(absent)} of {len(files)} weight files ({absent[0]}); fetch the rest"
        )
    shards, home = [], dict[str, Path]()
    for path in files:
        found = _sizes(path, expected)
        for name in found:
            if name in home:
                raise CheckpointError(f"{name} is both in {home[name].name} and in {path.name}; {AGAIN}")
            home[name] = path
        shards.append(Shard(path, found))
    _compare(folder, expected, home, placed)
    return shards


def _compare(
    folder: Path, expected: Shapes, home: Mapping[str, Path], placed: Mapping[str, str] | None
) -> None:
    missing = [name for name in expected if name not in home]
    if missing:
        raise CheckpointError(
            f"the weights in {folder} do not fit its config.json: {len(missing)} tensors are missing, first "
            f"{missing[0]}; use files of one model"
        )
    wrong = [name for name in expected if placed is not None and placed.get(name) != home[name].name]
    if wrong and placed is not None:
        raise CheckpointError(
            f"{folder / INDEX} places {wrong[0]} in {placed.get(wrong[0], 'no file')}, it is in "
            f"{home[wrong[0]].name}; {AGAIN}"
        )


def _placed(folder: Path) -> Mapping[str, str] | None:
    """What the index says; None where there is one file without an index."""
    index = folder / INDEX
    if not index.exists():
        if (folder / WHOLE).exists():
            return None
        raise _without_weights(folder)
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        placed = content["weight_map"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{index} is not an index of weights ({error!r}); {AGAIN}") from error
    if not isinstance(placed, dict) or not placed:
        raise CheckpointError(f"{index} lists no weights; {AGAIN}")
    for name in placed.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise CheckpointError(f"{index} names {name!r}; only .safetensors files beside it are read")
    return placed


def _without_weights(folder: Path) -> CheckpointError:
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLED)
    if pickled:
        return CheckpointError(
            f"{folder / pickled[0]} is a pickled checkpoint, which can run code when it is opened, and is "
            "never loaded; get the safetensors files of this model"
        )
    return CheckpointError(f"{folder} holds neither {INDEX} nor {WHOLE}; get the weights into it")


def _sizes(path: Path, expected: Shapes) -> dict[str, int]:
    """Bytes of every tensor in a file, once shape and type are known to be right; only its header is read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            pieces = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
            headers = {name: (piece.get_dtype(), tuple(piece.get_shape())) for name, piece in pieces.items()}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {_reason(path, error)}") from error
    return {
        name: _size(f"{path} holds {name}", kind, shape, expected.get(name))
        for name, (kind, shape) in headers.items()
        if not name.endswith(COMPUTED)
    }


def _size(what: str, kind: str, shape: tuple[int, ...], expected: tuple[int, ...] | None) -> int:
    if expected is None:
        raise CheckpointError(f"{what}, which config.json does not foretell; use files of one model")
    if shape != expected:
        raise CheckpointError(f"{what} of shape {shape}, config.json says {expected}; use files of one model")
    if kind not in TYPES:
        raise CheckpointError(
            f"{what} as {kind}; accepted are {', '.join(TYPES)}: get the original weights, and let them be "
            "made smaller here (dtype int8 or fp8)"
        )
    return TYPES[kind] * math.prod(shape)


def _reason(path: Path, error: Exception) -> str:
    """In words, for the two ways in which a download usually goes wrong."""
    start = _start(path)
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights; run `git lfs pull` in the folder"
    if isinstance(error, OSError):
        return f"{error.strerror or error}; check the file"
    return f"it is no safetensors file, or is cut off ({error}); {AGAIN}"


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError:
        return b""
