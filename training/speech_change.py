"""Makes another speaker of a recorded one: formants, tilt and breath change, pitch and time stay.

And bends the melody of an ending. A short-time filter between two cepstral envelopes; what is not the
envelope (the voice's source) is left as it is. Must never: move the times at which things sound.
"""

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from .audio import RATE, Floats, Pcm, rms

WINDOW, HOP = 512, 256
"Samples: 32 ms, half overlapping."
_BINS = WINDOW // 2 + 1
_KEPT = 52
"Cepstral coefficients of the envelope, fading in their second half: detail down to some 350 Hz."
_LIMIT = 4.0
"Nepers (35 dB) at most that the filter changes a frequency by."
_NODES = (0.0, 700.0, 1800.0, 2900.0, 4200.0, 8000.0)
"Hertz between which formants move evenly."
_BREATHS = 1024


@dataclass(frozen=True, slots=True)
class Speaker:
    """How a made-up speaker differs from the recorded one."""

    moves: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    "Factors of frequencies around 700, 1800, 2900 and 4200 Hz: a shorter tract is above 1."
    tilt: float = 0.0
    "dB per octave above 500 Hz."
    colour: tuple[float, ...] = ()
    "dB at evenly spaced places up to 8 kHz: resonances of one's own; empty for none."
    breath: float = 0.0
    "Share of noise above 2 kHz, 0 to 1."


def draw_speaker(rng: random.Random, *, widest: float = 0.17) -> Speaker:
    """One tract length up to `widest` longer or shorter, and every formant a little apart from it.

    People differ most where s and f lie, above 3.5 kHz.
    """
    tract = 1 + rng.uniform(-widest, widest)
    moves = tuple(tract * (1 + rng.gauss(0, spread)) for spread in (0.035, 0.035, 0.035, 0.09))
    colour = tuple(rng.gauss(0, spread) for spread in (1.8, 1.8, 1.8, 1.8, 3, 4, 5, 5, 5))
    return Speaker(
        (moves[0], moves[1], moves[2], max(moves[3], 0.75)),
        rng.gauss(0, 1.6),
        colour if rng.random() < 0.7 else (),
        rng.uniform(0.1, 0.7) if rng.random() < 0.25 else 0.0,
    )


@lru_cache(maxsize=1)
def _analysis() -> Floats:
    """[bins, kept]: from log magnitudes to cepstral coefficients (a cosine transform, folded)."""
    place = np.arange(_BINS)[:, None] * np.arange(_KEPT)[None] * (2 * np.pi / WINDOW)
    weight = np.full((_BINS, 1), 2.0)
    weight[[0, -1]] = 1.0
    table = weight * np.cos(place) / WINDOW
    table[:, 1:] *= 2
    lifter = 0.5 + 0.5 * np.cos(np.pi * np.clip(2 * np.arange(_KEPT) / _KEPT - 1, 0, 1))
    return np.asarray(table * lifter, np.float32)


def _synthesis(bins: NDArray[np.float64]) -> Floats:
    """[kept, frequencies]: the envelope (log magnitude) at these places, in bins."""
    return np.asarray(np.cos(np.arange(_KEPT)[:, None] * bins[None] * (2 * np.pi / WINDOW)), np.float32)


@lru_cache(maxsize=1)
def _plain() -> Floats:
    return _synthesis(np.arange(_BINS, dtype=np.float64))


@lru_cache(maxsize=1)
def _breaths() -> NDArray[np.complex64]:
    """Random phases with random strengths, one row per frame."""
    rng = np.random.default_rng(7)
    shape = (_BREATHS, _BINS)
    both = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return np.asarray(both * np.sqrt(0.5), np.complex64)


def _moved(moves: tuple[float, ...]) -> NDArray[np.float64]:
    """For each bin of the new speaker the place, in bins, of the old one that it takes its strength from."""
    nodes = np.array(_NODES)
    new = np.concatenate([[0.0], nodes[1:5] * np.array(moves), [nodes[5] * max(1.0, moves[-1])]])
    hertz = np.arange(_BINS) * (RATE / WINDOW)
    return np.asarray(np.interp(hertz, np.maximum.accumulate(new), nodes) * (WINDOW / RATE))


def _slopes(speaker: Speaker) -> Floats:
    """Log magnitude that is added to every frame."""
    hertz = np.maximum(np.arange(_BINS) * (RATE / WINDOW), 500.0)
    decibels = speaker.tilt * np.log2(hertz / 500)
    if speaker.colour:
        decibels = decibels + np.interp(hertz, np.linspace(0, RATE / 2, len(speaker.colour)), speaker.colour)
    return np.asarray(decibels * (np.log(10) / 20), np.float32)


def _frames(pcm: Pcm) -> tuple[NDArray[np.complex64], Floats]:
    """Spectra [frames, bins] and their cepstral coefficients [frames, kept]."""
    window = np.sqrt(scipy.signal.windows.hann(WINDOW, sym=False)).astype(np.float32)
    padded = np.pad(pcm, (HOP, HOP + -len(pcm) % HOP))
    spectra = scipy.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * window)
    power = np.square(spectra.real) + np.square(spectra.imag) + np.float32(1e-7)
    return spectra, (np.log(power) * np.float32(0.5)) @ _analysis()


def _sound(spectra: NDArray[np.complex64], length: int) -> Pcm:
    window = np.sqrt(scipy.signal.windows.hann(WINDOW, sym=False)).astype(np.float32)
    frames = scipy.fft.irfft(spectra, WINDOW) * window
    out = np.zeros((len(frames) + 1) * HOP, np.float32)
    out[:-HOP] += frames[:, :HOP].reshape(-1)
    out[HOP:] += frames[:, HOP:].reshape(-1)
    return out[HOP : HOP + length]


def change(pcm: Pcm, speaker: Speaker, rng: random.Random) -> Pcm:
    """The same words, melody and level by another speaker. `rng`: of the breath alone."""
    if not len(pcm):
        return pcm
    spectra, cepstra = _frames(pcm)
    rise = cepstra @ (_synthesis(_moved(speaker.moves)) - _plain()) + _slopes(speaker)
    spectra = spectra * np.exp(rise.clip(-_LIMIT, _LIMIT))
    if speaker.breath:
        first = rng.randrange(_BREATHS)
        rows = _breaths()[np.arange(first, first + len(spectra)) % _BREATHS]
        share = speaker.breath * np.clip((np.arange(_BINS) * (RATE / WINDOW) - 1500) / 1500, 0, 1)
        share = share.astype(np.float32)
        spectra = spectra * np.sqrt(1 - share * share) + np.abs(spectra) * rows * share
    out = _sound(spectra, len(pcm))
    return out * np.float32(rms(pcm) / rms(out))


def pitched(pcm: Pcm, ratio: float) -> Pcm:
    """Higher by `ratio` with the same formants, and as much shorter."""
    places = np.arange(0, max(0, len(pcm) - 1), ratio)
    faster = np.asarray(np.interp(places, np.arange(len(pcm)), pcm), np.float32)
    return change(faster, Speaker((1 / ratio,) * 4), random.Random(0))


def bend(pcm: Pcm, semitones: float, seconds: float) -> Pcm:
    """The last `seconds` glide up or down by so much; formants stay. It gets a little shorter or longer."""
    start = max(0, len(pcm) - int(RATE * seconds))
    tail = len(pcm) - start
    if tail < WINDOW:
        return pcm
    ratio = 2 ** (semitones / 12 * np.linspace(0, 1, tail) ** 0.8)
    reached = np.concatenate([[0.0], np.cumsum(1 / ratio)])
    count = int(reached[-1])
    inside = np.interp(np.arange(count), reached, np.arange(tail + 1))
    glided = np.interp(inside, np.arange(tail), pcm[start:]).astype(np.float32)
    out = np.concatenate([pcm[:start], glided])
    spectra, cepstra = _frames(out)
    middles = np.arange(len(spectra)) * HOP
    for row in np.flatnonzero(middles > start):
        factor = float(ratio[min(int(inside[min(middles[row] - start, count - 1)]), tail - 1)])
        gain = cepstra[row] @ (_synthesis(_moved((1 / factor,) * 4)) - _plain())
        spectra[row] *= np.exp(gain.clip(-_LIMIT, _LIMIT))
    return _sound(spectra, len(out))
