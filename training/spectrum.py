"""The runtime's log-mel front end in torch, for batches, with a vocal-tract warp per item."""

import numpy as np
import torch
from torch import Tensor

from model.frontend import FLOOR, HISTORY, HOP, WINDOW, filterbank

WARPS = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)
"Vocal-tract-length factors for augmentation; 1 is at `NO_WARP`."
NO_WARP = 4


class BatchMel:
    """As `model.frontend.log_mel`; before each segment there is digital silence."""

    def __init__(self) -> None:
        self._window = torch.hann_window(WINDOW)
        self._banks = torch.from_numpy(np.stack([filterbank(warp).T for warp in WARPS]))

    def __call__(self, pcm: Tensor, warps: Tensor) -> Tensor:
        """pcm [B, 160 n], warps [B] (indices into `WARPS`) -> [B, n, 80]."""
        padded = torch.nn.functional.pad(pcm, (HISTORY, 0))
        spectrum = torch.fft.rfft(padded.unfold(1, WINDOW, HOP) * self._window)
        power = spectrum.real.square() + spectrum.imag.square()
        return (torch.log10((power @ self._banks[warps]).clamp_min(FLOOR)) + 3) / 2.5
