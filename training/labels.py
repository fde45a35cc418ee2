"""Measured labels of clean speech: pitch, voicing, level, speech; and syllables of a phoneme string."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from model.shapes import SOUNDS

from .audio import Floats, Pcm

HOP = 640
"Samples of a 25 Hz frame."
QUIETEST = -75.0
"dB full scale of noise; below, it is silence to the front end."
TELEPHONE = (4000.0, 6500.0)
"Hz: below the first it is a telephone's band, above the second it is none."
LATE = 2
"Frames by which an event is told after it began: so long it takes to hear what it is."
FRAMES = 25
"Of them in a second."
WINDOW = 1024
LAGS = (20, 115)
"Samples at half the rate: 400 Hz down to 70 Hz."
_VOWEL = re.compile("(aɪə|aɪ|aʊ|eɪ|oʊ|əʊ|ɔɪ|ɪə|eə|ʊə|[aeiouæɑɒɐʌəɚɛɜɪɔʊᵻ])")


@dataclass(frozen=True, slots=True)
class Track:
    """Per 25 Hz frame; frame t covers what ends at sample 640 (t + 1)."""

    pitch: Floats
    "log2(hertz / 160); meaningless where not voiced."
    voiced: NDArray[np.bool_]
    level: Floats
    "(dB full scale + 40) / 15."
    speech: NDArray[np.bool_]
    "Within 30 dB of the loudest frame."


def track(clean: Pcm) -> Track:
    """Autocorrelation of causal 64 ms windows at half the rate.

    The shortest lag within 10 % of the best peak wins, against sub-octave errors; a parabola through it and
    its neighbours tells the fraction of a sample.
    """
    frames = len(clean) // HOP
    padded = np.concatenate([np.zeros(WINDOW - HOP, np.float32), clean[: frames * HOP]])
    half = padded[: len(padded) // 2 * 2].reshape(-1, 2).mean(-1)
    windows = np.lib.stride_tricks.sliding_window_view(half, WINDOW // 2)[:: HOP // 2]
    windows = windows - windows.mean(-1, keepdims=True)
    spectrum = scipy.fft.rfft(windows, WINDOW)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    first, last = LAGS
    ac = scipy.fft.irfft(power)[:, : last + 1]
    ac = ac / np.maximum(ac[:, :1], 1e-9) / (1 - np.arange(last + 1, dtype=np.float32) / (WINDOW // 2))
    inner, left, right = ac[:, first:last], ac[:, first - 1 : last - 1], ac[:, first + 1 : last + 1]
    best = inner.max(-1, keepdims=True)
    peak = (inner >= left) & (inner >= right) & (inner >= 0.9 * best)
    place = np.where(peak.any(-1), peak.argmax(-1), inner.argmax(-1))
    rows = np.arange(frames)
    a, b, c = left[rows, place], inner[rows, place], right[rows, place]
    bend = np.minimum(a - 2 * b + c, -1e-6)
    lag = place + first + np.clip(0.5 * (a - c) / bend, -0.5, 0.5)
    decibels = 10 * np.log10(np.square(clean[: frames * HOP].reshape(frames, HOP)).mean(-1) + 1e-7)
    top = decibels.max(initial=-70.0)
    voiced = (best[:, 0] > 0.6) & (decibels > top - 22)
    speech = decibels > max(top - 30, -66.0)
    pitch = np.log2(8000.0 / lag / 160).astype(np.float32)
    return Track(pitch, voiced, ((decibels + 40) / 15).astype(np.float32), speech)


def around(
    frames: int,
    *,
    noise: float | None,
    bandwidth: float,
    onsets: Iterable[tuple[str, int]],
    others: Iterable[tuple[int, int]],
) -> Floats:
    """Labels of `model.shapes.SOUNDS` for a clip: [frames, 7].

    Noise in the units of `Track.level`, from `QUIETEST` on; 1.0 for a telephone's band (0.5 between the two
    sides: unknown), while a second voice speaks, and in two frames (a border between frames may lie anywhere)
    soon after an event's onset: `LATE`.
    """
    out = np.zeros((frames, len(SOUNDS)), np.float32)
    out[:, 0] = (max(QUIETEST, QUIETEST if noise is None else noise) + 40) / 15
    low, high = TELEPHONE
    out[:, 1] = 1.0 if bandwidth < low else 0.0 if bandwidth > high else 0.5
    for start, end in others:
        out[start // HOP : -(-end // HOP), 2] = 1.0
    for kind, at in onsets:
        out[at // HOP + LATE : at // HOP + LATE + 2, SOUNDS.index(kind)] = 1.0
    return out


def median_pitch(clean: Pcm) -> float:
    """Hertz over the voiced frames, 0.0 where there are fewer than five."""
    found = track(clean)
    return float(160 * 2 ** np.median(found.pitch[found.voiced])) if found.voiced.sum() >= 5 else 0.0


def syllables(phonemes: str) -> int:
    """Vowels of an IPA string."""
    return len(_VOWEL.findall(phonemes))
