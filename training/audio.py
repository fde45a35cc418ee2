"""Names for sample arrays, and the few constants of sound that all of training shares."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pcm: TypeAlias = NDArray[np.float32]
"Mono, [-1, 1], 16 kHz."
Floats: TypeAlias = NDArray[np.float32]

RATE = 16000
POSITION = 1280
"Samples of one audio position of the language model: 80 ms."


def rms(pcm: Pcm) -> float:
    """Root mean square, never below -100 dB full scale."""
    return max(1e-5, float(np.sqrt(np.square(pcm).mean()))) if len(pcm) else 1e-5


def trim(pcm: Pcm, threshold: float = 0.01) -> Pcm:
    """Without the quiet head and tail (below `threshold` of full scale); empty if all is quiet."""
    loud = np.nonzero(np.abs(pcm) > threshold)[0]
    return pcm[loud[0] : loud[-1] + 1] if len(loud) else pcm[:0]
