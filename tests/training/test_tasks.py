"""Held-out operands never reach training, and every question can be written in the closed language."""

import random

import pytest

from model.tokenizer import EOT, FIRST_PIECE
from training.language import Language
from training.targets import compute, thought
from training.tasks import CUE_SKILLS, Question, draw, held_out
from training.text import draw_cue, text_row
from training.voices import ACCENTS, TEST_ACCENT, TEST_FLITE, TEST_VARIANTS, TRAIN_FLITE, train_espeak

SKILLS = ("sum", "times", "chain", "pitch", "pace", "loudness", "talk", "unclear", "incomplete")


def _pairs(question: Question) -> list[tuple[int, int]]:
    """The operands of every step that its thought works out with columns."""
    pairs, left = [], question.numbers[0] if question.numbers else 0
    for sign, right in zip(question.signs, question.numbers[1:], strict=True):
        if sign != "*":
            pairs.append((left, right))
        left = compute(left, sign, right)
    return pairs


def test_training_never_draws_a_held_out_pair_or_triple() -> None:
    rng = random.Random(3)
    for _ in range(20000):
        question = draw(rng.choice(("sum", "chain", "incomplete", "times")), rng)
        assert not any(held_out(*pair) for pair in _pairs(question)), question
        assert question.skill != "chain" or not held_out(*question.numbers)


def test_tests_draw_only_held_out_operands() -> None:
    rng = random.Random(4)
    for _ in range(2000):
        assert held_out(*draw("sum", rng, test=True).numbers)
        assert held_out(*draw("chain", rng, test=True).numbers)


def test_holding_out_does_not_depend_on_order() -> None:
    assert all(held_out(a, b) == held_out(b, a) for a in range(100) for b in range(100))
    share = sum(held_out(a, b) for a in range(100) for b in range(a, 100)) / 5050
    assert 0.07 < share < 0.13


def test_results_stay_in_range() -> None:
    rng = random.Random(5)
    for _ in range(5000):
        question = draw(rng.choice(("sum", "chain", "times")), rng, test=rng.random() < 0.5)
        value = question.numbers[0]
        for sign, number in zip(question.signs, question.numbers[1:], strict=True):
            value = compute(value, sign, number)
            assert 0 <= value < 200


def test_trained_and_held_out_templates_are_apart() -> None:
    rng = random.Random(6)
    trained = {draw("unclear", rng).words for _ in range(3000)}
    tested = {draw("unclear", rng, test=True).words for _ in range(3000)}
    assert not trained & tested


def test_an_incomplete_question_is_not_a_whole_one() -> None:
    rng = random.Random(7)
    for _ in range(2000):
        words = draw("incomplete", rng).words
        signs = [i for i, word in enumerate(words) if word in ("plus", "minus")]
        assert words
        assert not signs or signs[-1] == len(words) - 1 or len(signs) == 1


@pytest.mark.parametrize("skill", SKILLS)
def test_targets_come_back_from_their_ids_without_bytes(skill: str) -> None:
    language, rng = Language(), random.Random(8)
    for _ in range(200):
        question = draw(skill, rng)
        cue = draw_cue(skill, rng)
        ids, heard = language.target(question, cue)
        assert ids[-1] == EOT
        assert skill == "talk" or min(ids[:-1]) >= FIRST_PIECE
        text = language.tokenizer.decode(ids)
        assert text.startswith(thought(question, cue) + "</think>\n")
        assert language.tokenizer.decode(ids[:heard]).endswith("\n")


def test_made_up_cue_values_carry_no_loss() -> None:
    language, rng = Language(), random.Random(9)
    for skill in sorted(CUE_SKILLS):
        row = text_row(language, draw(skill, rng), rng, prompt=True)
        lossy = language.tokenizer.decode(i for i, w in zip(row.ids, row.weights, strict=True) if w)
        assert not any(character.isdigit() for character in lossy)


def test_voices_of_tests_are_not_trained() -> None:
    names = train_espeak(["f2", *TEST_VARIANTS])
    assert TEST_FLITE not in TRAIN_FLITE
    assert TEST_ACCENT not in ACCENTS
    assert not any(name.endswith("+" + variant) for name in names for variant in TEST_VARIANTS)
