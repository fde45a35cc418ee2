"""Sound files: any recording in as mono float, 16-bit WAV out.

Reading goes through libsndfile (wheel ``soundfile``), so WAV of every width, FLAC, OGG and MP3 are all read.
Must never return sound that is shorter than the file promised, or that is not finite, without saying so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SoundFileError, UserError
from pipeline.ports import CAPTURE_RATE, Pcm

from .formats import Format, clip, mixdown, to_int16
from .resample import resample_all

LONGEST = 3600.0
"""Seconds of the longest recording that is read: an hour is 230 MB in memory."""
LARGEST = 0xFFFFFFFF - 44
"""Bytes of sound that a RIFF header can count."""
_BLOCK = 1 << 16
_UNTOLD = (0, 0xFFFFFFFF, 0x7FFFFFFF)
"""Data sizes that a program writes when it cannot know how long the sound will be."""


def read_sound(path: str | Path, rate: int = CAPTURE_RATE) -> Pcm:
    """A whole recording, mixed to mono, at ``rate``; shape (samples,), within [-1, 1].

    Raises SoundFileError, in one sentence, for a file that is missing, a directory, unreadable, no sound, cut
    short, empty, longer than an hour, or that holds samples which are not numbers.
    """
    file = Path(path)
    _check(file)
    import soundfile  # loads libsndfile: only who reads a recording pays

    try:
        with soundfile.SoundFile(file) as sound:
            form = Format(sound.samplerate, sound.channels)
            if sound.frames == 0:
                raise SoundFileError(f"{file} is a sound file with 0 samples; record something into it first")
            if sound.frames > LONGEST * form.rate:
                raise SoundFileError(
                    f"{file} is {sound.frames / form.rate / 60:.0f} minutes long; "
                    f"recordings up to {LONGEST / 60:.0f} minutes are read, so cut it"
                )
            return clip(resample_all(_blocks(sound, file, form), form.rate, rate))[0]
    except soundfile.SoundFileError as error:
        raise SoundFileError(
            f"{file} is not a sound file that can be read ({_plain(error)}); "
            "WAV, FLAC, OGG and MP3 are accepted"
        ) from error
    except SoundFileError:
        raise
    except UserError as error:
        raise SoundFileError(f"{file} cannot be used: {error}") from error


def write_wav(path: str | Path, pcm: NDArray[np.floating[Any]], rate: int) -> None:
    """Write sound of shape (samples,) or (samples, channels) as 16-bit WAV, clipped at full scale.

    Raises SoundFileError where the file cannot be written.
    """
    form = Format(rate, 1 if pcm.ndim == 1 else pcm.shape[1])
    data = to_int16(pcm).astype("<i2").tobytes()
    with create(path) as file:
        file.write(header(form, len(data)) + data)


def create(path: str | Path) -> BinaryIO:
    """Open a file for a new recording, and its folder if need be. Raises SoundFileError."""
    file = Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("wb")
    except OSError as error:
        raise SoundFileError(
            f"{file} cannot be written ({error.strerror}); name a file in a folder of yours"
        ) from error


def header(form: Format, size: int) -> bytes:
    """The 44 bytes before ``size`` bytes of 16-bit sound (Microsoft RIFF WAVE, format 1)."""
    frame = 2 * form.channels
    size = min(size, LARGEST)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, form.channels, form.rate,
        form.rate * frame, frame, 16, b"data", size,
    )  # fmt: skip


def _blocks(sound: Any, file: Path, form: Format) -> Iterator[Pcm]:
    taken = 0
    for block in sound.blocks(blocksize=_BLOCK, dtype="float32", always_2d=True):
        good = np.isfinite(block).all(axis=1)
        if not good.all():
            first = (taken + int(np.argmin(good))) / form.rate
            raise SoundFileError(
                f"{file} holds samples that are not numbers, the first at {first:.3f} s; "
                "export it again as 16-bit WAV"
            )
        taken += len(block)
        yield mixdown(block)
    if taken < sound.frames:
        raise SoundFileError(_cut(file, taken / form.rate, sound.frames / form.rate))


def _check(file: Path) -> None:
    """Everything that can be said about a file before a decoder sees it."""
    if file.is_dir():
        raise SoundFileError(f"{file} is a folder; name a sound file in it")
    try:
        with file.open("rb") as opened:
            start = opened.read(12)
            if not start:
                raise SoundFileError(f"{file} is empty (0 bytes); choose a recording with sound in it")
            if start[:4] == b"RIFF" and start[8:] == b"WAVE":
                _check_wav(file, opened)
    except FileNotFoundError as error:
        raise SoundFileError(f"{file} does not exist; check the name and the folder") from error
    except OSError as error:
        raise SoundFileError(f"{file} cannot be read ({error.strerror}); check its permissions") from error


def _check_wav(file: Path, opened: BinaryIO) -> None:
    """libsndfile quietly shortens a WAV whose end is missing; a person should know."""
    size = file.stat().st_size
    per_second = 0
    while len(chunk := opened.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        here = opened.tell()
        if name == b"fmt ":
            body = opened.read(16)
            per_second = struct.unpack("<I", body[8:12])[0] if len(body) == 16 else 0
        if name == b"data":
            if length not in _UNTOLD and here + length > size:
                seconds = [count / max(1, per_second) for count in (size - here, length)]
                raise SoundFileError(_cut(file, *seconds))
            return
        opened.seek(here + length + length % 2)
    raise SoundFileError(f"{file} is a WAV file without sound: it ends before its data; record it again")


def _cut(file: Path, there: float, promised: float) -> str:
    return (
        f"{file} is cut short: {there:.2f} s of the {promised:.2f} s that it promises are there; "
        "copy or record it again"
    )


def _plain(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
