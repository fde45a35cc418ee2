"""Noise: coloured, and of many voices at once. The same in every process and every run."""

import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.fft

from .audio import RATE, Floats, Pcm, rms

_POOL = 1 << 20
BABBLE_SECONDS = 24
BABBLES = 4


@lru_cache(maxsize=1)
def _noises() -> list[Floats]:
    """White, pink and brown noise of unit power."""
    rng = np.random.default_rng(20261121)
    out = []
    for slope in (0.0, 0.5, 1.0):
        spectrum = scipy.fft.rfft(rng.standard_normal(_POOL).astype(np.float32))
        shaped = scipy.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 2000) ** -slope).astype(
            np.float32
        )
        out.append(shaped / shaped.std())
    return out


def noise(length: int, level: float, rng: random.Random) -> Pcm:
    """Coloured noise of `level` dB full scale."""
    start = rng.randrange(_POOL - length)
    found: Pcm = _noises()[rng.randrange(3)][start : start + length] * np.float32(10 ** (level / 20))
    return found


class Babble:
    """Long stretches of three to eight speakers at once, unit power."""

    def __init__(self, said: Sequence[Pcm], rng: random.Random) -> None:
        """`said`: utterances of training speakers, some twenty at least."""
        self._stretches = [_crowd(said, rng) for _ in range(BABBLES)]

    def __call__(self, length: int, level: float, rng: random.Random) -> Pcm:
        """A piece of `level` dB full scale; it begins anew where a stretch ends."""
        found = rng.choice(self._stretches)
        piece = np.take(found, np.arange(length) + rng.randrange(len(found)), mode="wrap")
        return np.asarray(piece * np.float32(10 ** (level / 20)), np.float32)


def _crowd(said: Sequence[Pcm], rng: random.Random) -> Pcm:
    out = np.zeros(RATE * BABBLE_SECONDS, np.float32)
    for _ in range(rng.randint(3, 8)):
        at, loud = rng.randrange(RATE), 10 ** (rng.uniform(-8, 0) / 20)
        while at < len(out):
            pcm = rng.choice(said)[: len(out) - at]
            out[at : at + len(pcm)] += pcm * np.float32(loud / rms(pcm))
            at += len(pcm) + rng.randrange(RATE)
    return np.asarray(out / rms(out), np.float32)
