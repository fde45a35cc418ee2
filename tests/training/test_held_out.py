"""What tests is held out of training: operands, templates, voices."""

import random

from training.skills.drawing import held_out
from training.skills.registry import draw
from training.voices import ACCENTS, TEST_ACCENT, TEST_FLITE, TEST_VARIANTS, TRAIN_FLITE, train_espeak


def test_holding_out_does_not_depend_on_order() -> None:
    assert all(held_out(a, b) == held_out(b, a) for a in range(100) for b in range(100))
    share = sum(held_out(a, b) for a in range(100) for b in range(a, 100)) / 5050
    assert 0.07 < share < 0.13


def test_trained_and_held_out_templates_are_apart() -> None:
    rng = random.Random(6)
    trained = {draw("unclear", rng).words for _ in range(3000)}
    tested = {draw("unclear", rng, test=True).words for _ in range(3000)}
    assert not trained & tested


def test_voices_of_tests_are_not_trained() -> None:
    names = train_espeak(["f2", *TEST_VARIANTS])
    assert TEST_FLITE not in TRAIN_FLITE
    assert TEST_ACCENT not in ACCENTS
    assert not any(name.endswith("+" + variant) for name in names for variant in TEST_VARIANTS)
