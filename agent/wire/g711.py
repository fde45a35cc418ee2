"""Telephone sound: the µ-law and A-law of ITU-T G.711, as tables made by its formulas. Pure.

Eight bits per sample hold 14 (µ) or 13 (A) bits of range, with steps that grow with the level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 8000
_BIAS = 33
"""Of µ-law, in steps of 14-bit sound: makes every segment begin at a power of two."""


def _mu_expanded() -> NDArray[np.int16]:
    """The 16-bit value of each µ-law byte: (2 m + 33) 2^e - 33 in 14 bits, all bits inverted on the line."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 1) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16) << 2


def _a_expanded() -> NDArray[np.int16]:
    """The 16-bit value of each A-law byte; even bits are inverted on the line, and a set sign is positive."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    linear = (mantissa << 1) + 1
    magnitude = np.where(exponent == 0, linear, (linear + 32) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16) << 3


def _compressed(expanded: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each 16-bit value, from -32768 on, the byte whose value is nearest."""
    order = np.argsort(expanded, kind="stable")
    values = expanded[order].astype(np.int32)
    borders = (values[1:] + values[:-1]) / 2.0
    every = np.arange(-32768, 32768)
    table: NDArray[np.uint8] = order[np.searchsorted(borders, every, side="right")].astype(np.uint8)
    return table


MU = _mu_expanded()
"""16-bit values by byte."""
A = _a_expanded()
"""16-bit values by byte."""
_MU_BYTES, _A_BYTES = _compressed(MU), _compressed(A)


def expand(data: bytes, table: NDArray[np.int16]) -> NDArray[np.float32]:
    """Bytes of the line as sound in [-1, 1], shape (len(data),). ``table``: MU or A."""
    values = table[np.frombuffer(data, np.uint8)]
    return values.astype(np.float32) / np.float32(32768.0)


def compress(pcm: NDArray[np.float32], table: NDArray[np.int16]) -> bytes:
    """Sound in [-1, 1] as bytes of the line, the nearest value for each sample. ``table``: MU or A."""
    known = _MU_BYTES if table is MU else _A_BYTES
    values = np.clip(np.rint(pcm * 32767.0), -32768, 32767).astype(np.int32) + 32768
    found: bytes = known[values].tobytes()
    return found
