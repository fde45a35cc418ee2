"""pipeline/loops.py."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.loops import LoopGuard


@pytest.mark.parametrize("size", [1, 2, 7, 24])
def test_going_round_in_circles_is_noticed(size):
    guard = LoopGuard()
    fed = [guard.feed(100 + i % size) for i in range(200)]
    assert not any(fed[:31]) and fed.index(True) < max(32, 4 * size) + size


def test_a_long_text_without_circles_is_left_alone():
    guard = LoopGuard()
    rng = np.random.default_rng(0)
    assert not any(guard.feed(int(t)) for t in rng.integers(0, 30, 2000))
