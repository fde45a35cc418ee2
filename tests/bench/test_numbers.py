"""Numbers survive the way into words and back."""

from itertools import islice

import pytest

from bench.numbers import read, spell, sums


def test_every_number_reads_back():
    for number in range(1000):
        assert read(spell(number).split()) == [number]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("Forty seven plus thirty eight is eighty five.", [47, 38, 85]),
        ("seven forty", [7, 40]),
        ("twenty thirteen", [20, 13]),
        ("forty seven eight", [47, 8]),
        ("a hundred and five and six", [105, 6]),
        ("five plus hundred", [5, 100]),
        ("twenty plus five", [20, 5]),
        ("zero minus zero", [0, 0]),
        ("one hundred forty and two", [140, 2]),
        ("there is none here", []),
    ],
)
def test_numbers_are_parted_where_a_listener_would(words, numbers):
    assert read(words.split()) == numbers


def test_what_cannot_be_spelled_is_refused():
    with pytest.raises(ValueError, match="0 to 999"):
        spell(1000)


def test_sums_are_right_in_range_and_the_same_for_the_same_seed():
    asked = list(islice(sums(5), 200))
    for one in asked:
        left, right = read(one.words)
        assert one.answer == (left + right if "plus" in one.words else left - right)
        assert 0 <= one.answer < 100
    assert asked == list(islice(sums(5), 200))
    assert asked != list(islice(sums(6), 200))
