from __future__ import annotations

import numpy as np
import pytest

from bench.browser_echo import chirps_in, delays_in
from bench.recording import Recording
from bench.rtc_marks import chirp

RATE = 48_000
AT = (2.0, 3.0, 4.0, 5.0)


def chirped(late: dict[float, float], seed: int) -> np.ndarray:
    whole = np.random.default_rng(seed).normal(0, 0.01, 7 * RATE).astype(np.float32)
    for at, delay in late.items():
        begin = round((at + delay) * RATE)
        whole[begin : begin + len(chirp(RATE))] += chirp(RATE)
    return whole


@pytest.mark.parametrize("delay", [-0.006, 0.0, 0.0405, 0.150, 0.9])
def test_the_delay_of_an_echo_is_found_to_a_sample(delay):
    user = chirped(dict.fromkeys(AT, 0.0), 1)
    agent = 0.4 * chirped(dict.fromkeys(AT, delay), 2)
    found = delays_in(Recording(user, agent, RATE))
    assert len(found) == len(AT)
    assert np.allclose(found, delay, atol=1.5 / RATE)


def test_a_chirp_that_did_not_come_back_is_no_figure():
    user = chirped(dict.fromkeys(AT, 0.0), 1)
    agent = chirped({2.0: 0.1, 4.0: 0.1}, 2)
    assert np.allclose(delays_in(Recording(user, agent, RATE)), [0.1, 0.1], atol=1.5 / RATE)


def test_chirps_are_counted_once_wherever_a_second_begins():
    late = 0.995  # over the border between two looks
    assert len(chirps_in(chirped(dict.fromkeys(AT, late), 4), RATE)) == len(AT)


def test_silence_holds_no_chirp():
    assert chirps_in(np.zeros(3 * RATE, np.float32), RATE) == []
