"""Sound as a client sends and gets it, to and from the line's own: streaming, one object per direction.

A client's format may change between two pieces; what was left in a filter then goes.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from audio_io.resample import Resampler
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from . import g711
from .refusal import invalid, missing
from .schema import MuLaw, SoundFormat
from .schema import Pcm as Pcm16

LARGEST_SOUND = 15 * 2**20
"""Bytes of one append."""


def bytes_of(audio: Any, param: str) -> bytes:
    """Sound as it came with an event: base64 text, or bytes. Raises WireError: ``invalid_value``."""
    if audio is None:
        raise missing(param)
    if isinstance(audio, bytes):
        found = audio
    elif isinstance(audio, str):
        try:
            found = base64.b64decode(audio, validate=True)
        except (ValueError, binascii.Error):
            raise invalid(param, f"{param}: this is no base64.") from None
    else:
        raise invalid(param, f"{param}: expected base64 text or bytes, got {type(audio).__name__}.")
    if len(found) > LARGEST_SOUND:
        raise invalid(param, f"{param}: {len(found)} bytes of sound; at most {LARGEST_SOUND} at once.")
    return found


def checked(data: bytes, form: SoundFormat, param: str) -> bytes:
    """The same sound, if it is a whole number of samples. Raises WireError."""
    if isinstance(form, Pcm16) and len(data) % 2:
        raise invalid(param, f"{param}: {len(data)} bytes are no whole number of 16-bit samples.")
    return data


def rate_of(form: SoundFormat) -> int:
    """Samples per second."""
    return PLAYOUT_RATE if isinstance(form, Pcm16) else g711.RATE


def seconds_of(data: bytes, form: SoundFormat) -> float:
    """How long this sound lasts."""
    return len(data) / (2 * PLAYOUT_RATE if isinstance(form, Pcm16) else g711.RATE)


class Incoming:
    """From a client's format to capture."""

    def __init__(self, form: SoundFormat) -> None:
        self.format = form
        self._resampler = Resampler(rate_of(form), CAPTURE_RATE)

    def turn(self, data: bytes, param: str = "audio") -> Pcm:
        """The samples at CAPTURE_RATE that are certain now. Raises WireError for half a sample."""
        checked(data, self.format, param)
        if isinstance(self.format, Pcm16):
            pcm = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768.0)
        else:
            pcm = g711.expand(data, g711.MU if isinstance(self.format, MuLaw) else g711.A)
        return self._resampler.push(pcm)

    def end(self) -> Pcm:
        """The last samples, as if silence followed."""
        return self._resampler.flush()


class Outgoing:
    """From playout to a client's format."""

    def __init__(self, form: SoundFormat) -> None:
        self.format = form
        self._resampler = Resampler(PLAYOUT_RATE, rate_of(form))

    def turn(self, pcm: Pcm) -> bytes:
        """The sound as bytes, as far as it is certain."""
        return self._written(self._resampler.push(pcm))

    def end(self) -> bytes:
        """What was left of a reply; the next one begins anew."""
        return self._written(self._resampler.flush())

    def _written(self, pcm: Pcm) -> bytes:
        if isinstance(self.format, Pcm16):
            whole: bytes = np.clip(np.rint(pcm * 32767.0), -32768, 32767).astype("<i2").tobytes()
            return whole
        return g711.compress(pcm, g711.MU if isinstance(self.format, MuLaw) else g711.A)


def heard(data: bytes, form: SoundFormat, param: str) -> Pcm:
    """A whole recording in a client's format, at CAPTURE_RATE. Raises WireError."""
    incoming = Incoming(form)
    return np.concatenate((incoming.turn(data, param), incoming.end()))
