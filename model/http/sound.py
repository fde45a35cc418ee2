"""Sound as requests carry it: base64 of a WAV file, PCM 16 bit, mono, 16 kHz, in closed segments. Pure.

A segment that is closed never changes, so a server that keeps what it has read need not read it again.
"""

from __future__ import annotations

import base64
import struct
from functools import lru_cache

import numpy as np

from pipeline.ports import CAPTURE_RATE, Pcm
from pipeline.prompt import Audio

LEAST = 1600
"""Samples of the shortest segment that is sent; encoders refuse less. A shorter one ends in silence."""


def wav(pcm: Pcm) -> bytes:
    """A WAV file of the sound; what is louder than full scale is clipped. Shape (samples,)."""
    data = np.round(np.clip(pcm, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, CAPTURE_RATE, CAPTURE_RATE * 2, 2, 16,
        b"data", len(data),
    )  # fmt: skip
    return head + data


def cut(audio: Audio, seconds: float) -> tuple[Audio, ...]:
    """The sound as segments of so many seconds and a rest; 0: as it is. An empty one gives none."""
    if not len(audio.pcm):
        return ()
    step = round(seconds * CAPTURE_RATE) or len(audio.pcm)
    if step >= len(audio.pcm):
        return (audio,)
    return tuple(Audio(audio.pcm[at : at + step].copy()) for at in range(0, len(audio.pcm), step))


@lru_cache(maxsize=64)
def base64_wav(audio: Audio) -> str:
    """The segment as base64 text. The newest are kept, as every request of a turn carries them again: 64
    segments of 25 s are 68 MB, of 2 s 5 MB."""
    pcm = audio.pcm
    if len(pcm) < LEAST:
        pcm = np.concatenate([pcm, np.zeros(LEAST - len(pcm), np.float32)])
    return base64.b64encode(wav(pcm)).decode("ascii")
