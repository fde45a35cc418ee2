"""Measured labels of clean speech: pitch, voicing, level, speech; and syllables of a phoneme string."""

import re
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .audio import Floats, Pcm, rms

HOP = 640
"Samples of a 25 Hz frame."
WINDOW = 1024
LAGS = (40, 230)
"Samples: 400 Hz down to 70 Hz."
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
    """Autocorrelation of causal 64 ms windows.

    The shortest lag within 10 % of the best peak wins, against sub-octave errors.
    """
    frames = len(clean) // HOP
    padded = np.concatenate([np.zeros(WINDOW - HOP, np.float32), clean[: frames * HOP]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    windows = windows - windows.mean(-1, keepdims=True)
    spectrum = scipy.fft.rfft(windows, 2 * WINDOW)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    ac = scipy.fft.irfft(power)[:, : LAGS[1] + 1]
    ac = ac / np.maximum(ac[:, :1], 1e-9) / (1 - np.arange(LAGS[1] + 1, dtype=np.float32) / WINDOW)
    inner = ac[:, LAGS[0] : LAGS[1]]
    best = inner.max(-1, keepdims=True)
    peak = (
        (inner >= ac[:, LAGS[0] - 1 : LAGS[1] - 1])
        & (inner >= ac[:, LAGS[0] + 1 : LAGS[1] + 1])
        & (inner >= 0.9 * best)
    )
    lag = np.where(peak.any(-1), peak.argmax(-1), inner.argmax(-1)) + LAGS[0]
    decibels = 10 * np.log10(np.square(clean[: frames * HOP].reshape(frames, HOP)).mean(-1) + 1e-7)
    top = decibels.max(initial=-70.0)
    voiced = (best[:, 0] > 0.6) & (decibels > top - 22)
    speech = decibels > max(top - 30, -66.0)
    pitch = np.log2(16000.0 / lag / 160).astype(np.float32)
    return Track(pitch, voiced, ((decibels + 40) / 15).astype(np.float32), speech)


def median_pitch(clean: Pcm) -> float:
    """Hertz over the voiced frames, 0.0 where there are fewer than five."""
    found = track(clean)
    return float(160 * 2 ** np.median(found.pitch[found.voiced])) if found.voiced.sum() >= 5 else 0.0


def decibels(pcm: Pcm) -> float:
    """Level in dB full scale."""
    return 20 * float(np.log10(rms(pcm)))


def syllables(phonemes: str) -> int:
    """Vowels of an IPA string."""
    return len(_VOWEL.findall(phonemes))
