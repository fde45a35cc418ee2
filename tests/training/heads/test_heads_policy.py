"""training/heads/policy.py: how long a policy waits on a curve of probabilities, and how pauses are drawn."""

import numpy as np
import pytest

from training.heads.policy import SURVIVAL, Ending, Gap, Patience, compare, measure, pause_length

PATIENCE = Patience(0.8, 0.3, sure=0.2, middle=0.5, unsure=1.2)


@pytest.mark.parametrize(
    ("curve", "wanted"),
    [
        ((), 0.5),
        (((0.05, 0.9),), 0.2),
        (((0.3, 0.9),), 0.3),
        (((0.05, 0.5),), 0.5),
        (((0.05, 0.1),), 1.2),
        (((0.05, 0.1), (0.4, 0.9)), 0.4),
        (((0.05, 0.9), (0.13, 0.1)), 1.2),
        (((0.05, 0.9), (0.25, 0.1)), 0.2),
        (((0.6, 0.1),), 0.5),
    ],
)
def test_the_newest_value_moves_the_deadline_but_never_into_the_past(curve, wanted: float) -> None:  # type: ignore[no-untyped-def]
    assert PATIENCE.commits(curve) == pytest.approx(wanted)


def test_waiting_and_cuts_are_counted() -> None:
    ends = [Ending(((0.05, 0.9),)), Ending(((0.05, 0.1),))]
    gaps = [Gap(((0.05, 0.9),), 0.3), Gap(((0.05, 0.1),), 0.3), Gap(((0.05, 0.5),), 0.6), Gap((), 0.4)]
    latency, cuts = measure(PATIENCE, ends, gaps)
    assert latency == pytest.approx(0.7) and cuts == pytest.approx(0.5)


def test_pauses_are_as_long_as_they_should_be() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([pause_length(rng) for _ in range(20_000)])
    assert drawn.min() >= 0.1
    for seconds, share in SURVIVAL[1:-1]:
        assert np.mean(drawn > seconds) == pytest.approx(share, abs=0.012)


def test_a_perfect_head_is_told_as_such() -> None:
    rng = np.random.default_rng(1)
    ends = [Ending(((0.05, 0.99),)) for _ in range(40)]
    gaps = [Gap(((0.05, 0.01),), pause_length(rng)) for _ in range(40)]
    lines = " ".join(compare(ends, gaps, PATIENCE))
    assert "300 ms cut off: 0.0%" in lines and "600 ms cut off: 0.0%" in lines
    assert "mean wait 200 ms" in lines and "cut off: head 200 ms" in lines


def test_pauses_that_no_policy_waits_out_are_told_as_such() -> None:
    ends = [Ending(((0.05, 0.99),)) for _ in range(8)]
    gaps = [Gap(((0.05, 0.99),), 10.0) for _ in range(8)]
    lines = " ".join(compare(ends, gaps, PATIENCE))
    assert "policies cuts off so few, silence 10000 ms" in lines
    assert "cut off at a wait of 300 ms: head 100.0%" in lines
