"""Sample formats: whole numbers to floats and back, many channels to one, what is not a number to silence.

Pure functions on arrays. Must never change how long a sound is, nor let NaN or Inf through unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.ports import Pcm

Frames: TypeAlias = NDArray[np.float32]
"""Sound of several channels, shape (frames, channels)."""

LOWEST_RATE = 4_000
HIGHEST_RATE = 384_000
MOST_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class Format:
    """Rate and channels travel together, so that 48 kHz stereo is never taken for mono at another speed.

    Raises UserError for a rate or channel count that no sound has.
    """

    rate: int
    "Frames per second."
    channels: int = 1

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise UserError(
                f"a sample rate of {self.rate} Hz cannot be used; "
                f"accepted are {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            )
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise UserError(f"{self.channels} channels cannot be used; accepted are 1 to {MOST_CHANNELS}")

    def __str__(self) -> str:
        names = {1: "mono", 2: "stereo"}
        return f"{self.rate} Hz {names.get(self.channels, f'{self.channels} channels')}"


def from_int16(samples: NDArray[np.int16]) -> Pcm:
    """Full scale is 32768, so that every whole number survives the way there and back."""
    return samples.astype(np.float32) / np.float32(32768)


def from_int32(samples: NDArray[np.int32]) -> Pcm:
    """Full scale is 2**31; a float keeps the upper 24 bits."""
    return (samples.astype(np.float64) / 2147483648.0).astype(np.float32)


def to_int16(pcm: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Round to the nearest whole number and clip at full scale. What is not finite becomes silence."""
    scaled = np.rint(finite(pcm)[0] * np.float32(32768))
    whole: NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype(np.int16)
    return whole


def to_int32(pcm: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """As ``to_int16`` with 32 bits."""
    scaled = np.rint(finite(pcm)[0].astype(np.float64) * 2147483648.0)
    whole: NDArray[np.int32] = np.clip(scaled, -2147483648, 2147483647).astype(np.int32)
    return whole


def mixdown(frames: NDArray[Any]) -> Pcm:
    """The mean of all channels: shape (frames, channels) or (frames,) to (frames,)."""
    if frames.ndim == 1:
        return np.ascontiguousarray(frames, dtype=np.float32)
    if frames.shape[1] == 1:
        return np.ascontiguousarray(frames[:, 0], dtype=np.float32)
    mixed: Pcm = frames.mean(axis=1, dtype=np.float32)
    return mixed


def finite(pcm: NDArray[np.floating[Any]]) -> tuple[Pcm, int]:
    """The sound with NaN and Inf replaced by 0, and how many samples those were."""
    sound = np.asarray(pcm, dtype=np.float32)
    good = np.isfinite(sound)
    bad = good.size - int(np.count_nonzero(good))
    return (sound, 0) if bad == 0 else (np.where(good, sound, np.float32(0)), bad)


def clip(pcm: Pcm) -> tuple[Pcm, int]:
    """The sound kept within [-1, 1], and how many samples lay outside."""
    outside = int(np.count_nonzero(np.abs(pcm) > 1.0))
    return (pcm, 0) if outside == 0 else (np.clip(pcm, -1.0, 1.0), outside)
