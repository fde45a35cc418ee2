"""The causal front end in numpy: 16 kHz sound to log-mel frames, streamed with a carried history.

Frame t ends at sample 160 (t + 1) and looks 400 samples back; the floor is fixed, so a frame depends on
nothing that comes later and streaming equals the whole. Training must feed the network this very formula.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE, Pcm

MELS = 80
HOP = 160
"""Samples per frame: 10 ms."""
WINDOW = 400
"""Samples a frame looks at: 25 ms."""
HISTORY = WINDOW - HOP
"""Samples carried from one call to the next."""
FLOOR = 1e-7
"""Smallest mel power; fixed, unlike Whisper's, which looks at the whole segment."""


def filterbank(stretch: float = 1.0) -> NDArray[np.float32]:
    """[80, 201]: triangles on the HTK mel scale up to 8 kHz, each of area one.

    ``stretch`` scales their frequencies (vocal-tract length normalisation, for training only).
    """
    top = 2595 * np.log10(1 + CAPTURE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0.0, top, MELS + 2) / 2595) - 1)
    edges = np.minimum(edges * stretch, CAPTURE_RATE / 2)
    bins = np.linspace(0.0, CAPTURE_RATE / 2, WINDOW // 2 + 1)
    bank = np.zeros((MELS, len(bins)))
    for row, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        if right > left:
            rise = (bins - left) / max(centre - left, 1e-3)
            fall = (right - bins) / max(right - centre, 1e-3)
            bank[row] = np.maximum(0, np.minimum(rise, fall)) * 2 / (right - left) * CAPTURE_RATE / WINDOW
    return bank.astype(np.float32)


@cache
def _constants() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Periodic Hann window [400] and the transposed filter bank [201, 80]."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return window.astype(np.float32), np.ascontiguousarray(filterbank().T)


def silence() -> Pcm:
    """The history before a segment's first sample, shape (240,)."""
    return np.zeros(HISTORY, np.float32)


def log_mel(pcm: Pcm, history: Pcm) -> tuple[NDArray[np.float32], Pcm]:
    """Sound of a whole number of hops, and the 240 samples before it -> frames [n, 80] and the next history.

    Values are (log10(max(power, 1e-7)) + 3) / 2.5. Raises ValueError when the sound is not whole hops.
    """
    if len(pcm) % HOP or history.shape != (HISTORY,):
        raise ValueError(f"log-mel needs multiples of {HOP} samples and {HISTORY} of history, got {len(pcm)}")
    window, bank = _constants()
    signal = np.concatenate([history, pcm])
    if not len(pcm):
        return np.zeros((0, MELS), np.float32), history
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
    with np.errstate(over="ignore", invalid="ignore"):  # absurdly loud sound gives infinities; callers check
        spectrum = np.fft.rfft(frames * window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        mel = (np.log10(np.maximum(power @ bank, FLOOR)) + 3) / 2.5
    return mel.astype(np.float32), signal[-HISTORY:]
