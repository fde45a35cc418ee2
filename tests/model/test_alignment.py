"""model/alignment.py: the cheapest way through tokens and time, and words from tokens."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from model.alignment import STEP, starts, warped, words


def every_way(rows, columns):
    """All monotone ways from corner to corner."""

    def go(row, column):
        if (row, column) == (rows - 1, columns - 1):
            yield ((row, column),)
            return
        for down, right in ((1, 1), (1, 0), (0, 1)):
            if row + down < rows and column + right < columns:
                for rest in go(row + down, column + right):
                    yield ((row, column), *rest)

    return go(0, 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_way_found_is_the_cheapest_of_all(seed):
    cost = np.random.default_rng(seed).standard_normal((3, 5)).astype(np.float32)
    rows, columns = warped(cost)
    found = sum(cost[row, column] for row, column in zip(rows, columns, strict=True))
    best = min(sum(cost[at] for at in way) for way in every_way(3, 5))
    assert found == pytest.approx(best, abs=1e-5)
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, 2, 4)


def test_tokens_begin_where_the_decoder_looked():
    attention = np.full((2, 3, 90), 1e-3, np.float32)
    for token, (begin, end) in enumerate([(0, 20), (20, 60), (60, 90)]):
        attention[:, token, begin:end] = 1.0
    found = starts(attention)
    assert found == pytest.approx([0.0, 20 * STEP, 60 * STEP, 90 * STEP], abs=4 * STEP)


def test_sound_shorter_than_the_median_still_aligns():
    assert len(starts(np.random.default_rng(1).random((1, 2, 2)).astype(np.float32))) == 3


def test_words_are_joined_at_spaces():
    found = words([" what", " i", "s", " ", "it"], [0, 1, 2, 2.5, 3, 4], [0.0, -1.0, -3.0, 0, 0], 10.0)
    assert [word.text for word in found] == ["what", "is", "it"]
    assert [(word.begins, word.ends) for word in found] == [(10, 11), (11, 12.5), (12.5, 14)]
    assert found[1].probability == pytest.approx(np.exp(-2.0))
    assert words([], [0.0], [], 0.0) == ()
    assert all(a.ends <= b.begins for a, b in itertools.pairwise(found))
