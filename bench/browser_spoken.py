"""What is said into a browser's microphone, and where in the page's recording it then lies. Pure.

The file is played from a moment that nobody tells, by a clock that is not the page's: every stimulus is found
again by itself, by correlation, so that labels are true on the recording's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_io.resample import resample
from audio_io.wav import write_wav
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Pcm

from .labels import Labels, UserTurn, check
from .recording import Recording
from .stimuli import Stimulus

RATE = 48_000
"""Of the file: what Chromium's fake microphone takes without changing it."""
ALIKE = 0.4
"""Correlation from which a stimulus counts as found; the browser's own processing leaves more."""
DRIFT = 0.25
"""Seconds by which a later stimulus may lie elsewhere than the first one says."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stimulus at its place in the file."""

    seconds: float
    stimulus: Stimulus


def microphone(said: Sequence[Spoken], seconds: float, path: Path) -> Path:
    """Write the file, 48 kHz 16-bit mono, with silence around what is said."""
    whole = np.zeros(round(seconds * CAPTURE_RATE), np.float32)
    for one in said:
        at = round(one.seconds * CAPTURE_RATE)
        whole[at : at + len(one.stimulus.pcm)] += one.stimulus.pcm
    write_wav(path, resample(whole, CAPTURE_RATE, RATE), RATE)
    return path


def placed(recording: Recording, said: Sequence[Spoken]) -> list[int]:
    """The first sample of each stimulus in the user's channel.

    Raises UserError where one cannot be found: the microphone was not heard, or it stood still.
    """
    heard = resample(recording.user, recording.rate, CAPTURE_RATE)
    found: list[int] = []
    shift: float | None = None
    for one in said:
        low, high = 0, len(heard)
        if shift is not None:
            near = round((one.seconds + shift) * CAPTURE_RATE)
            low = max(near - round(DRIFT * CAPTURE_RATE), 0)
            high = near + len(one.stimulus.pcm) + round(DRIFT * CAPTURE_RATE)
        at, how = best(heard[low:high], one.stimulus.pcm)
        if how < ALIKE:
            raise UserError(
                f"what was said at {one.seconds:.1f} s cannot be found in what the page heard (alike "
                f"{how:.2f}, {ALIKE} is needed); the microphone was closed, or the machine too busy"
            )
        shift = (low + at) / CAPTURE_RATE - one.seconds
        found.append(round((low + at) * recording.rate / CAPTURE_RATE))
    return found


def best(heard: Pcm, wanted: Pcm) -> tuple[int, float]:
    """Where ``wanted`` lies in ``heard`` best, and how alike they are there, 0 to 1. FFT correlation."""
    count = len(heard) - len(wanted) + 1
    if count < 1:
        return 0, 0.0
    size = 1 << (len(heard) + len(wanted) - 1).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    dot = np.fft.irfft(product, size)[:count]
    power = np.concatenate(([0.0], np.cumsum(heard.astype(np.float64) ** 2)))
    around = power[len(wanted) :] - power[: -len(wanted)]
    own = float(np.sum(wanted.astype(np.float64) ** 2))
    alike = dot / np.sqrt(np.maximum(around, 1e-3 * own) * own)
    at = int(np.argmax(alike))
    return at, float(alike[at])


def labelled(recording: Recording, said: Sequence[Spoken], name: str, about: dict[str, str]) -> Labels:
    """The manifest of a page's recording. Raises UserError as ``placed`` does."""
    turns = []
    for number, (one, start) in enumerate(zip(said, placed(recording, said), strict=True), 1):
        length = round(one.stimulus.length * recording.rate / CAPTURE_RATE)
        said_, end = one.stimulus, min(start + length, recording.length)
        turns.append(
            UserTurn(number, said_.kind, start, end, (), said_.text, said_.expected, reply=said_.reply)
        )
    return check(Labels(name, recording.rate, recording.length, tuple(turns), name, False, about))
