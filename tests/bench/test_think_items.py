"""The questions are what the training says is held out, and within what it can answer."""

import random

import pytest

from bench.numbers import read
from bench.think_items import ACCENTS, HUMAN, VARIANTS, draw_chain, draw_speaker, held_out


def test_a_chain_is_worth_its_answer_and_never_leaves_the_domain():
    rng = random.Random(1)
    for _ in range(200):
        chain = draw_chain(rng)
        left = chain.numbers[0]
        for sign, number in zip(chain.signs, chain.numbers[1:], strict=True):
            left += number if sign == "+" else -number
            assert 0 <= left < 100
        assert left == chain.answer
        assert 4 <= len(chain.numbers) <= 6 and held_out(*chain.numbers)
        assert tuple(read(chain.text.split())) == chain.numbers
        assert [{"plus": "+", "minus": "-"}[w] for w in chain.text.split() if w in ("plus", "minus")] == list(
            chain.signs
        )


def test_equal_seeds_draw_equal_questions_and_speakers():
    assert draw_chain(random.Random(5)) == draw_chain(random.Random(5))
    assert draw_speaker(random.Random(5)) == draw_speaker(random.Random(5))


def test_what_is_held_out_here_is_what_the_training_holds_out():
    pytest.importorskip("scipy")
    from training import voices
    from training.skills.drawing import held_out as trained

    assert (*voices.ACCENTS, voices.TEST_ACCENT) == ACCENTS
    assert voices.TEST_VARIANTS == VARIANTS
    assert f"flite:{voices.TEST_FLITE}" == HUMAN
    rng = random.Random(2)
    for _ in range(300):
        numbers = [rng.randint(0, 99) for _ in range(rng.randint(2, 6))]
        assert held_out(*numbers) == trained(*numbers)
