"""Paired intervals: the same item against itself, and shares of sums."""

import numpy as np
import pytest

from bench.bootstrap import bounded_difference, mean_difference, percentile_difference, share_of


def arms(apart: float, count: int = 200) -> tuple[dict[str, float], dict[str, float]]:
    """Two arms that differ by ``apart`` on every item, however much items differ among themselves."""
    base = np.random.default_rng(3).normal(0.0, 5.0, count)
    first = {f"{place}": float(value + apart) for place, value in enumerate(base)}
    return first, {f"{place}": float(value) for place, value in enumerate(base)}


def test_pairing_removes_what_the_items_have_in_common():
    found = mean_difference(*arms(0.25))
    assert found.interval is not None
    assert found.value == pytest.approx(0.25)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.25, 0.25))


def test_only_items_of_both_arms_count():
    found = mean_difference({"a": 1.0, "b": 1.0, "c": 0.0}, {"b": 0.0, "c": 0.0, "d": 1.0})
    assert (found.count, found.value) == (2, 0.5)


def test_an_interval_of_a_rate_is_as_wide_as_theory_says():
    first = {f"{place}": float(place % 2) for place in range(400)}
    found = mean_difference(first, dict.fromkeys(first, 0.0))
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.01)
    assert found.interval.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.01)


def test_percentiles_are_compared_on_the_same_draws():
    found = percentile_difference(*arms(0.1), 0.9)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(found.interval.high) == pytest.approx(found.value)


def test_a_share_weighs_items_by_their_size():
    found = share_of([(10, 10), (0, 30)])
    assert found.value == 0.25
    assert found.interval is not None and found.interval.low == 0.0 and found.interval.high == 1.0


def test_a_share_over_conversations_has_no_interval_below_so_many_as_are_asked_for():
    four = [(1.0, 4.0)] * 4
    assert share_of(four, fewest=5).interval is None and share_of(four, fewest=5).value == 0.25
    assert share_of([*four, (1.0, 4.0)], fewest=5).interval is not None


def waits(*late: float, count: int = 40) -> dict[str, float]:
    """All waited for a second, the last ones for so long."""
    found = {f"{place:02d}": 1.0 for place in range(count - len(late))}
    return found | {f"{count - place:02d}": wait for place, wait in enumerate(late, 1)}


def test_a_percentile_that_only_lies_near_a_wait_in_vain_is_no_number():
    plain, once = waits(count=20), waits(20.0, count=20)
    assert percentile_difference(once, plain, 0.95).value == pytest.approx(0.95)  # interpolated into it
    found = bounded_difference(once, plain, 0.95, 20.0)
    assert (found.value, found.high, found.count) == (None, None, 20) and found.low == 0.0
    back = bounded_difference(plain, once, 0.95, 20.0)
    assert (back.value, back.low, back.high) == (None, None, 0.0)
    both = bounded_difference(once, once, 0.95, 20.0)
    assert (both.value, both.low, both.high) == (None, None, None)


def test_a_draw_that_touches_a_wait_in_vain_leaves_the_bound_open_though_the_value_is_known():
    found = bounded_difference(waits(20.0, count=30), waits(count=30), 0.95, 20.0)
    assert found.value == found.low == 0.0 and found.high is None


def test_without_waits_in_vain_the_bounds_are_those_of_the_percentiles():
    first, second = arms(0.1)
    found, plain = (one(first, second, 0.9, *more) for one, more in
                    ((bounded_difference, (20.0,)), (percentile_difference, ())))  # fmt: skip
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, 0.1, 0.1))
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounded_difference(first, second, 95, 20.0)


def test_one_item_has_no_interval_and_none_has_no_difference():
    assert mean_difference({"a": 1.0}, {"a": 0.0}).interval is None
    with pytest.raises(ValueError, match="no item in common"):
        mean_difference({"a": 1.0}, {"b": 0.0})
    with pytest.raises(ValueError, match="nothing to have a share of"):
        share_of([(0, 0)])
