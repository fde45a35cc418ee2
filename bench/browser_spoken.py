"""What is said into a browser's microphone, and where in the page's recording it then lies. Pure.

The file is played from a moment that nobody tells, by a clock that is not the page's: every stimulus is found
again by itself, by correlation, so that labels are true on the recording's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
"""Seconds by which a stimulus may lie elsewhere than the one before says, and its end than its begin."""
PIECE = round(0.6 * CAPTURE_RATE)
"""Samples of a stimulus's head and of its tail by which they are found."""


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


def placed(recording: Recording, said: Sequence[Spoken]) -> list[tuple[int, int]]:
    """The first sample of each stimulus in the user's channel and one past its last.

    Both ends are looked for by themselves: a busy machine drops blocks of a microphone. Raises UserError
    where one cannot be found: the microphone was not heard, or it stood still.
    """
    heard = resample(recording.user, recording.rate, CAPTURE_RATE)
    found: list[tuple[int, int]] = []
    shift: float | None = None
    for one in said:
        speech = one.stimulus.pcm[: one.stimulus.length]
        piece = min(PIECE, len(speech))
        head, tail = speech[:piece], speech[len(speech) - piece :]
        near = None if shift is None else round((one.seconds + shift) * CAPTURE_RATE)
        start = _found(heard, head, near, one)
        end = _found(heard, tail, start + len(speech) - piece, one) + piece
        shift = start / CAPTURE_RATE - one.seconds
        found.append((_at(start, recording.rate), min(_at(end, recording.rate), recording.length)))
    return found


def _at(place: int, rate: int) -> int:
    return round(place * rate / CAPTURE_RATE)


def _found(heard: Pcm, piece: Pcm, near: int | None, one: Spoken) -> int:
    """Where it begins, within DRIFT of ``near``; None: anywhere, and of equals the first."""
    wide = round(DRIFT * CAPTURE_RATE)
    low = 0 if near is None else max(near - wide, 0)
    high = len(heard) if near is None else near + len(piece) + wide
    how = alike(heard[low:high], piece)
    top = float(how.max(initial=0.0))
    if top < ALIKE:
        raise UserError(
            f"what was said at {one.seconds:.1f} s cannot be found in what the page heard (alike {top:.2f}, "
            f"{ALIKE} is needed); the microphone was closed, or the machine too busy"
        )
    first = int(np.argmax(how >= 0.9 * top))
    return low + first + int(np.argmax(how[first : first + CAPTURE_RATE // 20]))


def alike(heard: Pcm, wanted: Pcm) -> NDArray[np.float64]:
    """How alike ``wanted`` and the sound that begins at each sample are, -1 to 1. FFT correlation."""
    count = len(heard) - len(wanted) + 1
    if count < 1:
        return np.zeros(0)
    size = 1 << (len(heard) + len(wanted) - 1).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    power = np.cumsum(np.concatenate(([0.0], heard.astype(np.float64) ** 2)))
    around = power[len(wanted) :] - power[: -len(wanted)]
    own = float(np.sum(wanted.astype(np.float64) ** 2))
    found = np.fft.irfft(product, size)[:count] / np.sqrt(np.maximum(around, 1e-3 * own) * own)
    return np.asarray(found, np.float64)


def labelled(recording: Recording, said: Sequence[Spoken], name: str, about: dict[str, str]) -> Labels:
    """The manifest of a page's recording. Raises UserError as ``placed`` does."""
    turns = []
    for number, (one, (start, end)) in enumerate(zip(said, placed(recording, said), strict=True), 1):
        said_ = one.stimulus
        turns.append(
            UserTurn(number, said_.kind, start, end, (), said_.text, said_.expected, reply=said_.reply)
        )
    return check(Labels(name, recording.rate, recording.length, tuple(turns), name, False, about))
