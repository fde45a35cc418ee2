"""Loads a Step-Audio folder into a network: checked first, then read tensor by tensor to where it runs.

The network is built without memory, and each tensor goes straight to its device and number type, so that
nothing is held twice. Never unpickles and never runs code that came with a model.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from pipeline.errors import BugError, CheckpointError, ModelError

from . import fit
from .config import StepConfig, read_config
from .network import StepNetwork
from .options import StepOptions
from .progress import Tell, shown
from .shapes import linears, shapes
from .shards import Shard, survey
from .smaller import storing
from .tokens import TOKENIZER, StepTokenizer


def load_network(
    folder: Path, options: StepOptions, tell: Tell | None = None
) -> tuple[StepNetwork, StepConfig, StepTokenizer]:
    """The model in a folder, on its device, ready to run.

    ``tell(done, total)`` hears how many bytes were read; without it a bar is drawn where stderr is a
    terminal. The config's stops hold the tokenizer's too. Raises CheckpointError for what is wrong with the
    folder, ModelError where it does not fit.
    """
    config = read_config(folder)
    tokenizer = StepTokenizer.load(folder)
    if len(tokenizer) > config.text.vocabulary:
        raise CheckpointError(
            f"{folder / TOKENIZER} has {len(tokenizer)} tokens, the model knows {config.text.vocabulary}; "
            "use files of one model"
        )
    shards = survey(folder, shapes(config))
    device = placed(options.device)
    dtype = number_type(options.dtype, device, config.dtype)
    fit.check(config, dtype, options.positions, device=str(device))
    with torch.device("meta"):
        network = StepNetwork(config)
    try:
        with nullcontext(tell) if tell is not None else shown(config.name) as told:
            _fill(network, config, shards, device, dtype, told)
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"{config.name} was thought to fit on {device}, but its memory ran out while loading ({error}); "
            "stop what else uses it, or choose dtype int8 or fewer positions"
        ) from error
    _whole(network)
    stops = config.stops | tokenizer.stops
    return network.eval().requires_grad_(False), replace(config, stops=stops), tokenizer


def placed(wanted: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` stands for. Raises ModelError."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return torch.device("cuda:0" if count else "cpu")
    if wanted == "cpu":
        return torch.device("cpu")
    kind, _, number = wanted.partition(":")
    if kind != "cuda" or (number and not number.isdecimal()):
        raise ModelError(f"device is {wanted!r}; accepted are auto, cpu, cuda and cuda:N")
    if int(number or 0) >= count:
        have = "torch finds no GPU here" if not count else f"torch finds {count} here, from cuda:0"
        raise ModelError(f"device is {wanted!r}, but {have}; choose auto or cpu, or install torch for CUDA")
    return torch.device("cuda", int(number or 0))


def number_type(wanted: str, device: torch.device, stored: str) -> str:
    """What ``auto`` stands for: as stored on a GPU, float32 on a processor; anything else is itself."""
    if wanted == "auto":
        return stored if device.type == "cuda" else "float32"
    return wanted


def _fill(
    network: StepNetwork,
    config: StepConfig,
    shards: list[Shard],
    device: torch.device,
    dtype: str,
    tell: Tell,
) -> None:
    from safetensors import safe_open

    small = dtype in fit.SMALL
    wide = torch.bfloat16 if small else getattr(torch, dtype)
    store = storing(dtype, device) if small else None
    matrices = frozenset(linears(config.text)) if small else frozenset[str]()
    done, total = 0, sum(shard.bytes for shard in shards)
    tell(done, total)
    for shard in shards:
        with safe_open(shard.path, framework="pt") as file:
            for name, size in shard.sizes.items():
                tensor = file.get_tensor(name).to(device, wide, copy=True)  # a copy: the file is only mapped
                _put(network, name, tensor)
                if store is not None and name in matrices:
                    store(network, name.removesuffix(".weight"))
                done += size
                tell(done, total)


def _put(network: nn.Module, name: str, tensor: torch.Tensor) -> None:
    """Make ``tensor`` the parameter of that name."""
    path, _, leaf = name.rpartition(".")
    module = network.get_submodule(path)
    known = getattr(module, leaf, None)
    if not isinstance(known, nn.Parameter) or known.shape != tensor.shape:
        raise BugError(f"the network has no {name} of shape {tuple(tensor.shape)}")
    setattr(module, leaf, nn.Parameter(tensor, requires_grad=False))


def _whole(network: nn.Module) -> None:
    """Every parameter and buffer has memory. Raises BugError."""
    for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
        if tensor.is_meta:
            raise BugError(f"the network's {name} was not loaded: shapes.py does not list it")
