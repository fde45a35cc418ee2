"""What a meter reads off sound of which nothing is known: recordings of people, and a check of the labels.

As the runtime's cascades measure (`model.prosody`), and noise and band beside. It hears no events and cannot
tell voices apart: what it does not know stays None, and a thought that cites it is neither true nor false.
"""

import numpy as np

from model.prosody import SHORTEST, Cues, cues

from .audio import RATE, Floats, Pcm
from .measure import LOUDEST_SNR
from .skills.question import Measured

_HOP, _WINDOW = 160, 512
_BELOW = 50.0
"dB under its strongest part that a band still counts as heard."
_OVER = 4.0
"dB over the noise that speech must be in a band to be heard there."
_STEP = 250.0
"Hz: width of the bands."


def meter(pcm: Pcm) -> Measured:
    """Of a clip as it is heard, noise and all."""
    found = cues(pcm)
    if found.level is None:
        return Measured()
    frames = np.lib.stride_tricks.sliding_window_view(pcm, _WINDOW)[::_HOP]
    spectrum = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW))))
    loud = 10 * np.log10(np.square(frames, dtype=np.float64).mean(-1) + 1e-12)
    floor = max(float(np.percentile(loud, 8)), -90.0)
    return Measured(
        pitch=found.pitch,
        pace=found.pace,
        level=found.level,
        slope=found.ending,
        pauses=_pauses(found),
        bandwidth=_bandwidth(spectrum[loud > found.level - 10], spectrum[loud < floor + 3]),
        snr=min(max(found.level - floor, 0.0), LOUDEST_SNR),
    )


def _pauses(found: Cues) -> int:
    return sum(pause.seconds >= SHORTEST for pause in found.pauses)


def _bandwidth(speech: Floats, silence: Floats) -> float | None:
    """Hz up to which speech is heard over the noise; None where there is none to look at."""
    if len(speech) < 5:
        return None
    size = round(_STEP / (RATE / _WINDOW))
    count = speech.shape[1] // size * size

    def bands(power: Floats, share: float) -> Floats:
        wide = power[:, :count].reshape(len(power), -1, size).mean(-1)
        return np.asarray(10 * np.log10(np.quantile(wide, share, axis=0) + 1e-12), np.float32)

    heard = bands(speech, 0.9)
    over = heard > heard.max() - _BELOW
    if len(silence):
        over &= heard > bands(silence, 0.5) + _OVER
    return float(_STEP * (np.flatnonzero(over)[-1] + 1)) if over.any() else None
