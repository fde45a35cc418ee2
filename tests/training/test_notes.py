"""Notes hold the words that were heard and the steps that are certain; everything is written exactly once."""

import itertools
import random

import pytest

from training.arithmetic import column_line
from training.chains import Ledger, parse, question_of
from training.drill import spread
from training.language import Language
from training.notes import MARGIN, Border, Script, Spoken, draw_borders, plan
from training.skills.question import How, Question
from training.skills.registry import NOTHING, draw, held, reply
from training.skills.registry import lines as steps

WORDS = ("what", "is", "forty", "seven", "plus", "thirty", "eight", "minus", "twelve")
CHAIN = Question("long", WORDS, (47, 38, 12), ("+", "-"))
FIRST, SECOND, PREMATURE = (column_line(*step) for step in ((47, "+", 38), (85, "-", 12), (47, "+", 30)))


def _spoken(question: Question = CHAIN) -> Spoken:
    """A word every ten positions."""
    return Spoken(
        question, NOTHING, 10 * len(question.words) + 5, tuple(10.0 * i + 10 for i in range(len(WORDS)))
    )


def _texts(script: Script) -> list[str]:
    return [note.text for note in script.notes]


def test_a_step_is_certain_when_the_sign_after_it_was_heard() -> None:
    assert parse(WORDS[:7]).certain() == []
    assert parse(WORDS[:8]).certain() == [(47, "+", 38)]
    assert parse(WORDS).steps() == [(47, "+", 38), (85, "-", 12)]


@pytest.mark.parametrize(
    ("words", "certain"),
    [
        ("two plus three times", []),
        ("two plus three times four", []),
        ("two plus three times four minus", [(3, "*", 4), (2, "+", 12)]),
        ("two times three plus", [(2, "*", 3)]),
        ("nine minus two plus three times", [(9, "-", 2)]),
        ("two times three", []),
    ],
)
def test_no_step_is_certain_before_a_times_that_may_take_its_operand(
    words: str, certain: list[tuple[int, str, int]]
) -> None:
    assert parse(words.split()).certain() == certain


def test_times_goes_first() -> None:
    question = question_of(("two", "plus", "three", "times", "four"))
    assert (question.skill, reply(question)) == ("mixed", "Two plus three times four, that is fourteen.")
    assert steps(question) == ["3*4=12", column_line(2, "+", 12)]


def test_sounds_stand_in_the_heard_lines_where_they_sounded() -> None:
    how = How(events=(("beep", 2),))
    question = Question("count", ("how", "many", "beeps"), facts=("beep",), how=how)
    said = ("beep", "how", "many", "beeps", "beep")
    spoken = Spoken(question, NOTHING, 60, (10.0, 20.0, 30.0, 40.0, 50.0), said=said)
    script = plan(spoken, [Border(25)])
    assert _texts(script) == ["heard: beep how\n"]
    assert script.lines == ("heard: many beeps beep", "beeps 2")


def test_what_needs_earlier_turns_gets_them() -> None:
    question = Question("addto", ("plus", "three"), (3,), ("+",))
    past = [(Question("sum", ("x",)), "One plus one is two.")]
    script = plan(Spoken(question, NOTHING, 20, (5.0, 10.0), past=past), [Border(9)])
    assert script.lines == ("heard: three", column_line(2, "+", 3))


@pytest.mark.parametrize(
    ("count", "skill"),
    [(2, "incomplete"), (4, "incomplete"), (5, "incomplete"), (6, "sum"), (8, "incomplete")],
)
def test_words_alone_say_what_is_asked(count: int, skill: str) -> None:
    assert question_of(WORDS[:count]).skill == skill


def test_words_of_drawn_questions_are_read_back() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        question = draw(rng.choice(("sum", "times", "chain", "long", "mixed", "product", "hundreds")), rng)
        found = question_of(question.words)
        assert (found.numbers, found.signs) == (question.numbers, question.signs)


def test_notes_and_the_last_thought_follow_each_other() -> None:
    script = plan(_spoken(), [Border(25), Border(50), Border(85)])
    assert _texts(script) == [
        "heard: what is\n",
        "heard: forty seven\n",
        f"heard: plus thirty eight minus\n{FIRST}\n",
    ]
    assert script.lines == ("heard: twelve", SECOND)


def test_a_word_counts_as_heard_a_margin_after_its_end() -> None:
    assert _texts(plan(_spoken(), [Border(23)])) == ["heard: what\n"]
    assert 23 < 20 + MARGIN <= 24
    assert _texts(plan(_spoken(), [Border(24)])) == ["heard: what is\n"]


def test_a_note_without_a_new_word_is_an_empty_heard_line() -> None:
    assert _texts(plan(_spoken(), [Border(4)])) == ["heard:\n"]


def test_a_dropped_draft_leaves_a_premature_step_that_is_written_again() -> None:
    script = plan(_spoken(), [Border(62, draft=True)])
    assert _texts(script) == [f"heard: what is forty seven plus thirty\n{PREMATURE}\n"]
    assert script.lines == ("heard: eight minus twelve", FIRST, SECOND)
    assert not script.notes[0].closed
    assert script.notes[0].learned == len("heard: what is forty seven plus thirty\n")


def test_a_note_soon_after_a_draft_repeats_no_word() -> None:
    script = plan(_spoken(), [Border(52, draft=True), Border(53)])
    assert _texts(script) == ["heard: what is forty seven plus\n", "heard:\n"]


def test_a_right_guess_of_a_draft_is_not_written_again() -> None:
    script = plan(_spoken(), [Border(72, draft=True)])
    assert script.lines == ("heard: minus twelve", SECOND)


def test_what_is_cut_keeps_its_certain_steps_and_never_says_incomplete_in_a_note() -> None:
    cut = question_of(WORDS[:8])
    script = plan(Spoken(cut, NOTHING, 90, _spoken().ends[:8]), [Border(85, draft=True)])
    assert _texts(script) == [f"heard: what is forty seven plus thirty eight minus\n{FIRST}\n"]
    assert script.lines == ("heard:", "incomplete")
    assert steps(cut) == [FIRST, "incomplete"]


def test_every_script_says_every_word_once_and_ends_with_every_step() -> None:
    language, rng = Language(), random.Random(2)
    for _ in range(2000):
        question = draw(rng.choice(("sum", "times", "chain", "long", "mixed", "lies", "incomplete")), rng)
        _, spoken = spread(language, question, rng)
        script = plan(spoken, draw_borders(spoken, rng), rng)
        heard = [line.removeprefix("heard:").split() for line in (*_firsts(script), script.lines[0])]
        assert tuple(itertools.chain(*heard)) == question.words
        after = [note.after for note in script.notes]
        assert after == sorted(after)
        assert all(0 < place <= spoken.length for place in after)
        assert all(note.text.endswith("\n") and "incomplete" not in note.text for note in script.notes)
        known = {line for note in script.notes for line in note.text.split("\n")} | set(script.lines)
        assert set(steps(question)) <= known


def _firsts(script: Script) -> list[str]:
    return [note.text.split("\n")[0] for note in script.notes]


def test_a_ledger_writes_from_the_first_wrong_step_on() -> None:
    ledger = Ledger()
    assert len(ledger.write([(1, "+", 2), (3, "+", 4)])) == 2
    assert ledger.write([(1, "+", 2)]) == []
    assert ledger.write([(1, "+", 2), (3, "+", 44), (47, "-", 7)]) == [
        column_line(3, "+", 44),
        column_line(47, "-", 7),
    ]


def test_of_a_chain_the_restatement_is_sure_and_of_a_sum_nothing() -> None:
    assert held(CHAIN) == "Forty seven plus thirty eight minus twelve,"
    assert reply(CHAIN) == held(CHAIN) + " that is seventy three."
    assert held(question_of(WORDS[:7])) == ""
    assert reply(Question("nod", ("mhm",))) == ""
