"""Percentiles and intervals against known values."""

import numpy as np
import pytest

from bench.stats import bootstrap, bootstrap_percentiles, percentile, wilson


def test_percentiles_are_linear_between_order_statistics():
    values = [float(value) for value in np.random.default_rng(3).normal(size=101)]
    for share in (0.0, 0.123, 0.5, 0.9, 0.95, 0.99, 1.0):
        assert percentile(values, share) == pytest.approx(float(np.quantile(values, share)))
    assert percentile([4.0], 0.95) == 4.0
    assert percentile([1.0, 2.0], 0.25) == 1.25


def test_percentiles_of_nothing_and_of_impossible_shares_are_refused():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0], 95)


def test_wilson_gives_the_published_intervals():
    # Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for hits, count, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                   (1, 29, 0.0061, 0.1718)):  # fmt: skip
        found = wilson(hits, count)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(5, 5).high == 1.0
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="impossible"):
        wilson(3, 2)


def test_the_bootstrap_covers_a_normal_mean_as_theory_says():
    draws = np.random.default_rng(5).normal(10.0, 2.0, 400)
    found = bootstrap({str(place): [float(value)] for place, value in enumerate(draws)}, np.mean)
    error = draws.std() / 20
    assert found.low == pytest.approx(draws.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(draws.mean() + 1.96 * error, abs=0.15 * error)


def test_turns_of_one_conversation_are_not_counted_as_independent():
    together = {f"{value} {place}": [value] * 17 for value in (1.0, 2.0) for place in range(3)}
    apart = {f"{value} {place}": [value] for value in (1.0, 2.0) for place in range(51)}
    clustered, free = bootstrap(together, np.mean), bootstrap(apart, np.mean)
    assert clustered.high - clustered.low > 0.6
    assert free.high - free.low < 0.3


def test_the_bootstrap_repeats_itself_and_needs_five_groups_with_values():
    groups = {"a": [1.0, 2.0], "b": [3.0], "c": [5.0, 0.5], "d": [2.0], "e": [4.0]}
    reordered = dict(reversed(groups.items()))
    assert bootstrap(groups, np.median) == bootstrap(reordered, np.median) is not None
    assert bootstrap(groups | {"e": []}, np.median) is None


@pytest.mark.parametrize("seed", range(6))
def test_percentiles_of_all_resamples_at_once_are_those_of_each_resample_sorted(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=60).round(seed % 3)
    groups = {str(place): list(values[place * 6 : place * 6 + random.integers(1, 7)]) for place in range(10)}
    shares = (0.0, 0.37, 0.5, 0.95, 1.0)
    found = bootstrap_percentiles(groups, shares)
    for share, one in zip(shares, found, strict=True):
        slow = bootstrap(groups, lambda drawn, share=share: percentile(drawn, share))
        assert (one.low, one.high) == (pytest.approx(slow.low), pytest.approx(slow.high))


def test_percentiles_of_resamples_need_five_groups_with_values():
    four = {f"{place}": [float(place), 1.0] for place in range(4)}
    assert bootstrap_percentiles(four | {"e": []}, (0.5,)) is None
    assert bootstrap_percentiles(four | {"e": [1.0]}, (0.5,)) is not None
