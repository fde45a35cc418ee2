"""Whether a Step-Audio model fits a machine: the sum of what it needs, line by line, told before it loads.

Pure arithmetic over shapes; ``model.machine`` reads what is free. Loads no weights, and torch only to ask a
GPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.machine import GIB, processor
from pipeline.errors import ModelError

from .config import StepConfig
from .shapes import adapter, decoder, encoder, linears

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1, "fp8": 1}
"""Per number of the layers' matrices."""
SMALL = ("int8", "fp8")
"""Stored small: a byte per weight, and a scale in float32 per row of a matrix."""
MARGIN = 1.5
"""GiB left for activations, one tensor on its way in, and the driver. Chosen, not measured."""
SET = "dtype and positions are settings of [brain]"
"""Where what is proposed is said."""
STEP = 1024
"""Positions by which a smaller context is proposed."""
LEAST = 2048
"""Positions below which a context is not worth proposing: two minutes of sound and some text."""


@dataclass(frozen=True, slots=True)
class Need:
    """What loading and running takes, in bytes."""

    name: str
    dtype: str
    positions: int
    layers: int
    "Matrices of the decoder's layers."
    words: int
    "Embeddings, output matrix and norms of the language model."
    ears: int
    "Encoder and adaptor."
    kept: int
    "Keys and values of all positions."
    margin: int

    @property
    def weights(self) -> int:
        return self.layers + self.words + self.ears

    @property
    def total(self) -> int:
        return self.weights + self.kept + self.margin

    def lines(self) -> tuple[tuple[str, int], ...]:
        """The sum as a person reads it: what, and bytes."""
        each = self.kept // self.positions if self.positions else 0
        return (
            (f"layers of the language model ({self.dtype})", self.layers),
            ("embeddings, output and norms", self.words),
            ("encoder and adaptor", self.ears),
            (f"{self.positions} positions of context at {each / 1024:g} KiB", self.kept),
            ("activations and driver (margin)", self.margin),
        )


def need(config: StepConfig, dtype: str, positions: int) -> Need:
    """What ``config`` takes in ``dtype`` ("auto": as stored) with room for ``positions``. Pure."""
    dtype = config.dtype if dtype == "auto" else dtype
    wide = 2 if dtype in SMALL else BYTES[dtype]
    all_words, names = decoder(config.text), linears(config.text)
    matrices = {name: all_words.pop(name) for name in names}
    layers = sum(math.prod(shape) for shape in matrices.values()) * BYTES[dtype]
    if dtype in SMALL:
        layers += sum(shape[0] for shape in matrices.values()) * BYTES["float32"]
    return Need(
        name=config.name,
        dtype=dtype,
        positions=positions,
        layers=layers,
        words=sum(math.prod(shape) for shape in all_words.values()) * wide,
        ears=sum(math.prod(s) for s in (encoder(config.audio) | adapter(config.audio)).values()) * wide,
        kept=position_bytes(config, wide) * positions,
        margin=int(MARGIN * GIB),
    )


def position_bytes(config: StepConfig, wide: int = 2) -> int:
    """Bytes of keys and values per position, ``wide`` bytes a number."""
    text = config.text
    return 2 * text.layers * text.kv_heads * text.size * wide


def check(config: StepConfig, dtype: str, positions: int, *, device: str) -> Need:
    """The need, once it is known to fit what is free on ``device``. Raises ModelError with the sum."""
    wanted = need(config, dtype, positions)
    free = free_bytes(device)
    if free is not None and wanted.total > free:
        raise ModelError(refusal(config, wanted, free, device))
    return wanted


def refusal(config: StepConfig, wanted: Need, free: int, device: str) -> str:
    """Why it does not fit, the sum line by line, and what would."""
    rows = [*wanted.lines(), ("together", wanted.total), (f"free on {device}", free)]
    table = "\n".join(f"  {size / GIB:8.2f} GiB  {what}" for what, size in rows)
    others = alternatives(config, wanted, free)
    advice = f"{'; or '.join(others)} ({SET})" if others else _larger(config, wanted)
    return f"{wanted.name} does not fit on {device}:\n{table}\n{advice}"


def alternatives(config: StepConfig, wanted: Need, free: int) -> list[str]:
    """What would fit in ``free`` bytes instead, the smallest change first."""
    found = []
    for dtype in dict.fromkeys((wanted.dtype, "bfloat16", *SMALL)):
        if BYTES[dtype] > BYTES[wanted.dtype]:
            continue
        other = need(config, dtype, wanted.positions)
        room = (free - other.weights - other.margin) // max(1, other.kept // max(1, wanted.positions))
        room -= room % STEP
        if other.total <= free:
            found.append(f"dtype {dtype} fits ({other.total / GIB:.2f} GiB)")
        elif room >= LEAST:
            found.append(f"dtype {dtype} with {room} positions fits")
    return found


def _larger(config: StepConfig, wanted: Need) -> str:
    least = min(need(config, dtype, LEAST).total for dtype in (wanted.dtype, "int8"))
    return (
        f"nothing smaller fits either: it takes at least {least / GIB:.2f} GiB (int8, {LEAST} positions); "
        "use a larger device, a smaller model, or a server (--model URL)"
    )


def free_bytes(device: str) -> int | None:
    """Bytes free on ``cuda``, ``cuda:N`` or ``cpu``; None where this system does not tell."""
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(torch.device(device))
        return int(free)
    here = processor()
    return here.free if here.memory else None
