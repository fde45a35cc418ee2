"""What others write becomes lines of the closed language, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numerals import ONES, in_digits, spell
from model.orthography import MOST, NAMES, lines, sentences
from model.shapes import EVENTS

KNOWN = frozenset(
    (*ONES, "twenty", "thirty", "hundred", "what", "is", "plus", "times", "minus", "what's", "to", "count")
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("What is 23 + 5?", ["what is twenty three plus five", "what is two three plus five"]),
        ("Zero, one, one.", ["zero one one"]),
        ("What’s three times four?", ["what's three times four"]),
        ("Eight to eight.", ["eight to eight", "eight two eight"]),
        ("7 = 5", ["seven five"]),
        ("1234", ["one two three four"]),
        ("What is 5x3?", ["what is five times three"]),
        ("2-7-3", ["two minus seven minus three", "two minus seven three", "two seven minus three"]),
    ],
)
def test_digits_signs_and_what_sounds_alike_are_words(written: str, meant: list[str]) -> None:
    assert lines(written, KNOWN)[: len(meant)] == meant


@pytest.mark.parametrize(
    "written", ["", "...", "Four takes nine.", "منصانا", "=", "3.5", "1,000", "7:30", "50%"]
)
def test_what_holds_another_word_is_no_line(written: str) -> None:
    assert lines(written, KNOWN) == []


def test_there_are_never_too_many_lines() -> None:
    assert len(lines("to " * 9, KNOWN | {"two"})) == MOST


@given(st.lists(st.integers(0, 999), min_size=1, max_size=3))
def test_every_number_in_digits_is_found_in_words(numbers: list[int]) -> None:
    words = " ".join(word for number in numbers for word in spell(number))
    known = frozenset(words.split()) | set(ONES)
    assert words in lines(", ".join(map(str, numbers)), known)
    assert lines(words, known)[0] == words


def test_a_question_and_digits_are_written_as_a_recogniser_would() -> None:
    assert sentences("what is three plus five") == ["What is three plus five?"]
    assert sentences("seven nine two") == ["Seven nine two.", "Seven, nine, two."]
    assert sentences("am i loud") == ["Am I loud?"]


def test_numbers_are_in_digits_where_the_recogniser_writes_them_so() -> None:
    assert sentences("what is nine hundred two plus five", digits=True) == [
        "What is nine hundred two plus five?", "What is 902 plus five?", "What is 902 plus 5?",
    ]  # fmt: skip
    assert sentences("what month is three months after june") == ["What month is three months after June?"]


def test_every_name_of_the_closed_language_has_its_capital() -> None:
    dates = pytest.importorskip("training.skills.dates", exc_type=ImportError)
    logic = pytest.importorskip("training.skills.logic", exc_type=ImportError)
    assert {*dates.DAYS, *dates.MONTHS, *logic.NAMES, "i"} == NAMES


@given(st.integers(0, 999), st.integers(0, 999))
def test_numbers_in_words_and_in_digits_are_the_same(one: int, other: int) -> None:
    words = [*spell(one), "plus", *spell(other)]
    assert in_digits(words, 0) == [str(one), "plus", str(other)]
    assert in_digits(words, 1000) == words


def test_sounds_are_no_words() -> None:
    assert sentences(" ".join(EVENTS)) == []
    assert sentences("bell bell count the bells") == ["Count the bells."]
