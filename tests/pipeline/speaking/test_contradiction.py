"""pipeline/speaking/contradiction.py: what was said against what the whole thought says."""

from __future__ import annotations

import pytest

from pipeline.speaking.contradiction import conflicts, contradiction, rest_of


@pytest.mark.parametrize(
    ("said", "meant", "score"),
    [
        ("", "It is four.", 0.0),
        ("It is", "It is four.", 0.0),
        ("It is four.", "it is FOUR, I think", 0.0),
        ("It is five.", "It is four.", 1 / 3),
        ("no not that", "It is four.", 1.0),
        ("It is four.", "", 1.0),
        ("…!", "It is four.", 0.0),
    ],
)
def test_the_share_of_said_words_that_do_not_stand(said: str, meant: str, score: float) -> None:
    assert contradiction(said, meant) == pytest.approx(score)


@pytest.mark.parametrize(
    ("said", "meant", "rest"),
    [
        ("", "It is four.", "It is four."),
        ("It is", "It is four.", " four."),
        ("It is four.", "It is four.", ""),
        ("It is five", "It is four.", None),
        ("It is four", "It is fourteen.", None),
        ("It is 12", "It is 12.5 miles.", None),
        ("It is 12", "It is 12. Yes.", ". Yes."),
        ("I don", "I don't know.", None),
    ],
)
def test_what_is_missing_begins_at_a_word_border(said: str, meant: str, rest: str | None) -> None:
    assert rest_of(said, meant) == rest


@pytest.mark.parametrize(
    ("said", "meant", "asked", "wrong"),
    [
        ("It is five.", "It is four.", "", True),
        ("It is 5.", "It is 4.", "", True),
        ("It is four", "That makes four in all.", "", False),
        ("It is forty nine.", "It is forty eight.", "", True),
        ("Two plus three", "That makes five.", "", True),
        ("Two plus three", "That makes five.", "two plus three", False),
        ("Two plus three is six", "That makes five.", "two plus three", True),
        ("Let me see", "That makes five.", "", False),
        ("10,000 people", "There were 10,000.", "", False),
        ("That is ninety one", "Ninety five; it was thirty one.", "", True),
        ("That is ninety five.", "It was thirty one, and makes ninety five.", "", False),
        ("That is twenty", "That is twenty one.", "", False),
        ("That is twenty.", "That is twenty one.", "", False),
        ("That is one", "That is twenty one.", "", True),
        ("That is twenty miles", "That is twenty one miles.", "", True),
        ("Twenty and then", "Twenty one and then four.", "", True),
        ("That is twenty one", "That is twenty.", "", True),
        ("Twenty plus four", "That is thirty.", "twenty plus four", False),
        ("Twenty plus four is", "That is thirty.", "twenty five plus four", True),
    ],
)
def test_a_number_that_the_answer_does_not_have_is_wrong(
    said: str, meant: str, asked: str, wrong: bool
) -> None:
    assert conflicts(said, meant, asked=asked) is wrong
