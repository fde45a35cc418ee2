"""Feeds that take turns: every batch of each is served once, in order."""

from collections import defaultdict

import pytest

pytest.importorskip("torch", reason="the torch extra is not installed")

from training import stage_drill, stage_listen
from training.feed import turn_of


@pytest.mark.parametrize("order", [stage_drill.ORDER, stage_listen.ORDER, ("direct",)])
def test_every_feed_counts_its_own_batches_without_a_gap(order: tuple[str, ...]) -> None:
    numbers, steps = defaultdict[str, list[int]](list), 40 * len(order)
    for step in range(steps):
        name, number, share = turn_of(order, step)
        assert name == order[step % len(order)]
        assert share == pytest.approx(len(order) / order.count(name))
        numbers[name].append(number)
    assert all(found == list(range(len(found))) for found in numbers.values())
    assert sum(map(len, numbers.values())) == steps
