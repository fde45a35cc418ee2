"""pipeline/phrases.py where words are written in segments: later phrases, what is left, the thought's end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phrases import Phraser, ThinkSplitter

PIECES = st.sampled_from(
    ["one ", "two", " ", ",", ". ", "and ", " plus", "so ", "\n", "3.5", "!", "Dr. ", "because", " eleven "]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def fed(phraser: Phraser, text: str, cuts: list[int]) -> list[str]:
    borders = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [phrase for a, b in itertools.pairwise(borders) for phrase in phraser.feed(text[a:b])]


@given(TEXTS, st.lists(st.integers(0, 300), max_size=15), st.booleans())
def test_any_cut_of_a_stream_gives_the_phrases_of_the_whole(
    text: str, cuts: list[int], started: bool
) -> None:
    one, other = Phraser(started=started), Phraser(started=started)
    assert fed(one, text, cuts) == fed(other, text, [])
    assert (one.rest.strip(), one.finish()) == (other.rest.strip(), other.finish())


@given(TEXTS, st.lists(st.integers(0, 300), max_size=15), st.booleans())
def test_phrases_and_rest_hold_the_words_of_the_text(text: str, cuts: list[int], started: bool) -> None:
    phraser = Phraser(started=started)
    phrases = fed(phraser, text, cuts)
    assert " ".join([*phrases, phraser.rest]).split() == text.split()


@pytest.mark.parametrize(
    ("started", "phrases"),
    [(False, ["You ask me for two", "plus two and that"]), (True, ["You ask me for two plus two and that"])],
)
def test_only_the_first_phrase_may_end_before_a_joining_word(started: bool, phrases: list[str]) -> None:
    phraser = Phraser(started=started)
    assert phraser.feed("You ask me for two plus two and that") + phraser.finish() == phrases


def test_what_is_left_can_be_shortened_but_no_phrase_taken_back() -> None:
    phraser = Phraser()
    assert phraser.feed("It is four. And seven") == ["It is four."]
    phraser.shorten(5)
    assert phraser.rest.strip() == "And"
    phraser.shorten(99)
    assert phraser.finish() == []


def test_a_thought_is_closed_by_its_marker_and_not_before() -> None:
    splitter = ThinkSplitter(thinking=True)
    assert [splitter.feed(text) and splitter.closed for text in ("a", "</thi", "nk", ">")] == [
        False, False, False, True
    ]  # fmt: skip


def test_a_thought_that_ends_open_is_not_closed() -> None:
    splitter = ThinkSplitter(thinking=True)
    splitter.feed("a</thi")
    splitter.finish()
    assert not splitter.closed
