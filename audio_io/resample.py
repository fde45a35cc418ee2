"""Change of sample rate: a short FIR filter for live sound, soxr for whole recordings.

The live filter looks 1 ms ahead and no further. Must never drift: after any number of samples its output has
exactly the length that the rates demand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.ports import Pcm

from .formats import Format

PER_LOOKAHEAD = 1000
"""The live filter waits for 1 / 1000 s of input past an output's own time."""
CUTOFF = 0.93
"""Half-amplitude frequency, as a share of the lower rate's Nyquist frequency."""
STOPBAND = 72.0
"""Decibels of attenuation that the window is designed for."""
LARGEST_TABLE = 8_000_000
"""Filter taps over all phases: 32 MB."""
FEW = 8
"""Phases up to which each is filtered by itself: one product of a matrix for all its outputs."""
_NOTHING: Pcm = np.zeros(0, dtype=np.float32)


class Resampler:
    """Streaming change of rate with at most 1 ms of delay; output m lies at time m / ``output``.

    A windowed-sinc interpolator (Kaiser window; Smith, "Digital Audio Resampling", CCRMA) at the exact phases
    of the ratio. Cutting the input into blocks changes nothing but rounding (1e-6).
    ``delay`` is the number of input samples that an output waits for after its own position.
    Raises UserError for rates that cannot be used.
    """

    def __init__(self, source: int, output: int) -> None:
        Format(source), Format(output)  # refuses rates that no sound has
        shared = gcd(source, output)
        self.source, self.output = source, output
        self._up, self._down = output // shared, source // shared
        self.delay = 0 if source == output else source // PER_LOOKAHEAD
        self._taps = _table(source, output, self.delay)
        self.reset()

    def reset(self) -> None:
        """Forget all sound; positions start at 0 again."""
        self._tail: Pcm = np.zeros(max(0, self.delay - 1), dtype=np.float32)
        self._tail_at = -self._tail.size
        self._taken = 0
        self._made = 0

    def push(self, pcm: Pcm) -> Pcm:
        """Take any number of samples in; give all samples that are certain now."""
        if self.delay == 0:
            return pcm.astype(np.float32)
        self._taken += pcm.size
        sound = np.concatenate((self._tail, pcm.astype(np.float32, copy=False)))
        result = self._at(sound, self._certain(self._taken - self.delay))
        self._keep(sound)
        return result

    def flush(self) -> Pcm:
        """The last ``delay`` samples' worth, as if silence followed; then the resampler is as new."""
        if self.delay == 0:
            return np.zeros(0, dtype=np.float32)
        sound = np.concatenate((self._tail, np.zeros(self.delay, dtype=np.float32)))
        result = self._at(sound, self._certain(self._taken))
        self.reset()
        return result

    def need(self, count: int) -> int:
        """How many more input samples must be pushed until ``count`` more output samples are certain."""
        if self.delay == 0:
            return count
        last = self._made + count - 1
        return max(0, last * self._down // self._up + 1 + self.delay - self._taken) if count else 0

    def _certain(self, heard: int) -> int:
        """Outputs with a position before input sample ``heard``."""
        return max(0, -(-heard * self._up // self._down))

    def _at(self, sound: Pcm, upto: int) -> Pcm:
        begin, self._made = self._made, max(self._made, upto)
        if self._made == begin or not sound.any():  # an agent is silent most of the time
            return np.zeros(self._made - begin, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(sound, self._taps.shape[1])
        reach = self.delay - 1 + self._tail_at
        if self._up > FEW:
            position, phase = np.divmod(np.arange(begin, self._made) * self._down, self._up)
            mixed: Pcm = np.einsum("mk,mk->m", windows[position - reach], self._taps[phase])
            return mixed
        made = np.empty(self._made - begin, dtype=np.float32)
        for place in range(min(self._up, len(made))):  # outputs of one phase lie evenly in the sound
            at, row = divmod((begin + place) * self._down, self._up)
            count = -((place - len(made)) // self._up)
            made[place :: self._up] = windows[at - reach :: self._down][:count] @ self._taps[row]
        return made

    def _keep(self, sound: Pcm) -> None:
        """Keep what the next output's filter reaches back to."""
        start = self._made * self._down // self._up - (self.delay - 1)
        drop = min(max(0, start - self._tail_at), sound.size)
        self._tail = sound[drop:].copy()
        self._tail_at += drop


@lru_cache(maxsize=16)
def _table(source: int, output: int, reach: int) -> NDArray[np.float32]:
    """Filter taps by phase, shape (phases, 2 * reach); each phase sums to 1, so that a constant stays one."""
    phases = output // gcd(source, output)
    if phases * 2 * reach > LARGEST_TABLE:
        raise UserError(
            f"{source} Hz cannot be turned into {output} Hz while it streams: their ratio has no small "
            "terms; choose a rate such as 16000, 24000, 44100 or 48000 Hz"
        )
    cutoff = CUTOFF * min(source, output) / source
    beta = 0.1102 * (STOPBAND - 8.7)
    distance = np.arange(1 - reach, reach + 1) - np.arange(phases)[:, None] / phases
    window = np.i0(beta * np.sqrt(np.maximum(0.0, 1.0 - (distance / max(1, reach)) ** 2)))
    taps = np.sinc(cutoff * distance) * window
    taps /= np.maximum(taps.sum(axis=1, keepdims=True), 1e-9)
    table: NDArray[np.float32] = taps.astype(np.float32)
    table.setflags(write=False)
    return table


def resample(pcm: Pcm, source: int, output: int) -> Pcm:
    """A whole recording at another rate, best quality; exactly ceil(samples * output / source) long."""
    return resample_all([pcm], source, output)


def resample_all(blocks: Iterable[Pcm], source: int, output: int) -> Pcm:
    """As ``resample`` for a recording that is read block by block and need not be in memory as a whole."""
    Format(source), Format(output)  # refuses rates that no sound has
    if source == output:
        return np.concatenate([_NOTHING, *blocks])
    import soxr  # only recordings need it, so a live session does not pay for loading it

    stream = soxr.ResampleStream(source, output, 1, dtype="float32", quality="HQ")
    taken, parts = 0, []
    for block in blocks:
        taken += block.size
        parts.append(stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32)))
    parts.append(stream.resample_chunk(_NOTHING, last=True))
    length = -(-taken * output // source)
    turned = np.concatenate([_NOTHING, *parts])[:length]
    return np.pad(turned, (0, length - turned.size))
