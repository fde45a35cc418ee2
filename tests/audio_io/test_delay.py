"""The delay is found from sound alone, and nothing is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from audio_io.delay import DelayFinder
from audio_io.echo_path import EchoConfig, EchoPath
from pipeline.ports import Pcm


def voice(seconds: float, seed: int) -> Pcm:
    """Coloured noise in syllables: as broad and as broken as speech, and no recording needed."""
    dice = np.random.default_rng(seed)
    raw = dice.standard_normal(round(16000 * seconds))
    coloured = np.convolve(raw, np.exp(-np.arange(40) / 8), "same")
    beat = np.repeat(dice.uniform(0.05, 1.0, raw.size // 1600 + 1), 1600)[: raw.size]
    return (0.05 * coloured * beat).astype(np.float32)


def looks(far: Pcm, mic: Pcm) -> list[float]:
    finder = DelayFinder()
    steps = [slice(at, at + 160) for at in range(0, far.size, 160)]
    found = [finder.feed(mic[step], far[step]) for step in steps]
    return [delay for delay in found if delay is not None]


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.15, 0.35])
@pytest.mark.parametrize("gain", [0.0, -20.0])
def test_the_delay_of_a_room_is_found_within_two_seconds(delay: float, gain: float) -> None:
    far = voice(2.0, 1)
    found = looks(far, EchoPath(EchoConfig(gain=gain, delay=delay)).hear(far))
    assert found
    assert found == pytest.approx([delay] * len(found), abs=0.002)


def test_a_talker_beside_the_echo_does_not_mislead() -> None:
    far = voice(4.0, 1)
    found = looks(far, EchoPath(EchoConfig(gain=0.0, delay=0.1)).hear(far) + voice(4.0, 2))
    assert found
    assert found == pytest.approx([0.1] * len(found), abs=0.002)


@pytest.mark.parametrize("seed", range(4))
def test_no_delay_is_found_where_nothing_comes_back(seed: int) -> None:
    assert looks(voice(6.0, seed), voice(6.0, 100 + seed)) == []
    assert looks(voice(2.0, seed), np.zeros(32000, np.float32)) == []
    assert looks(np.zeros(32000, np.float32), voice(2.0, seed)) == []


def test_reset_forgets() -> None:
    far = voice(2.0, 1)
    mic = EchoPath(EchoConfig(gain=0.0, delay=0.1)).hear(far)
    finder = DelayFinder()
    first = [finder.feed(mic[at : at + 160], far[at : at + 160]) for at in range(0, far.size, 160)]
    finder.reset()
    assert [finder.feed(mic[at : at + 160], far[at : at + 160]) for at in range(0, far.size, 160)] == first
