"""Turns a clean utterance into what a microphone might deliver; labels follow every change (speed, level)."""

import os
import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft

from .audio import POSITION, RATE, Floats, Pcm, rms
from .corpus import Utterance
from .spectrum import NO_WARP, WARPS
from .targets import CUE_BANDS, label

LEVELS = (-44.0, -12.0)
_POOL = 1 << 20


@dataclass(frozen=True, slots=True)
class Clip:
    """One training item."""

    noisy: Pcm
    "What is heard; a whole number of 80 ms positions."
    clean: Pcm
    "The same length, without room and noise: measured labels come from it."
    cue: float | None
    "Hertz, syllables per second, or dB of a cue question; else None."
    warp: int
    "Index into `WARPS`."
    ends: tuple[int, ...] = ()
    "Samples at which the words end; empty if unknown."
    pauses: tuple[tuple[int, int], ...] = ()
    "First sample and end of each silence that was put between words."


@lru_cache(maxsize=1)
def _noises() -> list[Floats]:
    """White, pink and brown noise of unit power; different in each process."""
    rng = np.random.default_rng(os.getpid())
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


def _resample(pcm: Pcm, factor: float) -> Pcm:
    """Faster and higher by `factor` (linear interpolation)."""
    places = np.arange(0, len(pcm) - 1, factor)
    return np.asarray(np.interp(places, np.arange(len(pcm)), pcm), np.float32)


def channel(pcm: Pcm, rng: random.Random) -> Pcm:
    """A random equaliser curve, band limits and a small room in one FFT; the level stays."""
    size = scipy.fft.next_fast_len(len(pcm) + 3200, real=True)
    spectrum = scipy.fft.rfft(pcm, size)
    hertz = np.linspace(0, RATE / 2, len(spectrum), dtype=np.float32)
    response = 10 ** (
        np.interp(hertz, np.linspace(0, RATE / 2, 8), [rng.uniform(-7, 7) for _ in range(8)]) / 20
    )
    if rng.random() < 0.4:
        response = response / (1 + (rng.uniform(60, 300) / np.maximum(hertz, 1)) ** 4)
    if rng.random() < 0.4:
        response = response / (1 + (hertz / rng.uniform(3000, 7000)) ** 8)
    spectrum = spectrum * response.astype(np.float32)
    if rng.random() < 0.5:
        decay = np.exp(-np.arange(3200, dtype=np.float32) / (RATE * rng.uniform(0.015, 0.08)))
        room = noise(3200, 0.0, rng) * decay
        room *= 10 ** (-rng.uniform(2, 14) / 20) / np.sqrt(np.square(room).sum())
        room[0] += 1
        spectrum = spectrum * scipy.fft.rfft(room, size)
    out: Pcm = scipy.fft.irfft(spectrum, size)[: len(pcm)].astype(np.float32)
    return out * np.float32(rms(pcm) / rms(out))


def _speed(
    pcm: Pcm, utterance: Utterance, cue: float | None, rng: random.Random
) -> tuple[Pcm, float | None, float]:
    """Samples, cue and factor after a random speed change; left alone if the label would become ambiguous."""
    if rng.random() > 0.4:
        return pcm, cue, 1.0
    factor = rng.uniform(0.87, 1.15) if utterance.group == "espeak" else rng.uniform(0.82, 1.2)
    if cue is not None and label(utterance.question.skill, cue * factor) is None:
        return pcm, cue, 1.0
    return _resample(pcm, factor), None if cue is None else cue * factor, factor


def draw_level(skill: str, rng: random.Random) -> float:
    """dB full scale; soft and loud equally often, and outside the ambiguous band, for loudness questions."""
    if skill != "loudness":
        return rng.uniform(*LEVELS)
    low, high = CUE_BANDS["loudness"]
    return rng.uniform(LEVELS[0], low - 0.01) if rng.random() < 0.5 else rng.uniform(high + 0.01, LEVELS[1])


def _floor(speech_level: float, rng: random.Random) -> float | None:
    """Noise level in dB: none (digital silence), a quiet room, or a noisy one."""
    kind = rng.random()
    if kind < 0.25:
        return None
    if kind < 0.6:
        return min(rng.uniform(-85, -52), speech_level - 10)
    return speech_level - rng.uniform(6, 40)


def padded(pcm: Pcm, head: int, tail: int) -> Pcm:
    """With silence before and after, the tail longer so that whole positions come out."""
    tail += -(len(pcm) + head + tail) % POSITION
    return np.pad(pcm, (head, tail))


def _pausing(
    pcm: Pcm, utterance: Utterance, factor: float, rng: random.Random, seconds: tuple[float, float]
) -> tuple[Pcm, tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Silence at breaks of the voice (a lone one always, several mostly): samples, word ends, pauses.

    `factor`: how much shorter `pcm` is than what was stored.
    """
    ends = [min(int(end / factor), len(pcm)) for end in utterance.ends]
    parts, pauses, done, added = list[Pcm](), list[tuple[int, int]](), 0, 0
    for at in (int(place / factor) for place in utterance.breaks):
        if len(utterance.breaks) > 1 and rng.random() < 0.3:
            continue
        count = int(RATE * rng.uniform(*seconds))
        parts += [pcm[done:at], np.zeros(count, np.float32)]
        pauses.append((at + added, at + added + count))
        ends = [end + count if end > at + added + 2 else end for end in ends]
        done, added = at, added + count
    return np.concatenate([*parts, pcm[done:]]), tuple(ends), tuple(pauses)


def augment(pcm: Pcm, utterance: Utterance, rng: random.Random) -> Clip:
    """`pcm`: the stored clean speech of `utterance`."""
    skill = utterance.question.skill
    cue = {"pitch": utterance.pitch, "pace": utterance.pace}.get(skill)
    pcm, cue, factor = _speed(pcm, utterance, cue, rng)
    level = draw_level(skill, rng)
    pcm = pcm * np.float32(10 ** (level / 20) / rms(pcm))
    if skill == "loudness":
        cue = level
    pcm, ends, pauses = _pausing(pcm, utterance, factor, rng, (0.15, 1.5))
    head = int(RATE * rng.uniform(0.04, 0.45))
    clean = padded(pcm, head, int(RATE * rng.uniform(0.05, 0.5)))
    noisy = channel(clean, rng) if rng.random() < 0.45 else clean
    floor = _floor(level, rng)
    if floor is not None:
        noisy = noisy + noise(len(noisy), floor, rng)
    warp = rng.randrange(len(WARPS)) if skill != "pitch" and rng.random() < 0.45 else NO_WARP
    places = tuple((first + head, last + head) for first, last in pauses)
    return Clip(
        np.clip(noisy, -1, 1), np.clip(clean, -1, 1), cue, warp, tuple(e + head for e in ends), places
    )


def plain(pcm: Pcm, utterance: Utterance, rng: random.Random) -> Clip:
    """For tests: only a level, silence around, and a quiet room (every fourth: digital silence).

    Nothing rewrites a label.
    """
    skill = utterance.question.skill
    level = draw_level(skill, rng) if skill == "loudness" else rng.uniform(-40, -12)
    pcm = pcm * np.float32(10 ** (level / 20) / rms(pcm))
    cue = {"pitch": utterance.pitch, "pace": utterance.pace, "loudness": level}.get(skill)
    pcm, ends, pauses = _pausing(pcm, utterance, 1.0, rng, (0.2, 1.0))
    head = int(RATE * rng.uniform(0.05, 0.45))
    clean = padded(pcm, head, int(RATE * rng.uniform(0.05, 0.5)))
    noisy = clean if rng.random() < 0.25 else clean + noise(len(clean), rng.uniform(-80, -55), rng)
    places = tuple((first + head, last + head) for first, last in pauses)
    return Clip(
        np.clip(noisy, -1, 1), np.clip(clean, -1, 1), cue, NO_WARP, tuple(e + head for e in ends), places
    )


def noise_clip(rng: random.Random) -> Clip:
    """No speech at all: noise, a hum, a chord, or clicks."""
    length = POSITION * rng.randint(4, 40)
    level = rng.uniform(-55, -15)
    kind = rng.random()
    if kind < 0.5:
        pcm = noise(length, level, rng)
    else:
        seconds = np.arange(length, dtype=np.float32) / RATE
        pcm = np.zeros(length, np.float32)
        for _ in range(rng.randint(1, 5)):
            pcm += np.sin(2 * np.pi * rng.uniform(60, 2500) * seconds, dtype=np.float32) * np.float32(
                rng.random()
            )
        if kind < 0.8:
            beat = np.abs(np.sin(2 * np.pi * rng.uniform(0.5, 6) * seconds)) ** rng.uniform(0.5, 8)
            pcm = pcm * beat.astype(np.float32)
        pcm = pcm * np.float32(10 ** (level / 20) / rms(pcm)) + noise(length, rng.uniform(-80, -45), rng)
    return Clip(np.clip(pcm, -1, 1), np.zeros(length, np.float32), None, NO_WARP)
