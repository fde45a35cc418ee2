"""model/pace.py, on a clock made of numbers."""

from __future__ import annotations

import pytest

from model.pace import Pacer


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 9))
        self.now += seconds


def test_each_token_takes_the_pace_and_a_late_one_is_not_caught_up():
    clock = _Clock()
    pacer = Pacer(0.1, clock=lambda: clock.now, wait=clock.wait)
    pacer.step()
    clock.now += 0.03
    pacer.step()
    clock.now += 0.25
    pacer.step()
    pacer.step()
    assert clock.waits == [0.1, 0.07, 0.1] and clock.now == pytest.approx(0.55)


def test_a_pace_is_positive():
    with pytest.raises(ValueError, match="positive"):
        Pacer(0.0)
