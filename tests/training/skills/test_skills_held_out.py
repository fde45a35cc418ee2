"""What tests draw is never trained, where a family holds anything out; all that is drawn can be written."""

import random

import pytest

from model.tokenizer import FIRST_PIECE
from training.arithmetic import compute
from training.chains import question_of
from training.language import Language, pieces
from training.skills import registry, sums
from training.skills.drawing import held_out
from training.skills.question import Question, from_json, to_json
from training.skills.registry import FAMILIES, conversation, draw, held, imagined, reply, spoken
from training.skills.registry import lines as steps
from training.targets import heard_line

HOLDING = (
    "sum", "hundreds", "product", "chain", "long", "mixed", "compare", "extreme", "sort", "digits",
    "backwards", "lies", "walk", "objects", "day", "month", "hour", "lasts",
)  # fmt: skip


def _content(question: Question) -> object:
    """What a test must not share with training, whatever the wording."""
    numbers = (
        tuple(sorted(question.numbers)) if question.skill not in ("digits", "backwards") else question.numbers
    )
    return question.skill, numbers, question.facts if not question.numbers else ()


@pytest.mark.parametrize("name", HOLDING)
def test_no_test_question_is_ever_trained(name: str) -> None:
    rng = random.Random(f"held out {name}")
    trained = {_content(draw(name, rng)) for _ in range(400)}
    tested = {_content(draw(name, rng, test=True)) for _ in range(100)}
    assert not trained & tested


def test_no_trained_question_works_out_a_held_out_step() -> None:
    rng = random.Random(12)
    for i in range(4000):
        names = (
            "sum",
            "long",
            "mixed",
            "chain",
            "hundreds",
            "countsum",
            "addto",
            "both",
            "lasts",
            "timer",
            "hour",
        )
        name = names[i % len(names)]
        past, question = conversation(rng, name)
        measured = imagined(question, rng)
        for line in registry.lines(question, measured, spoken(past)):
            left = line.split(":")[0].split("=")[0]
            sign = next((mark for mark in "+*-" if mark in left), "")
            if sign and line[0].isdigit():
                a, b = map(int, left.split(sign))
                assert (sign == "*" and max(a, b) <= 12) or not held_out(a, b), (question, line)


def test_results_stay_in_range() -> None:
    rng = random.Random(13)
    for name in sums.NAMES:
        for i in range(200):
            question = draw(name, rng, test=i % 2 == 0)
            for step in sums.steps_of(question):
                assert -100 < compute(*step) < 1000


def test_words_of_sums_are_read_back() -> None:
    rng = random.Random(14)
    for i in range(1500):
        question = draw(sorted(sums.NAMES)[i % len(sums.NAMES)], rng)
        found = question_of(question.words)
        assert (found.numbers, found.signs) == (question.numbers, question.signs)


def test_the_language_is_closed_and_small() -> None:
    assert len(pieces()) <= 900


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_is_written_in_pieces_alone(name: str) -> None:
    """As words, as thought and as reply, and as the history of a later turn, where the runtime encodes it."""
    language, rng = Language(), random.Random(f"pieces {name}")
    encode = language.tokenizer.encode
    for i in range(60):
        past, question = conversation(rng, name, test=i % 2 == 0)
        turns, measured = spoken(past), imagined(question, rng)
        if question.skill != "unclear":
            assert len(language.words(question)) == len(registry.heard(question))
        texts = [heard_line(question), *steps(question, measured, turns)]
        whole = reply(question, measured, turns)
        assert min(encode("".join(line + "\n" for line in texts)), default=FIRST_PIECE) >= FIRST_PIECE, texts
        assert min(encode(whole), default=FIRST_PIECE) >= FIRST_PIECE, whole
        assert whole.startswith(held(question, turns))
        ids, heard = language.target(question, measured, turns)
        assert min(ids[:-1]) >= FIRST_PIECE
        assert language.tokenizer.decode(ids[:heard]) == texts[0] + "\n"


def test_every_word_is_one_id() -> None:
    language = Language()
    for text in registry.texts()[0]:
        for word in text.split():
            language.tokenizer.piece(" " + word)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_questions_come_back_from_json(name: str) -> None:
    import json

    question = draw(name, random.Random(5))
    assert from_json(json.loads(json.dumps(to_json(question)))) == question
    hash(question)


def test_a_question_of_an_older_corpus_is_read() -> None:
    old = {"skill": "sum", "words": ["one", "plus", "two"], "numbers": [1, 2], "signs": ["+"]}
    assert from_json(old) == Question("sum", ("one", "plus", "two"), (1, 2), ("+",))


def test_what_is_incomplete_could_not_be_answered() -> None:
    rng = random.Random(15)
    whole = {draw(name, rng).words for name in FAMILIES if name != "incomplete" for _ in range(150)}
    for _ in range(1500):
        question = draw("incomplete", rng)
        assert question.words not in whole
        assert question_of(question.words).skill != "sum"


def test_a_pause_is_natural_only_inside_a_question() -> None:
    rng = random.Random(16)
    for name in FAMILIES:
        for _ in range(40):
            question = draw(name, rng)
            assert all(0 < at < len(question.words) for at in registry.borders(question))
    words = ("anna", "lies", "ben", "says", "anna", "lies", "does", "ben", "tell", "the", "truth")
    assert registry.borders(Question("lies", words, facts=("anna", "lies", "ben", "lies"))) == (2, 6)
