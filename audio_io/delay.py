"""How long the agent's voice takes from the loudspeaker's buffer back to the microphone, found by listening.

Generalised cross-correlation with phase transform (Knapp and Carter, 1976) over the last second, averaged.
Must never name a delay that two successive looks do not agree on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE, Pcm

WINDOW = CAPTURE_RATE
"""Samples that one look compares: 1 s."""
EVERY = CAPTURE_RATE // 4
"""Samples between two looks."""
CLEAR = 9.0
"""A peak this many times the correlation's root mean square is an echo; without any echo 4 to 8 are seen."""
AGREE = 0.005
"""Seconds within which two looks are the same."""
_FADE = 0.7
_BAND = (200.0, 6000.0)


class DelayFinder:
    """Takes both signals in equal steps and tells the delay of the first behind the second once clear."""

    def __init__(self, longest: float = 0.5) -> None:
        self._reach = round(longest * CAPTURE_RATE)
        self._size = 1 << (2 * WINDOW - 1).bit_length()
        bins = np.fft.rfftfreq(self._size, 1 / CAPTURE_RATE)
        self._band = (bins > _BAND[0]) & (bins < _BAND[1])
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._far = np.zeros(WINDOW, dtype=np.float32)
        self._mic = np.zeros(WINDOW, dtype=np.float32)
        self._cross: NDArray[np.complex128] = np.zeros(self._band.size, dtype=np.complex128)
        self._unlooked = 0
        self._last = -1.0

    def feed(self, mic: Pcm, far: Pcm) -> float | None:
        """Equal lengths of both; the delay in seconds when a look was due and agreed with the one before."""
        self._far = np.concatenate((self._far[far.size :], far))
        self._mic = np.concatenate((self._mic[mic.size :], mic))
        self._unlooked += far.size
        if self._unlooked < EVERY:
            return None
        self._unlooked = 0
        found = self._look()
        agreed = found is not None and abs(found - self._last) <= AGREE
        self._last = -1.0 if found is None else found
        return found if agreed else None

    def _look(self) -> float | None:
        far = np.fft.rfft(self._far, self._size)
        cross = np.fft.rfft(self._mic, self._size) * np.conj(far)
        self._cross = _FADE * self._cross + np.where(self._band, cross / (np.abs(cross) + 1e-12), 0.0)
        shape = np.abs(np.fft.irfft(self._cross, self._size)[: self._reach])
        peak = int(np.argmax(shape))
        clear = shape[peak] > CLEAR * np.sqrt(np.mean(shape**2)) > 0.0
        return peak / CAPTURE_RATE if clear else None
