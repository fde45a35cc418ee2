"""Every column line is true arithmetic, and every reply says the true result."""

import re

import pytest

from model.numerals import numbers_of, spell
from training.arithmetic import column_line, compute
from training.cited import cite
from training.measure import BANDS
from training.skills.question import Measured, Question
from training.skills.registry import reply
from training.targets import thought


def _value(text: str) -> int:
    """Left to right, as the column lines are written."""
    numbers, signs = re.findall(r"\d+", text), re.findall(r"[+*-]", text)
    value = int(numbers[0])
    for sign, number in zip(signs, numbers[1:], strict=True):
        value = compute(value, sign, int(number))
    return value


@pytest.mark.parametrize("sign", ["+", "-"])
def test_every_step_of_every_two_digit_sum_is_true(sign: str) -> None:
    for a in range(100):
        for b in range(a + 1 if sign == "-" else 100):
            question, steps = column_line(a, sign, b).split(": ")
            *equations, result = steps.split(", ")
            assert _value(question) == int(result) == compute(a, sign, b)
            for equation in equations:
                left, right = equation.split("=")
                assert _value(left) == int(right) >= 0
            units, tens = (int(e.split("=")[1]) for e in equations)
            assert 10 * tens + units % 10 == int(result)


def test_times_tables_are_one_equation_and_larger_factors_go_digit_by_digit() -> None:
    assert column_line(7, "*", 8) == "7*8=56"
    assert column_line(47, "*", 8) == "47*8: 7*8=56, 4*8=32, 32+5=37, 376"
    assert column_line(8, "*", 47) == "8*47: 7*8=56, 4*8=32, 32+5=37, 376"


def test_below_zero_the_columns_are_changed_about() -> None:
    assert column_line(12, "-", 47) == "12-47: below, 7-2=5, 4-1=3, -35"


@pytest.mark.parametrize("sign", ["+", "-"])
def test_three_columns_are_true_as_well(sign: str) -> None:
    for a in range(100, 1000, 7):
        for b in range(0, a if sign == "-" else 1000 - a, 13):
            _, steps = column_line(a, sign, b).split(": ")
            *equations, result = steps.split(", ")
            digits = [int(equation.split("=")[1]) for equation in equations]
            assert len(digits) == 3
            assert all(
                _value(equation.split("=")[0]) == d for equation, d in zip(equations, digits, strict=True)
            )
            assert 100 * digits[2] + 10 * (digits[1] % 10) + digits[0] % 10 == int(result)
            assert int(result) == compute(a, sign, b)


def test_what_has_no_line_is_refused() -> None:
    for a, sign, b in ((47, "*", 38), (-3, "+", 4), (140, "*", 3)):
        with pytest.raises(ValueError, match="no line"):
            column_line(a, sign, b)


def test_a_chain_starts_again_from_its_middle() -> None:
    question = Question("chain", ("twelve", "plus", "nine", "minus", "four"), (12, 9, 4), ("+", "-"))
    assert thought(question) == (
        "heard: twelve plus nine minus four\n12+9: 2+9=11, 1+0+1=2, 21\n21-4: 11-4=7, 2-0-1=1, 17\n"
    )
    assert reply(question) == "Twelve plus nine minus four, that is seventeen."


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (30, "thirty"),
        (47, "forty seven"),
        (100, "one hundred"),
        (198, "one hundred ninety eight"),
        (740, "seven hundred forty"),
        (-12, "minus twelve"),
    ],
)
def test_numbers_are_spelled(number: int, words: str) -> None:
    assert " ".join(spell(number)) == words


def test_numbers_that_cannot_be_spelled_are_refused() -> None:
    with pytest.raises(ValueError, match="1000"):
        spell(1000)


def test_numbers_are_read_back_from_their_words() -> None:
    assert all(numbers_of(spell(number)) == [number] for number in range(1000))
    assert numbers_of(["twenty", "five", "five", "forty"]) == [25, 5, 40]
    assert numbers_of(["three", "hundred", "and", "six"]) == [300, 6]


def test_cue_lines_cite_the_value_then_the_label() -> None:
    assert cite("pitch", Measured(pitch=212.0)) == "pitch 210 hz: high"
    assert cite("pace", Measured(pace=2.9)) == "pace 2.8 syllables: slow"
    assert cite("loudness", Measured(level=-15.2)) == "level -15 db: loud"


@pytest.mark.parametrize(("skill", "field"), [("pitch", "pitch"), ("pace", "pace"), ("loudness", "level")])
def test_nothing_is_answered_between_the_two_sides_of_a_cue(skill: str, field: str) -> None:
    low, high = BANDS[skill]
    with pytest.raises(ValueError, match="between its two sides"):
        reply(Question(skill, ("is",)), Measured(**{field: (low + high) / 2}))  # type: ignore[arg-type]
