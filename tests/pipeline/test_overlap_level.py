"""Levels are those of a known signal; the meter changes nothing and remembers where loud sound was."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.levels import SILENCE, decibels
from pipeline.overlap_level import Meter, background
from pipeline.ports import PLAYOUT_RATE, Pcm


def tone(seconds: float, level: float, rate: int = 16_000) -> Pcm:
    """A sine of this root mean square in dBFS."""
    peak = 10 ** (level / 20) * np.sqrt(2)
    return (peak * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_the_level_of_a_sine_is_its_root_mean_square() -> None:
    assert decibels(tone(0.5, -20)) == pytest.approx(-20, abs=0.05)
    assert decibels(np.zeros(320, np.float32)) == SILENCE
    assert decibels(np.zeros(0, np.float32)) == SILENCE


def test_the_background_is_the_quiet_between_words() -> None:
    room = np.concatenate([tone(0.3, -60), tone(0.7, -20), tone(0.3, -60), tone(0.4, -20)])
    assert background(room) == pytest.approx(-60, abs=0.5)
    assert background(tone(0.05, -20)) == SILENCE


class Source:
    """Plays what it was given, block by block."""

    def __init__(self, pcm: Pcm) -> None:
        self.pcm = pcm

    def pull(self, count: int) -> Pcm:
        out, self.pcm = self.pcm[:count], self.pcm[count:]
        return out


def played(latency: float = 0.0) -> Meter:
    """0.4 s quiet, 0.1 s loud, 0.5 s quiet, and it is now."""
    rate = PLAYOUT_RATE
    pcm = np.concatenate([tone(0.4, -50, rate), tone(0.1, -12, rate), tone(0.5, -50, rate)])
    meter = Meter(Source(pcm), latency)
    assert np.array_equal(np.concatenate([meter.pull(480) for _ in range(50)]), pcm)
    return meter


def test_the_meter_tells_how_loud_it_was_when() -> None:
    meter = played()
    assert meter.loudest(0.4) == pytest.approx(-50, abs=0.5)
    assert meter.loudest(0.7, 0.55) == pytest.approx(-12, abs=0.5)
    assert meter.loudest(0.9, 0.65) == pytest.approx(-50, abs=0.5)
    assert meter.loudest(0.0) == SILENCE
    assert meter.loudest(9.0, 2.0) == SILENCE


def test_what_was_pulled_is_heard_a_latency_later() -> None:
    assert played().loudest(0.45) == pytest.approx(-50, abs=0.5)
    assert played(latency=0.2).loudest(0.45) == pytest.approx(-12, abs=0.5)


def test_a_meter_forgets() -> None:
    meter = Meter(Source(np.zeros(0, np.float32)))
    for _ in range(1000):
        meter.pull(240)
    assert len(meter._blocks) == 256
