"""Step-Audio's front end: sound to log-mel frames, exactly as released, and the arithmetic of positions.

The loudest point of a segment sets its floor, so a frame depends on the whole segment: features of sound
that still grows change, and only closed segments may be kept. Lengths are counted here and nowhere else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, Pcm

from .config import MELS

if TYPE_CHECKING:
    import torch

WINDOW = 400
HOP = 160
"""Samples per frame: 10 ms."""
TAIL = 479
"""Zeros appended before framing."""
LONGEST = 2998 * HOP
"""Samples of the longest segment (29.98 s): its frames fill the encoder's 1500 positions."""


def frames(samples: int) -> int:
    """Frames of a segment."""
    return (samples + TAIL) // HOP


def positions(samples: int) -> int:
    """Positions of a segment in the language model, as the released network counts them (80 ms each).

    Two frames are taken off first: the weights were trained so (modeling_step_audio_2.py).
    """
    return _positions(frames(samples) - 2)


def served_positions(samples: int) -> int:
    """The same as the released server's fork of vLLM counts them, which takes no frames off."""
    return _positions(frames(samples))


def _positions(valid: int) -> int:
    """Convolution of stride two, pooling by two, convolution of stride two."""
    return (encoded(valid) - 1) // 2 + 1


def encoded(valid: int) -> int:
    """Encoder outputs (40 ms) of so many valid frames."""
    return (valid + 1) // 2 // 2


def reconciled(samples: int) -> int:
    """The smallest length on the 10 ms grid, of at least ``samples``, on which both published counts agree.

    It has one position per 80 ms begun, as ``Audio.positions`` says. At most 20 ms of silence are added.
    Raises ModelError for more than 29.98 s.
    """
    if samples > LONGEST:
        raise ModelError(
            f"a segment of {samples / CAPTURE_RATE:.2f} s is longer than Step-Audio reads at once "
            f"({LONGEST / CAPTURE_RATE:.2f} s); split it"
        )
    length = -(-max(samples, 0) // HOP) * HOP
    while positions(length) != served_positions(length):
        length += HOP
    return length


def padded(pcm: Pcm) -> Pcm:
    """A segment with silence up to its ``reconciled`` length."""
    return np.pad(pcm, (0, reconciled(len(pcm)) - len(pcm)))


def log_mel(pcm: torch.Tensor) -> torch.Tensor:
    """Sound at 16 kHz, shape (samples,), float32 -> frames [128, n], float32, on the sound's device.

    Values are (max(log10(max(power, 1e-10)), loudest - 8) + 4) / 4 over mel bands, as in the release's
    r1_utils.py.
    """
    import torch

    bank, window = _constants(str(pcm.device))
    sound = torch.nn.functional.pad(pcm, (0, TAIL))
    spectrum = torch.stft(sound, WINDOW, HOP, window=window, return_complex=True)[..., :-1]
    power = bank @ (spectrum.real.square() + spectrum.imag.square())
    shown = power.clamp(min=1e-10).log10()
    return (torch.maximum(shown, shown.max() - 8.0) + 4.0) / 4.0


@lru_cache(maxsize=4)
def _constants(device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Filter bank [128, 201] and periodic Hann window [400] on a device."""
    import torch

    bank = torch.from_numpy(filterbank()).to(device)
    return bank, torch.hann_window(WINDOW, device=device)


def filterbank(bands: int = MELS) -> NDArray[np.float32]:
    """[bands, 201]: triangles of equal area on Slaney's mel scale from 0 Hz to 8 kHz.

    Linear up to 1 kHz (200 / 3 Hz a mel), logarithmic above (27 mels per factor 6.4): Slaney's Auditory
    Toolbox (1998), which librosa's and Whisper's filters follow.
    """
    top = _mel(np.array(CAPTURE_RATE / 2))
    edges = _hertz(np.linspace(0.0, float(top), bands + 2))
    bins = np.linspace(0.0, CAPTURE_RATE / 2, WINDOW // 2 + 1)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (bins - left) / (centre - left), (right - bins) / (right - centre)
    triangles = np.maximum(0.0, np.minimum(rise, fall))
    return (triangles * 2.0 / (right - left)).astype(np.float32)


_STEP = 200.0 / 3.0
_KNEE = 1000.0
_LOG = np.log(6.4) / 27.0


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _KNEE / _STEP + np.log(np.maximum(hertz, _KNEE) / _KNEE) / _LOG
    return np.where(hertz < _KNEE, hertz / _STEP, above)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE / _STEP
    above = _KNEE * np.exp(_LOG * (np.maximum(mel, knee) - knee))
    return np.where(mel < knee, mel * _STEP, above)
