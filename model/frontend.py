"""The causal front end in numpy: 16 kHz sound to frames of log-mel and lags, streamed with a carried history.

Frame t ends at sample 160 (t + 1). Its log-mel looks 400 samples back, which tells sounds apart in time; its
lags look 1,024 back, for in 25 ms a low voice has too few periods to tell its pitch. Floors are fixed, so a
frame depends on nothing that comes later and streaming equals the whole. Training must feed the network this
very formula.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE, Pcm

MELS = 80
LAGS = 48
CHANNELS = MELS + LAGS
HOP = 160
"""Samples per frame: 10 ms."""
WINDOW = 400
"""Samples that the log-mel of a frame looks at: 25 ms."""
LAG_WINDOW = 1024
"""Samples that its lags look at: 64 ms."""
HISTORY = LAG_WINDOW - HOP
"""Samples carried from one call to the next."""
FLOOR = 1e-7
"""Smallest power of a mel band, and of a bin of the lags' spectrum; fixed, unlike Whisper's, which looks at
the whole segment."""
PITCHES = (65.0, 417.0)
"""Hz: of the longest and the shortest lag; between them they are evenly spaced in semitones."""
LAG_BAND = (62.5, 1000.0, 2000.0)
"""Hz of the lags' spectrum: its lowest bin, where it begins to fade out, and where it is gone."""
COMPRESSION = 1 / 3
"""Power of the power spectrum: the formants weigh less on it, and so does a noise of one colour."""
Frames = NDArray[np.float32]


def filterbank(stretch: float = 1.0) -> Frames:
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


def lag_bank() -> Frames:
    """[bins, 49]: cosines of the 48 lags over the bins below 2 kHz, and their weights, which are lag 0."""
    hertz = np.arange(LAG_WINDOW // 2 + 1) * CAPTURE_RATE / LAG_WINDOW
    low, fade, high = LAG_BAND
    hertz = hertz[hertz < high]
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((hertz - fade) / (high - fade), 0, 1))
    weight[hertz < low] = 0
    seconds = 1 / np.geomspace(PITCHES[1], PITCHES[0], LAGS)
    cosines = np.cos(2 * np.pi * hertz[:, None] * np.append(seconds, 0.0))
    return np.asarray(weight[:, None] * cosines, np.float32)


@cache
def _constants() -> tuple[Frames, Frames, Frames, Frames]:
    """Periodic Hann window [400], transposed filter bank [201, 80], window [1024], lag bank [bins, 49]."""
    return _hann(WINDOW), np.ascontiguousarray(filterbank().T), _hann(LAG_WINDOW), lag_bank()


def _hann(count: int) -> Frames:
    window: Frames = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)).astype(np.float32)
    return window


def silence() -> Pcm:
    """The history before a segment's first sample, shape (864,)."""
    return np.zeros(HISTORY, np.float32)


def features(pcm: Pcm, history: Pcm) -> tuple[Frames, Pcm]:
    """Sound of a whole number of hops, and the 864 samples before it -> frames [n, 128], the next history.

    The first 80 channels are log-mel, (log10(max(power, 1e-7)) + 3) / 2.5. The other 48 are the normalised
    autocorrelation at lags of 417 to 65 Hz, -1 to 1, of the spectrum compressed to a third of its power
    (generalised autocorrelation; Tolonen and Karjalainen, IEEE Trans. Speech Audio Proc. 8 (6), 2000).
    Raises ValueError when the sound is not whole hops.
    """
    if len(pcm) % HOP or history.shape != (HISTORY,):
        raise ValueError(
            f"the front end needs multiples of {HOP} samples and {HISTORY} of history, got {len(pcm)} "
            f"and {history.shape}"
        )
    if not len(pcm):
        return np.zeros((0, CHANNELS), np.float32), history
    window, bank, long_window, lags = _constants()
    signal = np.concatenate([history, pcm])
    long = np.lib.stride_tricks.sliding_window_view(signal, LAG_WINDOW)[::HOP]
    with np.errstate(over="ignore", invalid="ignore"):  # absurdly loud sound gives infinities; callers check
        power = _power(long[:, -WINDOW:] * window)
        mel = (np.log10(np.maximum(power @ bank, FLOOR)) + 3) / 2.5
        power = _power(long * long_window)[:, : len(lags)]
        sums = np.maximum(power, FLOOR) ** np.float32(COMPRESSION) @ lags
        frames = np.concatenate([mel, sums[:, :-1] / sums[:, -1:]], axis=1)
    return frames.astype(np.float32), signal[-HISTORY:]


def _power(windows: Frames) -> Frames:
    """[n, samples] -> [n, bins]."""
    spectrum = np.fft.rfft(windows, axis=1)
    power: Frames = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return power
