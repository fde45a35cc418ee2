"""Where sound begins and ends by its level, to 10 ms: what a detector of 32 ms windows tells too late.

Pure. It never decides that somebody speaks: it moves a detector's positions, and tells that speech faded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ports import CAPTURE_RATE, Pcm

BLOCK = CAPTURE_RATE // 100
"""Capture samples per level: 10 ms."""
STOP = 4
"""Silent blocks that a stop consonant may have."""
_FEW = 20
"""Levels below which there is no telling what the room is like."""


@dataclass(frozen=True, slots=True)
class LevelsConfig:
    """What counts as sound.

    Measured with Silero on 160 spoken digits of people (FSDD at -26 dBFS; truth: the last 10 ms within 35 dB
    of the loudest). Milliseconds by which an end is reported late, p5/p50/p90, without and with this, in
    white noise at -70 dBFS: 8/50/78 and 0/10/34; at -60: 8/56/80 and 0/10/28; at -50, where the noise covers
    the tail: -6/68/96 and -56/-6/6. At 12 dB above the floor the last was -122/-51/-22: word ends were lost.
    """

    above_floor: float = 4.0
    """Decibels above the quietest tenth of the last ``floor_over`` seconds, or above the room where that is
    quieter: the quietest tenth of speech without a pause is speech."""
    below_peak: float = 45.0
    "Decibels below the loudest of the last second at which sound counts as gone, whatever the floor."
    clear: float = 15.0
    "Decibels that the loudest must stand above the room for its level to tell where it ends."
    least: float = -60.0
    "dBFS under which nothing counts as sound."
    floor_over: float = 3.0
    reach: float = 0.128
    "Seconds that a position is moved at most."
    faded: float = 0.04
    "Seconds without sound after which speech has faded; 0: never told."
    loud: float = 12.0
    "Decibels above the room from which something that is no speech counts as a sound of its own."
    loud_least: float = -45.0
    "dBFS under which it does not, however quiet the room."
    apart: float = 1.5
    "Seconds between two such sounds, or from the last to speech, over which they do not belong together."
    loud_over: float = 8.0
    "Seconds before speech within which they are looked for; 0: never."
    faded_below_peak: float = 35.0
    "Like ``below_peak``, for fading: quicker, and wrong now and then in a stop consonant."

    def __post_init__(self) -> None:
        if not 0 <= self.reach <= 0.5 or not 0 <= self.faded <= 0.5 or self.floor_over <= 0:
            raise ValueError("levels: reach and faded lie between 0 and 0.5 s, floor_over above 0")
        if not 0 <= self.loud_over <= 30 or not 0 < self.apart <= 30:
            raise ValueError("levels: loud_over lies between 0 and 30 s, apart above 0 and up to 30 s")


SILENCE = -120.0
"""Level in dBFS that is reported for digital silence, and for no sound at all."""


def decibels(pcm: Pcm) -> float:
    """Root mean square of shape (samples,) in dBFS (0 is a full-scale square wave), at least SILENCE."""
    wide = pcm.astype(np.float64)
    power = float(np.einsum("i,i", wide, wide)) / max(len(wide), 1)  # `@` would wake the threads of BLAS
    return max(SILENCE, 10.0 * math.log10(power)) if power > 0.0 else SILENCE


def by_block(pcm: Pcm) -> NDArray[np.float64]:
    """dBFS of every whole block, shape (blocks,)."""
    count = len(pcm) // BLOCK
    blocks = pcm[: count * BLOCK].astype(np.float64).reshape(count, BLOCK)
    power = np.einsum("ij,ij->i", blocks, blocks) / BLOCK
    return np.asarray(10.0 * np.log10(power + 1e-12))


def room(before: NDArray[np.float64], config: LevelsConfig) -> float | None:
    """Level of what stands before speech; None where that is too short to tell."""
    quiet = before[: max(0, len(before) - round(config.reach * 100))]
    return _tenth(quiet) if len(quiet) >= _FEW else None


def ended(before: NDArray[np.float64], config: LevelsConfig, quiet: float = math.inf) -> int:
    """Blocks at the end of ``before`` (which ends at the reported position) that hold no sound any more.

    ``quiet``: the level of the room, in dBFS, where it is known.
    """
    reach = min(round(config.reach * 100), len(before))
    bar = _bar(before, config.below_peak, config, quiet)
    loud = np.flatnonzero(before[len(before) - reach :] > bar)
    return reach - 1 - int(loud[-1]) if len(loud) else reach


def began(before: NDArray[np.float64], config: LevelsConfig) -> int:
    """Blocks at the end of ``before`` that already hold the sound which was told to begin there.

    A stop consonant's silence inside does not part it.
    """
    reach = min(round(config.reach * 100), len(before))
    bar = _bar(before[: len(before) - reach], math.inf, config)
    found = gap = 0
    for back, loud in enumerate((before[len(before) - reach :] > bar)[::-1], 1):
        gap = 0 if loud else gap + 1
        found = back if loud else found
        if gap > STOP:
            break
    return found


def sounds(before: NDArray[np.float64], config: LevelsConfig) -> int:
    """Blocks from the end of ``before`` (where speech begins) back to the first of the sounds that lead up
    to it; 0 where there are none, or where the room is too loud to tell."""
    if len(before) < _FEW:
        return 0
    bar = max(_tenth(before) + config.loud, config.loud_least)
    places = np.flatnonzero(before > bar)
    apart, first = round(config.apart * 100), len(before)
    for place in places[::-1]:
        if first - int(place) > apart:
            break
        first = int(place)
    return len(before) - first


def faded(before: NDArray[np.float64], config: LevelsConfig, quiet: float = math.inf) -> bool:
    """True when the last ``config.faded`` seconds hold no sound."""
    count = round(config.faded * 100)
    if not count or len(before) <= count:
        return False
    return bool((before[-count:] < _bar(before[:-count], config.faded_below_peak, config, quiet)).all())


def _bar(
    before: NDArray[np.float64], below_peak: float, config: LevelsConfig, quiet: float = math.inf
) -> float:
    """The level from which there is sound; minus infinity where sound and room cannot be told apart."""
    if len(before) < _FEW:
        return config.least
    floor = _tenth(before[-round(config.floor_over * 100) :])
    floor = min(floor, quiet) + config.above_floor
    peak = float(before[-100:].max())
    if math.isfinite(below_peak) and floor > peak - config.clear:
        return -math.inf
    return max(floor, peak - below_peak, config.least)


def _tenth(levels: NDArray[np.float64]) -> float:
    """``np.percentile(levels, 10)`` at a fifth of its time: it is asked for at every frame of speech."""
    at = 0.1 * (len(levels) - 1)
    low = int(at)
    high = min(low + 1, len(levels) - 1)
    placed = np.partition(levels, (low, high))
    return float(placed[low] + (placed[high] - placed[low]) * (at - low))
