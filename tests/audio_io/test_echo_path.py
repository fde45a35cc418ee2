"""The room of numbers: what it says of itself is so."""

from __future__ import annotations

import numpy as np
import pytest

from audio_io.echo_path import EchoConfig, EchoPath
from pipeline.levels import decibels
from pipeline.ports import Pcm

QUIET = -120.0


def noise(seconds: float, seed: int = 0) -> Pcm:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(16000 * seconds))).astype(np.float32)


def test_any_cuts_give_what_the_whole_gives() -> None:
    played, dice, at, parts = noise(1.0), np.random.default_rng(1), 0, []
    path = EchoPath(EchoConfig(noise=QUIET))
    while at < played.size:
        step = int(dice.integers(1, 900))
        parts.append(path.hear(played[at : at + step]))
        at += step
    whole = EchoPath(EchoConfig(noise=QUIET)).hear(played)
    assert np.allclose(np.concatenate(parts), whole, atol=1e-5)


@pytest.mark.parametrize("gain", [0.0, -20.0])
def test_the_echo_is_as_loud_as_stated(gain: float) -> None:
    played = noise(2.0)
    echo = EchoPath(EchoConfig(gain=gain, noise=QUIET)).hear(played)
    assert decibels(echo[8000:]) - decibels(played) == pytest.approx(gain, abs=1.0)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.15])
def test_the_echo_is_as_late_as_stated(delay: float) -> None:
    click = np.zeros(8000, np.float32)
    click[100] = 0.5
    echo = EchoPath(EchoConfig(gain=0.0, delay=delay, noise=QUIET)).hear(click)
    assert np.flatnonzero(np.abs(echo) > 0.01)[0] == 100 + round(delay * 16000)


def test_a_room_has_noise_of_its_own_and_equal_seeds_are_equal_rooms() -> None:
    silence = np.zeros(16000, np.float32)
    rooms = [EchoPath(EchoConfig(seed=seed)).hear(silence) for seed in (1, 1, 2)]
    assert decibels(rooms[0]) == pytest.approx(-65.0, abs=0.5)
    assert np.array_equal(rooms[0], rooms[1])
    assert not np.array_equal(rooms[0], rooms[2])
