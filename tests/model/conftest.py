"""Bundles for the tests of the model room: the real one, and one of the same shape with random weights.

Sentences to hear are found by name: ``import cascade_scene``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import Bundle, bundled, load
from pipeline.ports import Pcm

sys.path.append(str(Path(__file__).parent.parent / "agent"))


@pytest.fixture(scope="session")
def folder() -> Path:
    if not (bundled() / "config.json").exists():
        pytest.skip("the bundled model is not here; train it (make train)")
    return bundled()


@pytest.fixture(scope="session")
def real(folder: Path) -> Bundle:
    """The bundle that ships."""
    return load(folder)


@pytest.fixture(scope="session")
def chance(real: Bundle) -> Bundle:
    """The same graphs with random weights: what holds for them holds for any weights."""
    rng = np.random.default_rng(7)
    weights = {name: _random(rng, name, tensor.shape) for name, tensor in real.weights.items()}
    return dataclasses.replace(real, weights=weights, fingerprint="chance")


def _random(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if name == "embedding_rms":
        return np.array([0.08], np.float32)
    middle = 1.0 if ("norm" in name and name.endswith("weight")) or name == "adaptor.gain" else 0.0
    spread = 0.1 if len(shape) == 1 else 0.08 if "embed_tokens" in name else 1.0 / np.sqrt(np.prod(shape[1:]))
    return (middle + spread * rng.standard_normal(shape)).astype(np.float32)


@pytest.fixture(scope="session")
def sound() -> Callable[[int, int], Pcm]:
    """``sound(seed, samples)``: something like a voice, the same for equal seeds."""

    def make(seed: int, samples: int) -> Pcm:
        rng = np.random.default_rng(seed)
        t = np.arange(samples) / 16_000
        pitch = rng.uniform(90, 240)
        voice = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, 12))
        loud = np.clip(np.sin(2 * np.pi * rng.uniform(2, 5) * t), 0, 1)
        return (0.1 * voice * loud + 0.003 * rng.standard_normal(samples)).astype(np.float32)

    return make
