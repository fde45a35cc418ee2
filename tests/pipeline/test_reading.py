"""What a brain says it heard."""

from __future__ import annotations

import pytest

from pipeline.reading import COMPLETE_SCORE, INCOMPLETE_SCORE, Read, Reader, Reading, kept_lines, unconcluded


def read(*tokens: tuple[str, float]) -> Read:
    reader = Reader()
    for text, logprob in tokens:
        reader.feed(text, logprob)
    return reader.read()


def test_the_heard_line_is_read_with_the_confidence_of_its_own_tokens() -> None:
    got = read(("heard:", -0.1), (" what", -0.3), (" is", -0.2), ("\n", 0.0), ("4", -9.0), ("7", -9.0))
    assert got.heard == "what is"
    assert got.confidence == pytest.approx(-0.15)
    assert got.end_of_turn == COMPLETE_SCORE


def test_a_cut_sentence_is_not_the_end_of_a_turn() -> None:
    got = read(("\nheard:", -0.1), (" what is", -0.1), ("\nincom", -0.1), ("plete", -0.1), ("\n", 0.0))
    assert got.incomplete
    assert got.end_of_turn == INCOMPLETE_SCORE


def test_the_word_incomplete_inside_what_was_heard_is_only_a_word() -> None:
    assert not read(("heard: incomplete", -0.1), ("\nincompleteness", -0.1)).incomplete


def test_a_thought_that_says_nothing_of_hearing_gives_no_score() -> None:
    got = read(("The user wants tea.", -0.5))
    assert got == Read(heard=None, confidence=None, incomplete=False)
    assert got.end_of_turn is None
    assert not got.doubtful(-0.01)


@pytest.mark.parametrize(
    ("confidence", "threshold", "doubtful"), [(-0.2, -0.1, True), (-0.05, -0.1, False), (-0.2, None, False)]
)
def test_doubt_is_confidence_below_the_brains_own_threshold(
    confidence: float, threshold: float | None, doubtful: bool
) -> None:
    assert Read("two plus two", confidence, False).doubtful(threshold) is doubtful


def test_an_unclear_sound_is_doubtful_whatever_the_confidence() -> None:
    got = Read("unclear", 0.0, False)
    assert got.doubtful(None)
    assert got.end_of_turn is None


# --- after notes ------------------------------------------------------------------------------------------


def after(notes: list[Reading], *tokens: tuple[str, float]) -> Read:
    reader = Reader(notes)
    for text, logprob in tokens:
        reader.feed(text, logprob)
    return reader.read()


def test_what_was_heard_in_pieces_is_read_as_one_and_all_its_lines_count() -> None:
    notes = [
        Reading("heard: what is\n", (-0.1, -0.3)), Reading("about a sum\n"),
        Reading("heard: two plus\n", (-0.2,)),
    ]  # fmt: skip
    got = after(notes, ("heard:", -0.4), (" two", -0.5), ("\n", 0.0), ("4", -9.0))
    assert got.heard == "what is two plus two"
    assert got.confidence == pytest.approx(-(0.1 + 0.3 + 0.2 + 0.4 + 0.5) / 6), "with the end of its own line"


def test_nothing_more_was_heard_after_the_last_note() -> None:
    got = after([Reading("heard: thank you\n", (-0.1,))], ("heard:", -0.1), ("\n", 0.0))
    assert (got.heard, got.end_of_turn) == ("thank you", COMPLETE_SCORE)


def test_one_unclear_piece_makes_the_whole_unclear() -> None:
    notes = [Reading("heard: what is\n", (-0.01,))]
    assert after(notes, ("heard: unclear", -0.01)).doubtful(None)


def test_notes_alone_are_no_reading_of_the_turn() -> None:
    assert after([Reading("heard: what is\n", (-0.1,))], ("hm", -0.1)).heard is None


def test_a_notes_last_word_says_nothing_about_how_well_it_was_heard() -> None:
    thought = Reading("heard: two pl\nincomplete\n", (-0.1, -0.2, -9.0, -0.3))
    assert thought.upto("heard: two pl\n") == Reading("heard: two pl\n", (-0.1, -0.2))


@pytest.mark.parametrize(
    ("thought", "whole", "kept"),
    [
        ("a\nb", True, "a\nb\n"),
        ("a\nb", False, "a\n"),
        ("a\nincomplete\n", True, "a\n"),
        ("\n\na\n", False, "a\n"),
    ],
)
def test_a_note_is_made_of_finished_lines(thought: str, whole: bool, kept: str) -> None:
    assert kept_lines(thought, whole=whole) == kept


def test_what_a_draft_concluded_from_the_end_of_the_turn_is_no_note() -> None:
    assert unconcluded("heard: forty plus thirty\n40+30: 70\n") == "heard: forty plus thirty\n"
    assert unconcluded("heard: nine plus two minus\n9+2: 11\nincomplete\n").endswith("11\nincomplete\n")
    assert unconcluded("heard: hello\n") == "heard: hello\n"


def test_words_of_another_ear_that_tell_nothing_of_the_end_score_nothing_and_are_no_note() -> None:
    reader = Reader()
    reader.feed("heard: what is four plus nine\nundecided\n", -0.1)
    read = reader.read()
    assert read.heard == "what is four plus nine" and read.undecided
    assert read.end_of_turn is None and not read.doubtful(None)
    assert kept_lines(reader.text, whole=True) == "heard: what is four plus nine\n"
