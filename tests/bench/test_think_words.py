"""A reply is read as a listener would: the last number claimed counts, a refusal is no answer."""

import pytest

from bench.think_words import claim, numbers_at
from pipeline.decoder import DecoderConfig


def read(text: str):
    return claim(text.split())


def test_the_number_after_is_counts_and_those_before_it_were_repeated():
    found = read("Forty seven plus eight minus twelve, that is forty three.")
    assert (found.answer, found.numbers, found.signs) == (43, (47, 8, 12), ("+", "-"))
    assert found.first == found.last == 8
    assert not found.refused and not found.corrected


def test_after_a_correction_the_last_answer_counts_and_the_first_says_when():
    found = read("Nine plus eight, that is sixteen. Let me correct that. Nine plus eight, that is seventeen.")
    assert (found.answer, found.numbers, found.signs, found.corrected) == (17, (9, 8), ("+",), True)
    assert (found.first, found.last) == (5, 15)


def test_a_reply_cut_off_while_it_repeats_has_no_answer():
    assert read("Forty seven plus eight minus twelve,").answer is None
    assert read("Nine plus eight, that is sixteen. Let me correct that. Nine plus eight").answer is None


def test_a_number_all_alone_is_an_answer():
    assert read("Seventeen.").answer == 17
    assert read("Plus seventeen").answer is None


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I did not catch that. Please ask me again.",
        "I heard only a part of that. Please ask me again.",
        DecoderConfig().show_heard.format(heard="nine plus is eight"),
    ],
)
def test_asking_again_is_a_refusal_whatever_numbers_it_holds(text):
    found = read(text)
    assert found.refused and found.answer is None and found.first is None


def test_nothing_said_claims_nothing():
    assert read("").answer is None


def test_a_mark_ends_a_number():
    assert numbers_at(["is", "twenty.", "Three", "plus", "one", "hundred", "five"]) == [
        (1, 20),
        (2, 3),
        (4, 105),
    ]
    assert numbers_at(["twenty", "three,", "four"]) == [(0, 23), (2, 4)]
