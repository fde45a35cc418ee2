"""What lies between a mouth and a microphone: rooms, the telephone, and levels. Pure functions of sound.

Labels stay exact: sample 0 of a room's answer is the direct sound, and the telephone's filter is corrected
for its delay, so speech begins and ends where the clean sound did. Never measures an agent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audio_io.resample import resample
from pipeline.ports import CAPTURE_RATE, Pcm

from .audible import loudness
from .stimuli import EDGE, PEAK, Stimulus

REVERBERATION = 0.6
"""Seconds in which the room's sound decays by 60 dB: a furnished living room has 0.4 to 0.6."""
DIRECT = 0.0
"""Decibels of the direct sound over all that follows it: about two metres from the microphone."""
FIRST_ECHO = 0.003
"""Seconds from the direct sound to the first that follows."""
TELEPHONE = (300.0, 3400.0)
"""Hertz that a telephone carries (ITU-T G.712)."""
LINE_RATE = 8000
TAPS = 257
"""Of the band filter at LINE_RATE, odd: its delay is then a whole number of samples, and is taken out."""
MU = 255.0
"""Of ITU-T G.711's companding."""


def decibels(gain: float) -> float:
    """A ratio of amplitudes for this many decibels."""
    return float(10.0 ** (gain / 20.0))


def active_level(pcm: Pcm, rate: int = CAPTURE_RATE) -> float:
    """dBFS of the RMS over all 10 ms windows louder than -50 dBFS; -inf where there is none."""
    windows = loudness(pcm, rate)
    active = windows[windows > EDGE]
    return float(20.0 * np.log10(np.sqrt(np.mean(active**2)))) if len(active) else -np.inf


def at_level(pcm: Pcm, level: float) -> Pcm:
    """The same sound with this active level in dBFS, or less where a peak would pass PEAK.

    Windows that are louder than -50 dBFS are counted before and after, so quiet sound comes within 0.2 dB.
    """
    for _ in range(3):
        peak = float(np.max(np.abs(pcm), initial=0.0))
        now = active_level(pcm)
        if not peak or not np.isfinite(now):
            return pcm
        pcm = (pcm * min(decibels(level - now), PEAK / peak)).astype(np.float32)
    return pcm


def telephone(pcm: Pcm) -> Pcm:
    """Sound at CAPTURE_RATE through 300 to 3400 Hz, 8 kHz and eight bits of mu-law; as long as before."""
    narrow = np.convolve(resample(pcm, CAPTURE_RATE, LINE_RATE), _band(), mode="full")
    late = TAPS // 2
    coded = _mu_law(narrow[late : len(narrow) - late])
    wide = resample(coded.astype(np.float32), LINE_RATE, CAPTURE_RATE)[: len(pcm)]
    return np.clip(np.pad(wide, (0, len(pcm) - len(wide))), -1.0, 1.0).astype(np.float32)


def room(pcm: Pcm, seed: int, *, decay: float = REVERBERATION, direct: float = DIRECT) -> Pcm:
    """Sound at CAPTURE_RATE in a room whose direct sound comes at once; longer by what is audible after it.

    The room's answer is one sample of direct sound, then noise that decays exponentially by 60 dB in
    ``decay`` seconds, its energy ``direct`` dB below. Equal seeds are equal rooms. The level stays as it was.
    """
    dice = np.random.default_rng(seed)
    response = dice.standard_normal(round(decay * CAPTURE_RATE))
    response *= np.exp(-np.log(1000.0) * np.arange(len(response)) / len(response))
    response[: round(FIRST_ECHO * CAPTURE_RATE)] = 0.0
    response *= decibels(-direct) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    size = len(pcm) + len(response) - 1
    spectrum = np.fft.rfft(pcm, size) * np.fft.rfft(response, size)
    wet = np.fft.irfft(spectrum, size).astype(np.float32)
    loud = np.flatnonzero(np.abs(wet) > EDGE)
    wet = wet[: max(len(pcm), int(loud[-1]) + 1 if len(loud) else 0)]
    gain = decibels(active_level(pcm) - active_level(wet[: len(pcm)])) if len(loud) else 1.0
    return (wet * min(gain, PEAK / float(np.max(np.abs(wet), initial=1e-9)))).astype(np.float32)


def through_telephone(stimulus: Stimulus) -> Stimulus:
    """The same turn as a telephone carries it; the labels of the clean sound."""
    return replace(stimulus, pcm=telephone(stimulus.pcm))


def in_room(stimulus: Stimulus, seed: int) -> Stimulus:
    """The same turn in a room; its label ends with the clean sound, the room rings on after it."""
    wet = room(stimulus.pcm, seed)
    return replace(stimulus, pcm=wet, tail=len(wet) - stimulus.length)


def louder(stimulus: Stimulus, gain: float) -> Stimulus:
    """The same turn by ``gain`` decibels."""
    return replace(stimulus, pcm=np.clip(stimulus.pcm * decibels(gain), -1.0, 1.0).astype(np.float32))


def _band() -> Pcm:
    """A windowed-sinc band filter (Hamming) at LINE_RATE, shape (TAPS,)."""
    steps = np.arange(TAPS) - TAPS // 2
    low, high = (edge / LINE_RATE for edge in TELEPHONE)
    taps = 2 * high * np.sinc(2 * high * steps) - 2 * low * np.sinc(2 * low * steps)
    return np.asarray(taps * np.hamming(TAPS), np.float32)


def _mu_law(pcm: Pcm) -> Pcm:
    """To eight bits and back: the continuous companding law of G.711, 256 steps."""
    inside = np.clip(pcm, -1.0, 1.0)
    pressed = np.sign(inside) * np.log1p(MU * np.abs(inside)) / np.log1p(MU)
    steps = np.round(pressed * 127.5 - 0.5) + 0.5  # 256 levels, symmetrical about zero
    level = np.clip(steps, -127.5, 127.5) / 127.5
    return np.asarray(np.sign(level) * np.expm1(np.abs(level) * np.log1p(MU)) / MU, np.float32)
