"""Log-mel features, causal (frame t ends at sample 160 (t + 1)) and with a fixed floor, so that a stream
gives exactly the same."""

import numpy as np
import torch
from torch import Tensor

from .audio import RATE, Floats, Pcm

BANDS, WINDOW, HOP = 80, 400, 160
FLOOR = 1e-7
WARPS = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)
"Vocal-tract-length factors for augmentation; 1 is at `NO_WARP`."
NO_WARP = 4


def filters(warp: float = 1.0) -> Floats:
    """[201, 80] triangles on the HTK mel scale, 0 to 8000 Hz, area normalised: 2 / width in hertz * RATE /
    WINDOW."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    edges = np.minimum(700 * (10 ** (mel / 2595) - 1) * warp, RATE / 2)
    hertz = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    bank = np.zeros((WINDOW // 2 + 1, BANDS))
    for i in range(BANDS):
        left, centre, right = edges[i : i + 3]
        if right > left:
            rise = (hertz - left) / max(centre - left, 1e-3)
            fall = (right - hertz) / max(right - centre, 1e-3)
            bank[:, i] = np.maximum(0, np.minimum(rise, fall)) * 2 / (right - left) * RATE / WINDOW
    return bank.astype(np.float32)


def hann() -> Floats:
    """The periodic Hann window of 400 samples."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


def log_mel(pcm: Pcm) -> Floats:
    """[160 n] samples of a whole segment -> [n, 80]; before the segment there is digital silence."""
    padded = np.concatenate([np.zeros(WINDOW - HOP, np.float32), pcm])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * hann()
    power = np.square(np.abs(np.fft.rfft(frames))).astype(np.float32) @ filters()
    out: Floats = ((np.log10(np.maximum(power, FLOOR)) + 3) / 2.5).astype(np.float32)
    return out


class BatchMel:
    """The same in torch, for batches, with a vocal-tract warp per item."""

    def __init__(self) -> None:
        self._window = torch.from_numpy(hann())
        self._banks = torch.from_numpy(np.stack([filters(w) for w in WARPS]))

    def __call__(self, pcm: Tensor, warps: Tensor) -> Tensor:
        """pcm [B, 160 n], warps [B] (indices into `WARPS`) -> [B, n, 80]."""
        padded = torch.nn.functional.pad(pcm, (WINDOW - HOP, 0))
        spectrum = torch.fft.rfft(padded.unfold(1, WINDOW, HOP) * self._window)
        power = spectrum.real.square() + spectrum.imag.square()
        return (torch.log10((power @ self._banks[warps]).clamp_min(FLOOR)) + 3) / 2.5
