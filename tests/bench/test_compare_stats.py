"""Paired differences: conversations are drawn whole, and stimuli cancel."""

import numpy as np
import pytest

from bench.compare_stats import difference, mean, paired, quantile


def test_what_a_stimulus_does_to_both_arms_cancels():
    random = np.random.default_rng(3)
    groups = {str(n): [(v, v + 0.05) for v in random.normal(1.0, 0.5, 4)] for n in range(12)}
    cell = difference(groups, mean)
    assert cell.difference == pytest.approx(0.05) and cell.pairs == 48
    assert (
        cell.interval.low == pytest.approx(0.05) and cell.interval.high == pytest.approx(0.05) and cell.apart
    )


def test_turns_of_one_conversation_are_not_many_witnesses():
    random = np.random.default_rng(5)
    shifts = random.normal(0.0, 0.1, 10)
    groups = {str(n): [(0.0, shift)] * 30 for n, shift in enumerate(shifts)}
    apart = {f"{n} {k}": [(0.0, shift)] for n, shift in enumerate(shifts) for k in range(30)}
    wide, narrow = (difference(one, mean).interval for one in (groups, apart))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    normal = 2 * 1.96 * shifts.std() / 10**0.5
    assert wide.high - wide.low == pytest.approx(normal, rel=0.2)


def test_few_conversations_have_no_interval_and_few_pairs_are_marked():
    assert difference({str(n): [(0.0, 0.1 * n)] for n in range(4)}, mean).interval is None
    assert difference({str(n): [(0.0, 0.1 * n)] for n in range(5)}, mean).interval is not None
    cell = difference({"a": [(0.1, 0.2), (0.3, 0.3)]}, quantile(0.5))
    assert cell.interval is None and cell.small and not cell.apart
    assert cell.difference == pytest.approx(0.05)


def test_values_without_a_partner_are_counted_and_left_out():
    groups, lonely = paired([("a", [1.0], [2.0]), ("a", [], [3.0]), ("b", [1.0, 2.0], [1.0])])
    assert groups == {"a": [(1.0, 2.0)]} and lonely == 3


def test_no_pairs_is_an_error():
    with pytest.raises(ValueError, match="no pairs"):
        difference({"a": []}, mean)
