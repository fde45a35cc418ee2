"""Puts spoken pieces into time: silences, level, room and noise, and the truth at every 80 ms position."""

import random
from dataclasses import dataclass

import numpy as np

from training.audio import POSITION, RATE, Pcm, rms
from training.augment import LEVELS, channel, noise

from .text import Piece

KINDS = ("words", "backchannel", "noise")
"In the order of the head's outputs."


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence after speech."""

    piece: Piece
    begins: int
    "Sample at which speech ended."
    ends: int
    "Sample at which it goes on, or the sound ends."


@dataclass(frozen=True, slots=True)
class Scene:
    """A turn as a microphone might deliver it, a whole number of positions."""

    pcm: Pcm
    pauses: tuple[Pause, ...]
    "One after each piece, the last to the end of the sound."
    skill: str


@dataclass(frozen=True, slots=True)
class Burst:
    """A short sound in silence."""

    pcm: Pcm
    onset: int
    ends: int
    kind: int
    "Index into `KINDS`."


@dataclass(frozen=True, slots=True)
class Air:
    """How rough the way to the microphone is."""

    rough: bool = True
    "Rooms, equalisers, noise up to 6 dB below speech; else a quiet room, now and then digital silence."
    speed: bool = True


def _through(pcm: Pcm, level: float, air: Air, rng: random.Random) -> Pcm:
    if air.rough and rng.random() < 0.5:
        pcm = channel(pcm, rng)
    kind = rng.random()
    if not air.rough:
        floor = None if kind < 0.25 else rng.uniform(-80, -55)
    elif kind < 0.2:
        floor = None
    elif kind < 0.6:
        floor = min(rng.uniform(-85, -50), level - 10)
    else:
        floor = level - rng.uniform(6, 40)
    if floor is not None:
        pcm = pcm + noise(len(pcm), floor, rng)
    return np.clip(pcm, -1, 1)


def faster(pcm: Pcm, factor: float) -> Pcm:
    """Faster and higher by `factor` (linear interpolation)."""
    places = np.arange(0, len(pcm) - 1, factor)
    return np.asarray(np.interp(places, np.arange(len(pcm)), pcm), np.float32)


def turn_scene(
    pieces: list[Pcm], said: tuple[Piece, ...], skill: str, rng: random.Random, *, air: Air, tail: float
) -> Scene:
    """Pauses of 0.2 to 1.1 s between pieces and `tail` seconds after the last."""
    factor = rng.uniform(0.85, 1.2) if air.speed and rng.random() < 0.4 else 1.0
    level = rng.uniform(*LEVELS)
    gain = np.float32(10 ** (level / 20) / rms(np.concatenate(pieces)))
    parts = [np.zeros(int(RATE * rng.uniform(0.04, 0.45)), np.float32)]
    at = len(parts[0])
    pauses = []
    for i, (pcm, piece) in enumerate(zip(pieces, said, strict=True)):
        sound = (faster(pcm, factor) if factor != 1.0 else pcm) * gain
        last = i == len(pieces) - 1
        silence = int(RATE * (tail if last else rng.uniform(0.2, 1.1)))
        begins = at + len(sound)
        if last:
            silence += -(begins + silence) % POSITION
        parts += [sound, np.zeros(silence, np.float32)]
        at = begins + silence
        pauses.append(Pause(piece, begins, at))
    return Scene(_through(np.concatenate(parts), level, air, rng), tuple(pauses), skill)


def burst_scene(pcm: Pcm, kind: int, rng: random.Random, *, air: Air) -> Burst:
    """Up to 0.8 s of quiet, then at most 1 s of the sound; what is whole is followed by 0.4 s of quiet."""
    if air.speed and rng.random() < 0.5:
        pcm = faster(pcm, rng.uniform(0.78, 1.3))
    whole = len(pcm) <= RATE
    pcm, level = pcm[:RATE], rng.uniform(*LEVELS)
    pcm = pcm * np.float32(10 ** (level / 20) / rms(pcm))
    head = int(RATE * rng.uniform(0.1, 0.8))
    tail = int(RATE * 0.4) if whole else 0
    heard = _through(np.pad(pcm, (head, tail + -(head + len(pcm) + tail) % POSITION)), level, air, rng)
    return Burst(heard, head, head + len(pcm), kind)
