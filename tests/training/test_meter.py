"""A meter that knows nothing of how a clip was made agrees with what was put into it."""

import numpy as np
import pytest

from training.audio import RATE, Pcm
from training.meter import meter


def _words(hertz: float, last: float, level: float) -> Pcm:
    """Four bright vowels with dips between them, the last one gliding; 0.3 s of silence on both sides."""
    parts = [np.zeros(int(0.3 * RATE))]
    for end in (hertz, hertz, hertz, last):
        pitch = np.geomspace(hertz, end, int(0.45 * RATE))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        tone = sum(np.sin(k * phase) / k for k in range(1, 80) if (k * pitch < 7800).all())
        parts.append(tone * np.hanning(len(phase)) ** 0.5)
    pcm = np.concatenate([*parts, np.zeros(int(0.3 * RATE))])
    return np.asarray(pcm * 10 ** (level / 20) / np.sqrt(np.square(pcm[pcm != 0]).mean()), np.float32)


def _noise(count: int, level: float) -> Pcm:
    return (np.random.default_rng(0).standard_normal(count) * 10 ** (level / 20)).astype(np.float32)


def _telephone(pcm: Pcm) -> Pcm:
    spectrum = np.fft.rfft(pcm)
    hertz = np.linspace(0, RATE / 2, len(spectrum))
    return np.fft.irfft(spectrum * ((hertz > 300) & (hertz < 3400)), len(pcm)).astype(np.float32)


@pytest.mark.parametrize("snr", [12.0, 30.0])
def test_voice_and_noise_are_measured(snr: float) -> None:
    pcm = _words(140, 200, -24)
    found = meter(pcm + _noise(len(pcm), -24 - snr))
    assert found.pitch == pytest.approx(140, rel=0.04)
    assert found.level == pytest.approx(-24, abs=1.5)
    assert found.snr == pytest.approx(snr, abs=2.5)
    assert found.slope is not None
    assert found.slope > 2
    assert found.pauses == 0


def test_a_telephone_has_a_narrow_band() -> None:
    pcm = _words(140, 140, -20)
    quiet = _noise(len(pcm), -70)
    narrow, wide = meter(_telephone(pcm) + quiet).bandwidth, meter(pcm + quiet).bandwidth
    assert narrow is not None
    assert wide is not None
    assert narrow <= 4000
    assert wide >= 6500


def test_silence_tells_nothing() -> None:
    found = meter(np.zeros(RATE, np.float32))
    assert found.pitch is None
    assert found.snr is None
