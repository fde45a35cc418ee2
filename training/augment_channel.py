"""What lies between a mouth and the samples: rooms, microphones, telephones, codecs, clipping, lost packets.

Times stay: the direct sound comes at once. The level stays too.
"""

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from .audio import RATE, Floats, Pcm, rms
from .augment_noise import noise

TELEPHONE = (300.0, 3400.0)
FULL = 8000.0
_LONGEST_ROOM = 0.9
_CURVE = 8
_BANDS = ((3600.0, 4000.0), (3600.0, 4000.0), (4000.0, 6600.0), (6600.0, 7900.0))
"""Hertz at which sound may end: as sampled at 8 kHz (half of these: many headsets do it, and it takes most of
a fricative), as of small microphones, as nearly whole."""


@dataclass(frozen=True, slots=True)
class Line:
    """What came through."""

    pcm: Pcm
    bandwidth: float
    "Hz below which nearly all of the speech lies."


@dataclass(frozen=True, slots=True)
class Setup:
    """One way from mouth to samples; all of it optional."""

    curve: tuple[float, ...] = ()
    "dB at evenly spaced frequencies: microphone and colour."
    low: float = 0.0
    high: float = FULL
    "Hz: corners of the band."
    telephone: bool = False
    room: tuple[float, float, int] | None = None
    "RT60 in seconds, direct to reverberant in dB, number of early reflections."
    codec: float = 0.0
    "Coarseness of a transform codec, dB per step; 0: none."
    clip: float = 0.0
    "Peaks above this share of the highest are cut; 0: none."
    losses: int = 0
    "Packets of 20 ms that are lost."


def draw_setup(rng: random.Random, line: str = "") -> Setup:
    """`line`: "telephone" or "close" where that is wanted; else mostly close, now and then in between."""
    telephone = line == "telephone" or (not line and rng.random() < 0.2)
    high = FULL
    if telephone:
        high = TELEPHONE[1] * rng.uniform(0.94, 1.06)
    elif line:
        high = rng.uniform(6600, 7900) if rng.random() < 0.3 else FULL
    elif rng.random() < 0.5:
        high = rng.uniform(*rng.choice(_BANDS))
    room = None
    if rng.random() < 0.5:
        far = rng.random() < 0.3
        rt60 = rng.uniform(0.3, _LONGEST_ROOM) if far else rng.uniform(0.08, 0.45)
        room = (rt60, rng.uniform(-3, 6) if far else rng.uniform(3, 15), rng.randint(2, 9))
    return Setup(
        tuple(rng.uniform(-7, 7) for _ in range(_CURVE)) if rng.random() < 0.8 else (),
        TELEPHONE[0] * rng.uniform(0.8, 1.2) if telephone else rng.uniform(60, 300) * (rng.random() < 0.4),
        high,
        telephone,
        room,
        rng.uniform(3, 9) if rng.random() < 0.1 else 0.0,
        rng.uniform(0.25, 0.8) if rng.random() < 0.07 else 0.0,
        rng.randint(1, 3) if rng.random() < 0.05 else 0,
    )


_GRID = np.linspace(0, RATE / 2, 513)


def _response(setup: Setup, count: int) -> NDArray[np.complex64]:
    """At `count` evenly spaced frequencies up to 8 kHz; of minimum phase, so that nothing sounds early."""
    response = np.ones(len(_GRID))
    if setup.curve:
        response = 10 ** (np.interp(_GRID, np.linspace(0, RATE / 2, len(setup.curve)), setup.curve) / 20)
    if setup.low:
        response = response / (1 + (setup.low / np.maximum(_GRID, 1)) ** (12 if setup.telephone else 4))
    if setup.high < FULL:
        response = response / (1 + (_GRID / setup.high) ** (40 if setup.telephone else 16))
    cepstrum = scipy.fft.irfft(np.log(np.maximum(response, 1e-5)))
    cepstrum[1 : len(cepstrum) // 2] *= 2
    cepstrum[len(cepstrum) // 2 + 1 :] = 0
    causal = np.exp(scipy.fft.rfft(cepstrum))
    hertz = np.linspace(0, RATE / 2, count)
    return np.asarray(
        np.interp(hertz, _GRID, causal.real) + 1j * np.interp(hertz, _GRID, causal.imag), np.complex64
    )


def _room(room: tuple[float, float, int], rng: random.Random) -> Floats:
    """An impulse response whose direct sound is its first sample."""
    rt60, ratio, early = room
    length = int(RATE * min(rt60, _LONGEST_ROOM))
    tail = noise(length, 0.0, rng) * np.exp(np.arange(length, dtype=np.float32) * (-6.9 / (RATE * rt60)))
    tail[: int(0.004 * RATE)] = 0
    for _ in range(early):
        at = int(RATE * rng.uniform(0.002, 0.045))
        if at < length:
            tail[at] += rng.choice((-1, 1)) * rng.uniform(0.5, 1.0) * 6 * 10 ** (-at / RATE * 20)
    tail *= np.float32(10 ** (-ratio / 20) / max(1e-9, np.sqrt(np.square(tail).sum())))
    tail[0] = 1
    return np.asarray(tail, np.float32)


def through(pcm: Pcm, setup: Setup, rng: random.Random, floor: Pcm | None = None) -> Line:
    """`floor`: noise that goes through the same band (not through the room), at its own level afterwards."""
    extra = int(RATE * setup.room[0]) if setup.room else 800
    size = scipy.fft.next_fast_len(len(pcm) + extra, real=True)
    response = _response(setup, size // 2 + 1)
    spectrum = scipy.fft.rfft(pcm, size) * response
    if setup.room:
        spectrum = spectrum * scipy.fft.rfft(_room(setup.room, rng), size)
    out = scipy.fft.irfft(spectrum, size)[: len(pcm)].astype(np.float32)
    out = out * np.float32(rms(pcm) / rms(out))
    if floor is not None:
        if setup.high < FULL:
            banded = scipy.fft.irfft(scipy.fft.rfft(floor, size) * response, size)[: len(pcm)]
            floor = (banded * np.float32(rms(floor) / rms(banded))).astype(np.float32)
        out = out + floor
    if setup.clip:
        out = _clipped(out, setup.clip)
    if setup.codec:
        out = _coded(out, setup.codec)
    if setup.telephone:
        out = _mu_law(out)
    if setup.losses:
        out = _lost(out, setup.losses, rng)
    return Line(out, setup.high)


def channel(pcm: Pcm, rng: random.Random) -> Pcm:
    """Any way from mouth to samples, at random."""
    return through(pcm, draw_setup(rng), rng).pcm


def _clipped(pcm: Pcm, share: float) -> Pcm:
    top = np.float32(share * np.abs(pcm).max())
    cut = np.clip(pcm, -top, top)
    return cut * np.float32(rms(pcm) / rms(cut))


def _mu_law(pcm: Pcm) -> Pcm:
    """G.711 at 8 kHz: 8 bits of 255-law. `pcm` holds nothing above 4 kHz."""
    half = np.clip(pcm[::2], -1, 1)
    curve = np.sign(half) * np.log1p(255 * np.abs(half)) / np.log(256)
    steps = np.round(curve * 127) / 127
    decoded = np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255
    return np.asarray(scipy.signal.resample_poly(decoded, 2, 1)[: len(pcm)], np.float32)


@lru_cache(maxsize=1)
def _window() -> Floats:
    return np.asarray(np.sqrt(scipy.signal.windows.hann(512, sym=False)), np.float32)


def _coded(pcm: Pcm, step: float) -> Pcm:
    """As a transform codec at a low rate: coarse strengths, weak neighbours of strong ones dropped."""
    padded = np.pad(pcm, (256, 256 + -len(pcm) % 256))
    spectra: NDArray[np.complex64] = scipy.fft.rfft(
        np.lib.stride_tricks.sliding_window_view(padded, 512)[::256] * _window()
    )
    decibels = 20 * np.log10(np.abs(spectra) + np.float32(1e-6))
    coarse = np.round(decibels / step) * step
    bands = decibels[:, :256].reshape(len(decibels), 32, 8)
    audible = np.repeat(bands.max(-1) - 12 - step, 8, axis=1)
    kept = np.concatenate([decibels[:, :256] > audible, np.zeros((len(decibels), 1), bool)], axis=1)
    spectra = spectra * (kept * 10 ** ((coarse - decibels) / 20)).astype(np.float32)
    frames = scipy.fft.irfft(spectra, 512) * _window()
    out = np.zeros((len(frames) + 1) * 256, np.float32)
    out[:-256] += frames[:, :256].reshape(-1)
    out[256:] += frames[:, 256:].reshape(-1)
    return out[256 : 256 + len(pcm)]


def _lost(pcm: Pcm, count: int, rng: random.Random) -> Pcm:
    """A lost packet is the one before it, softer."""
    out, size = pcm.copy(), RATE // 50
    for _ in range(count):
        at = rng.randrange(1, max(2, len(pcm) // size - 1)) * size
        out[at : at + size] = 0.6 * out[at - size : at][: len(out[at : at + size])]
    return out
