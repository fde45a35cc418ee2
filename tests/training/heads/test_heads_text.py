"""training/heads/text.py: which beginnings would do as a whole, and how turns break off."""

import random

import pytest

from training.heads.text import babble, draw_flowing, draw_turn, draw_words, would_do


@pytest.mark.parametrize(
    ("skill", "words", "wanted"),
    [
        ("sum", "what is two plus", False),
        ("sum", "what is two plus forty", True),
        ("sum", "what is two", False),
        ("long", "two plus five minus", False),
        ("long", "two plus five minus one", True),
        ("talk", "thanks", True),
        ("talk", "good", False),
        ("pitch", "is my voice", False),
        ("pitch", "is my voice high", True),
        ("open", "where is london", False),
    ],
)
def test_a_beginning_would_do_when_it_could_be_answered(skill: str, words: str, wanted: bool) -> None:
    assert would_do(skill, tuple(words.split())) is wanted


@pytest.mark.parametrize("draw", [draw_turn, draw_flowing])
@pytest.mark.parametrize("test", [False, True])
def test_only_a_last_piece_is_whole(draw, test: bool) -> None:  # type: ignore[no-untyped-def]
    rng, whole = random.Random(1), 0
    for _ in range(400):
        turn = draw(rng, test=test)
        assert turn.pieces
        assert not any(piece.whole for piece in turn.pieces[:-1])
        whole += turn.pieces[-1].whole
    assert whole > 300


def test_unfinished_pieces_are_spoken_with_the_melody_of_finished_ones_too() -> None:
    rng = random.Random(2)
    marks = {True: set[str](), False: set[str]()}
    for _ in range(500):
        for piece in draw_turn(rng, test=False).pieces:
            marks[piece.whole].add(piece.text[-1] if piece.text[-1] in ".,?" else "")
    assert {".", "?", ""} <= marks[False] & marks[True] and "," not in marks[True]


def test_words_and_babble_are_never_empty() -> None:
    rng = random.Random(3)
    assert all(babble(rng).strip() and draw_words(rng, test=False).strip() for _ in range(300))
