"""Step-Audio networks of the released shapes with random weights made on the device, to time them there.

What they say is noise; what they cost is what released weights cost. For the benchmark alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.clock import monotonic
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import Audio

from .config import AudioDims, StepConfig, TextDims
from .fit import SMALL, position_bytes
from .hearing import Hearing, embeddings
from .layout import Layout, Patches, Words
from .network import StepNetwork
from .paged import BLOCK, Line, Pages
from .pool import Pool
from .running import Choice, Runner
from .shapes import linears
from .smaller import storing


def _shape(name: str, text: TextDims, width: int, heads: int, layers: int) -> StepConfig:
    audio = AudioDims(128, 1500, width, heads, layers, text.hidden, kernel=3, stride=2)
    return StepConfig(name, text, audio, frozenset(), "bfloat16")


SHAPES = {
    "r1": _shape("r1", TextDims(5120, 27648, 40, 8, 64, 158720, 1e-5, 1e6, 65536), 1280, 20, 32),
    "mini": _shape("mini", TextDims(3584, 18944, 28, 4, 28, 158720, 1e-6, 1e6, 16384), 1280, 20, 32),
    "tiny": _shape("tiny", TextDims(64, 96, 4, 2, 2, 640, 1e-5, 1e6, 65536), 64, 4, 2),
}
"""Step-Audio-R1 and R1.1, Step-Audio 2 mini, and one that proves the program anywhere."""


def random_network(config: StepConfig, device: torch.device, dtype: str) -> StepNetwork:
    """Weights drawn on the device, in the number type ("int8" and "fp8": matrices stored so)."""
    wide = torch.bfloat16 if dtype in SMALL else getattr(torch, dtype)
    with torch.device("meta"):
        network = StepNetwork(config).to(wide)
    network = network.to_empty(device=device).eval().requires_grad_(False)
    torch.manual_seed(0)
    for name, weight in network.named_parameters():
        if "norm" in name or "_ln" in name:
            weight.fill_(0.0 if name.endswith("bias") else 1.0)
        else:
            weight.normal_(std=0.02 if weight.dim() == 1 else 1 / math.sqrt(weight[0].numel()))
    if dtype in SMALL:
        store = storing(dtype, device)
        for name in linears(config.text):
            store(network, name.removesuffix(".weight"))
    return network


@dataclass(frozen=True, slots=True)
class Cost:
    """Times of something that was done several times, in milliseconds."""

    p50: float
    p95: float
    n: int


class Rig:
    """A network, its pool and its ears, and a clock that waits for the device."""

    def __init__(self, shape: str, device: str, dtype: str, positions: int, *, graphs: bool) -> None:
        self.config, self.device, self.dtype = SHAPES[shape], torch.device(device), dtype
        self.network = random_network(self.config, self.device, dtype)
        weight = self.network.model.embed_tokens.weight
        pool = Pool(self.config.text, positions // BLOCK, device=self.device, dtype=weight.dtype)
        self.pages = Pages(positions // BLOCK, pool.copy)
        self.runner = Runner(self.network, pool, chunk=512, replays=graphs)
        self.hearing = Hearing(self.network, 0)
        self._fresh = 0

    @property
    def read_per_step(self) -> int:
        """Bytes of weights that writing one token reads: the decoder's and the output matrix's."""
        parts: list[nn.Module] = [self.network.model.layers, self.network.model.norm, self.network.lm_head]
        return sum(_bytes(weight) for part in parts for weight in part.parameters())

    @property
    def position_bytes(self) -> int:
        """Bytes of keys and values per position."""
        return position_bytes(self.config, self.runner.dtype.itemsize)

    def settle(self) -> None:
        """Wait until the device has done all that it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def time(self, work: Callable[[], object], count: int, *, warm: int = 2) -> Cost:
        """What ``work`` costs, after ``warm`` times that do not count."""
        took = []
        for number in range(count + warm):
            self.settle()
            began = monotonic()
            work()
            self.settle()
            if number >= warm:
                took.append(1e3 * (monotonic() - began))
        p50, p95 = np.percentile(took, [50, 95])
        return Cost(round(float(p50), 4), round(float(p95), 4), count)

    def words(self, count: int) -> Words:
        """That many text tokens, others at each call."""
        self._fresh += 1
        rng = np.random.default_rng(self._fresh)
        return Words(tuple(rng.integers(0, self.config.text.vocabulary, count).tolist()))

    def patches(self, seconds: float) -> Patches:
        """So much noise, other at each call."""
        self._fresh += 1
        rng = np.random.default_rng(self._fresh)
        return Patches(Audio((0.1 * rng.standard_normal(int(seconds * CAPTURE_RATE))).astype(np.float32)))

    def read(self, *runs: Words | Patches) -> tuple[Line, Choice]:
        """A line of these positions, of which what is known is not read again (the last one is)."""
        layout = Layout(runs, 0)
        keys = layout.keys("")
        line = self.pages.open(keys[:-1])
        rest = embeddings(layout, len(line), self.runner, self.hearing)
        return line, self.runner.read(line, rest, keys[len(line) :])

    def write(self, lines: Sequence[Line], tokens: list[int], count: int) -> list[list[int]]:
        """Write ``count`` tokens after each line, of which ``tokens`` are the first -> each line's tokens."""
        written = [[token] for token in tokens]
        for _ in range(count - 1):
            for line in lines:
                line.reserve(1)
            choices = self.runner.step(lines, tokens)
            for line, token in zip(lines, tokens, strict=True):
                line.wrote([token])
            tokens = [token for token, _ in choices]
            for known, token in zip(written, tokens, strict=True):
                known.append(token)
        return written


def _bytes(weight: Tensor) -> int:
    """Of memory, also of a weight that is stored small: its parts' together."""
    parts = getattr(weight, "__tensor_flatten__", None)
    if parts is None:
        return weight.numel() * weight.element_size()
    names, _ = parts()
    return sum(_bytes(getattr(weight, name)) for name in names)
