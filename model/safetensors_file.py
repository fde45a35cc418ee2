"""Reads a safetensors file whose every tensor is foretold by name, type and shape; anything else is refused.

The header is checked against the file's size and against what the config expects before any array is made,
so a hostile file can cost no more memory than its own size. Nothing in it is ever executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CheckpointError

HEADER_LIMIT = 1 << 20
"""Bytes of the longest header accepted."""
TYPES: dict[str, type[np.floating[Any]]] = {"F16": np.float16, "F32": np.float32}

AGAIN = "get the file again, or train it again"


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Exactly the tensors named in ``shapes``, as float32. Raises CheckpointError."""
    data = _bytes(path)
    header, start = _header(path, data)
    missing, foreign = sorted(set(shapes) - set(header)), sorted(set(header) - set(shapes))
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"holds the unknown tensor {foreign[0]}"
        raise CheckpointError(
            f"{path} does not fit its config.json: it {what}; use files of one training run"
        )
    places = {
        name: _place(path, name, header[name], shape, len(data) - start) for name, shape in shapes.items()
    }
    return {name: _tensor(path, name, data, start, *places[name]) for name in shapes}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"the weights {path} are missing; {AGAIN}") from None
    except OSError as error:
        raise CheckpointError(
            f"the weights {path} cannot be read ({error.strerror}); check the file"
        ) from error


def _header(path: Path, data: bytes) -> tuple[dict[str, Any], int]:
    size = int.from_bytes(data[:8], "little") if len(data) >= 8 else -1
    if not 2 <= size <= HEADER_LIMIT or data[8:9] != b"{":
        raise CheckpointError(f"{path} is not a safetensors file; only safetensors weights are accepted")
    if 8 + size > len(data):
        raise CheckpointError(f"{path} is truncated: its header is cut off; {AGAIN}")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} has a broken safetensors header; {AGAIN}") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} has a safetensors header that is not an object; {AGAIN}")
    header.pop("__metadata__", None)
    return header, 8 + size


def _place(
    path: Path, name: str, entry: object, shape: tuple[int, ...], room: int
) -> tuple[type[np.floating[Any]], tuple[int, ...], int]:
    """Type, shape and offset of one tensor, once they are known to be sound."""
    try:
        kind, found, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]  # type: ignore[index]
        dtype, numbers = TYPES.get(kind), [*found, begin, end]
    except (TypeError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} describes {name} wrongly; {AGAIN}") from error
    if dtype is None:
        raise CheckpointError(f"{path} holds {name} as {kind}; accepted are {', '.join(TYPES)}")
    if not all(type(n) is int and n >= 0 for n in numbers) or tuple(found) != shape:
        raise CheckpointError(
            f"{path} holds {name} of shape {found}, config.json means {list(shape)}; use one run's files"
        )
    if end > room:
        raise CheckpointError(f"{path} is truncated: {name} ends at byte {end} of {room}; {AGAIN}")
    if end - begin != int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize:
        raise CheckpointError(
            f"{path} gives {name} {end - begin} bytes, which its shape {found} does not fill; {AGAIN}"
        )
    return dtype, shape, begin


def _tensor(
    path: Path,
    name: str,
    data: bytes,
    start: int,
    dtype: type[np.floating[Any]],
    shape: tuple[int, ...],
    begin: int,
) -> NDArray[np.float32]:
    count = int(np.prod(shape, dtype=np.int64))
    stored = np.frombuffer(data, np.dtype(dtype).newbyteorder("<"), count, start + begin)
    tensor: NDArray[np.float32] = stored.astype(np.float32).reshape(shape)
    if not np.isfinite(tensor).all():
        raise CheckpointError(
            f"{path} holds values in {name} that are not numbers; the training went wrong: {AGAIN}"
        )
    tensor.setflags(write=False)
    return tensor
