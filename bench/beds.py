"""Noise that goes on under a whole conversation: rings of sound that can be repeated without a seam.

A bed's level is the RMS of all of it, in decibels below the active level of the user's speech, so 10 dB is a
signal-to-noise ratio of 10 dB. It is in the recording's user channel, under labels of the clean speech.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from pipeline.ports import CAPTURE_RATE, Pcm, Voice

from .mix import decibels
from .stimuli import LEVEL, synthesise

SECONDS = 24.0
"""Length of a bed that is made here; then it begins again."""
TALKERS = 6
"""People who speak at once in babble: words can no longer be told."""
SEAM = 0.05
"""Seconds over which the end of a recorded bed is faded into its beginning."""
LOWEST = 20.0
"""Hertz below which pink noise is flat instead of rising for ever."""

MakeBed = Callable[[Voice], Awaitable[Pcm]]
"""Makes a bed at full level with the voices of a run."""


def pink(seed: int, seconds: float = SECONDS) -> Pcm:
    """Noise whose power falls by 3 dB per octave, RMS 1; made in the spectrum, so it joins its own end."""
    count = round(seconds * CAPTURE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / CAPTURE_RATE), LOWEST))
    spectrum[0] = 0.0
    return normal(np.asarray(np.fft.irfft(spectrum, count), np.float32))


async def babble(voices: Sequence[Voice], texts: Sequence[str], seed: int, seconds: float = SECONDS) -> Pcm:
    """Everybody speaks at once, each from a place of their own on, round and round; RMS 1. Raises VoiceError.

    Talkers beyond the voices that there are speak in one of them, from another text on.
    """
    dice = np.random.default_rng(seed)
    whole = np.zeros(round(seconds * CAPTURE_RATE), np.float32)
    for talker in range(TALKERS):
        voice, at = voices[talker % len(voices)], int(dice.integers(len(whole)))
        start, place = at, int(dice.integers(len(texts)))
        while at - start < len(whole):
            said = await synthesise(voice, texts[place % len(texts)])
            whole += ring(said, len(whole), at)
            at += len(said) + int(dice.uniform(0.1, 0.5) * CAPTURE_RATE)
            place += 1
    return normal(whole)


def ring(pcm: Pcm, count: int, at: int) -> Pcm:
    """Sound placed on a circle of ``count`` samples from ``at`` on; what is longer than the circle is cut."""
    circle = np.zeros(count, np.float32)
    circle[(at + np.arange(min(len(pcm), count))) % count] = pcm[:count]
    return circle


def closed(pcm: Pcm) -> Pcm:
    """A recording as a bed: its last SEAM seconds are faded into its first, RMS 1."""
    count = min(round(SEAM * CAPTURE_RATE), len(pcm) // 3)
    rise = np.sqrt(np.linspace(0.0, 1.0, count, dtype=np.float32))  # equal power
    kept = pcm[: len(pcm) - count].copy()
    kept[:count] = kept[:count] * rise + pcm[len(pcm) - count :] * rise[::-1]
    return normal(kept)


def normal(pcm: Pcm) -> Pcm:
    """The same sound without a constant offset and with an RMS of 1; silence stays silence."""
    pcm = (pcm - np.mean(pcm, dtype=np.float64)).astype(np.float32) if len(pcm) else pcm
    power = float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) if len(pcm) else 0.0
    return np.asarray(pcm / power if power else pcm, np.float32)


def under_speech(bed: Pcm, ratio: float) -> Pcm:
    """A bed of RMS 1 brought to ``ratio`` dB below the level that every stimulus has."""
    return np.asarray(bed * LEVEL * decibels(-ratio), np.float32)
