"""What every loader here reads of a model's folder: its JSON files, its name, a place to run and its weights.

Safetensors only, from the local folder only, by classes that are named in our code: no remote code ever runs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from model.extras import require
from model.machine import GIB, Device, processor
from pipeline.errors import CheckpointError, HocketError, ModelError

DTYPES = ("auto", "bfloat16", "float16", "float32", "int8")
MARGIN = 3 << 29
"""Bytes left for what is computed and for the driver, beside weights and states. Chosen, not measured."""


class Options(Protocol):
    """What a loader of torch models is told."""

    @property
    def device(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def positions(self) -> int: ...
    @property
    def segment(self) -> float: ...
    @property
    def threads(self) -> int: ...


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises CheckpointError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; it comes with the weights") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}); get the file again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a JSON object; get the file again")
    return content


def name_of(folder: Path) -> str:
    """What to call a model: its folder's name, or its hub id where the folder is a hub's snapshot."""
    parts = folder.absolute().parts
    if len(parts) > 2 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/")
    return parts[-1]


def place(wanted: str) -> Device:
    """Where to run: ``auto`` is the first GPU, else the processor. Raises ModelError naming what there is."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    known = ["cpu", *(f"cuda:{at}" for at in range(count))]
    kind = {"auto": known[1] if count else "cpu", "cuda": "cuda:0"}.get(wanted, wanted)
    if kind not in known:
        raise ModelError(f"there is no device {wanted!r} here; accepted are auto, {', '.join(known)}")
    if kind == "cpu":
        return processor()
    free, memory = torch.cuda.mem_get_info(kind)
    return Device(kind, torch.cuda.get_device_name(kind), memory, free)


def number_type(wanted: str, device: Device) -> str:
    """The type of weights meant: ``auto`` is bfloat16 on a GPU, float32 on a processor. Raises ModelError."""
    if wanted not in DTYPES:
        raise ModelError(f"dtype {wanted!r} is unknown; accepted are {', '.join(DTYPES)}")
    return wanted if wanted != "auto" else "float32" if device.kind == "cpu" else "bfloat16"


def width(dtype: str) -> int:
    """Bytes of one number, of states too."""
    return 4 if dtype == "float32" else 2


def require_room(name: str, sizes: dict[str, int], device: Device, advice: str, margin: int = MARGIN) -> None:
    """Raises ModelError with the sum of ``sizes`` (bytes), line by line, where the device has less free.

    Nothing is refused where the system does not tell of its memory.
    """
    sizes = {**sizes, "what is computed, and the driver": margin}
    need = sum(sizes.values())
    if need <= device.free or not device.memory:
        return
    lines = "\n".join(f"  {what}: {size / GIB:.2f} GiB" for what, size in sizes.items())
    raise ModelError(
        f"{name} does not fit {device.name}:\n{lines}\n"
        f"  together {need / GIB:.2f} GiB; free are {device.free / GIB:.2f} GiB\n"
        f"{advice}, take a smaller model (`hocket models`), or one that is served elsewhere"
    )


def weigh(cls: Any, config: Any, dtype: str, shrinks: Callable[[Any], Any]) -> int:
    """Bytes of a model's weights; none of them is made. ``shrinks``: the part of it that int8 makes small."""
    import torch

    with torch.device("meta"):
        model = cls(config)
    count: int = sum(weight.numel() for weight in model.parameters())
    if dtype != "int8":
        return count * width(dtype)
    linears = (part for part in shrinks(model).modules() if isinstance(part, torch.nn.Linear))
    small = [part.weight.shape for part in linears]
    numbers: int = sum(shape.numel() for shape in small)
    rows: int = sum(shape[0] for shape in small)
    return numbers + 4 * rows + 2 * (count - numbers)


def load_weights(cls: Any, config: Any, folder: Path, device: Device, dtype: str) -> Any:
    """A model with the folder's weights, on the device; for int8 first in main memory, see ``quantise``.

    Raises CheckpointError where they do not fit the configuration.
    """
    import torch

    stored = getattr(torch, "bfloat16" if dtype == "int8" else dtype)
    extra = {} if "cpu" in device.kind or dtype == "int8" else {"device_map": {"": device.kind}}
    if extra:
        require("accelerate")  # transformers streams shards to a device through it
    try:
        model, info = cls.from_pretrained(
            str(folder),
            config=config,
            dtype=stored,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **extra,
        )
    except Exception as error:  # the library raises many kinds for a bad file
        raise CheckpointError(
            f"the weights in {folder} cannot be loaded ({str(error).strip()}); only safetensors are, with "
            "their index where there are several, as they come from the hub"
        ) from error
    wrong = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if wrong:
        raise CheckpointError(
            f"the weights in {folder} do not fit config.json: {wrong[0]} is missing or of another shape "
            f"(one of {len(wrong)}); use the files of one model"
        )
    return model


@contextlib.contextmanager
def understood(folder: Path) -> Iterator[None]:
    """While libraries are given what a folder's files say: whatever they raise becomes an error of ours."""
    try:
        yield
    except HocketError:
        raise
    except Exception as error:  # the libraries raise many kinds for a bad file
        why = str(error).strip().splitlines() or [""]
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            raise ModelError(
                f"memory ran out while {folder} was loaded ({why[0]}); stop what else uses it, or take a "
                "smaller dtype or fewer positions"
            ) from error
        raise CheckpointError(
            f"the files in {folder} cannot be used ({type(error).__name__}: {why[0]}); get them again, all "
            "of one model"
        ) from error


def shallow(described: Mapping[str, Any], path: Path, most: int = 1024) -> None:
    """Raises CheckpointError for more layers than any model has: only to list them would take for ever."""
    for key, value in described.items():
        if isinstance(value, dict):
            shallow(value, path, most)
        elif key.endswith(("layers", "depth")) and isinstance(value, int) and value > most:
            raise CheckpointError(f"{path}: {key} is {value}, no more than {most} can be; get the file again")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """While libraries are imported and weights are read: a bar on a terminal, errors, and nothing else.

    They report kernels that no build of theirs has here, and weights that are left out on purpose. Raises
    UserError where they are not installed.
    """
    require("torch", "tokenizers", "safetensors", "transformers")
    loud = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    before = [logger.level for logger in loud]
    for logger in loud:
        logger.setLevel(logging.ERROR)
    log: Any = importlib.import_module("transformers.utils.logging")
    told = log.get_verbosity()
    log.set_verbosity_error()
    if not sys.stderr.isatty():
        log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(told)
        for logger, level in zip(loud, before, strict=True):
            logger.setLevel(level)


def quantise(model: Any, layers: Any, device: Device) -> Any:
    """The model on the device, the linear weights of ``layers`` as int8: each is made small there by itself,
    so that the device never holds the whole. Raises ModelError where torchao is not installed."""
    try:
        library: Any = importlib.import_module("torchao.quantization")
    except ImportError:
        raise ModelError("int8 needs torchao; install it, or take another dtype") from None
    library.quantize_(layers, library.Int8WeightOnlyConfig(), device=device.kind)
    return model.to(device.kind)
