"""The runtime's front end in torch, for batches, with a vocal-tract warp per item."""

import numpy as np
import torch
from torch import Tensor

from model.frontend import COMPRESSION, FLOOR, HISTORY, HOP, LAG_WINDOW, WINDOW, filterbank, lag_bank

WARPS = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)
"Vocal-tract-length factors for augmentation; 1 is at `NO_WARP`."
NO_WARP = 4


class BatchFeatures:
    """As `model.frontend.features`; before each segment there is digital silence. A warp moves the mel bands
    alone: no vocal tract moves the pitch."""

    def __init__(self) -> None:
        self._window, self._long = torch.hann_window(WINDOW), torch.hann_window(LAG_WINDOW)
        self._banks = torch.from_numpy(np.stack([filterbank(warp).T for warp in WARPS]))
        self._lags = torch.from_numpy(lag_bank())

    def __call__(self, pcm: Tensor, warps: Tensor) -> Tensor:
        """pcm [B, 160 n], warps [B] (indices into `WARPS`) -> [B, n, 128]."""
        windows = torch.nn.functional.pad(pcm, (HISTORY, 0)).unfold(1, LAG_WINDOW, HOP)
        mel = _power(windows[..., -WINDOW:] * self._window) @ self._banks[warps]
        power = _power(windows * self._long)[..., : len(self._lags)]
        sums = power.clamp_min(FLOOR).pow(COMPRESSION) @ self._lags
        lags = sums[..., :-1] / sums[..., -1:]
        return torch.cat([(torch.log10(mel.clamp_min(FLOOR)) + 3) / 2.5, lags], -1)


def _power(windows: Tensor) -> Tensor:
    spectrum = torch.fft.rfft(windows)
    power: Tensor = spectrum.real.square() + spectrum.imag.square()
    return power
