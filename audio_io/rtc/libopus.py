"""Opus by libopus itself, through ctypes: at the rates we work at, with its own concealment of lost packets.

PyAV brings the library in its wheel but shows neither concealment nor the forward error correction that
browsers send; so its file, or the system's, is loaded here. Where there is none, ``av_opus`` is used.
Nothing here may keep a pointer longer than the buffer behind it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import BugError
from pipeline.ports import Pcm

from .extra import web
from .framing import MOST, TICKS

COMPLEXITY = 8
"""Of 10. What browsers use lies between 5 and 9; it costs 0.15 ms per 20 ms of speech."""
_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS = 4002, 4010, 4012, 4014
_LARGEST = 1275
"""Bytes of one Opus frame at most."""


@lru_cache(maxsize=1)
def library() -> Any:
    """The shared library, or None where none is found."""
    for path in _places():
        try:
            return _declared(ctypes.CDLL(path))
        except (OSError, AttributeError):  # not for this machine, or not libopus
            continue
    return None


def _places() -> Iterator[str]:
    """PyAV's own first; asking for the system's starts a process, so only where that is not there."""
    package = Path(web("av").__file__).parent
    folders = (package.parent / "av.libs", package / ".dylibs")
    yield from (str(path) for folder in folders for path in sorted(folder.glob("*opus[-.]*")))
    named = ctypes.util.find_library("opus")
    if named:
        yield named


def _declared(lib: Any) -> Any:
    whole, pointer, number = ctypes.c_int, ctypes.c_void_p, ctypes.c_int32
    lib.opus_encoder_create.restype = lib.opus_decoder_create.restype = pointer
    lib.opus_encoder_create.argtypes = [number, whole, whole, ctypes.POINTER(whole)]
    lib.opus_decoder_create.argtypes = [number, whole, ctypes.POINTER(whole)]
    lib.opus_encoder_destroy.argtypes = lib.opus_decoder_destroy.argtypes = [pointer]
    lib.opus_encoder_destroy.restype = lib.opus_decoder_destroy.restype = None
    lib.opus_encode_float.argtypes = [pointer, pointer, whole, pointer, number]
    lib.opus_decode_float.argtypes = [pointer, ctypes.c_char_p, number, pointer, whole, whole]
    return lib


class LibEncoder:
    """Mono sound at ``rate`` to one Opus packet per call, coded for speech."""

    def __init__(self, rate: int, bitrate: int) -> None:
        self._lib, fault = library(), ctypes.c_int()
        self._it = self._lib.opus_encoder_create(rate, 1, _VOIP, ctypes.byref(fault))
        if not self._it:
            raise BugError(f"libopus makes no encoder for {rate} Hz (error {fault.value})")
        for request, value in ((_SET_BITRATE, bitrate), (_SET_COMPLEXITY, COMPLEXITY)):
            self._set(request, value)
        self._out = ctypes.create_string_buffer(_LARGEST)

    def __del__(self) -> None:
        if getattr(self, "_it", None):
            self._lib.opus_encoder_destroy(self._it)

    def expect_loss(self, share: float) -> None:
        """So many of the packets get lost: repeat each in the next, as coarsely as that is worth."""
        self._set(_SET_FEC, int(share > 0.0))
        self._set(_SET_LOSS, min(max(round(100 * share), 0), 100))

    def _set(self, request: int, value: int) -> None:
        # variadic in C: every argument says its own type
        it, what = ctypes.c_void_p(self._it), ctypes.c_int(request)
        self._lib.opus_encoder_ctl(it, what, ctypes.c_int32(value))

    def encode(self, pcm: Pcm) -> bytes:
        """A packet of these samples: 2.5, 5, 10, 20, 40 or 60 ms. Raises BugError for another length."""
        sound = np.ascontiguousarray(np.clip(pcm, -1.0, 1.0), np.float32)
        size = self._lib.opus_encode_float(self._it, sound.ctypes.data, len(sound), self._out, _LARGEST)
        if size < 0:
            raise BugError(f"libopus refuses {len(sound)} samples (error {size})")
        return self._out.raw[:size]


class LibDecoder:
    """Opus packets to mono sound at ``rate``; what is missing is made up by libopus."""

    def __init__(self, rate: int) -> None:
        self._lib, self._rate, fault = library(), rate, ctypes.c_int()
        self._it = self._lib.opus_decoder_create(rate, 1, ctypes.byref(fault))
        if not self._it:
            raise BugError(f"libopus makes no decoder for {rate} Hz (error {fault.value})")
        self._out = np.zeros(MOST * rate // TICKS, np.float32)
        self._grain = rate // 400

    def __del__(self) -> None:
        if getattr(self, "_it", None):
            self._lib.opus_decoder_destroy(self._it)

    def decode(self, payload: bytes) -> Pcm | None:
        """The packet's sound; None for one that cannot be decoded."""
        return self._decoded(payload, len(self._out), mend=False) if payload else None

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Sound in the place of a lost packet, fading; better where the packet after it is known (FEC)."""
        left = -(-samples // self._grain) * self._grain  # libopus makes up multiples of 2.5 ms only
        made: list[Pcm] = []
        while left > 0:
            count = min(left, len(self._out))
            left -= count
            last = following if left == 0 else None
            sound = self._decoded(last, count, mend=last is not None)
            made.append(np.zeros(count, np.float32) if sound is None else sound)
        return np.concatenate(made)[:samples] if made else np.zeros(0, np.float32)

    def _decoded(self, payload: bytes | None, most: int, *, mend: bool) -> Pcm | None:
        """``most`` samples at most, which never are more than ``_out`` holds: C does not look."""
        size, room = len(payload or b""), min(most, len(self._out))
        count = self._lib.opus_decode_float(self._it, payload, size, self._out.ctypes.data, room, int(mend))
        return self._out[:count].copy() if count > 0 else None
