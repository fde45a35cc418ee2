"""pipeline/notebook.py: what was thought in a turn, in order, until another turn begins."""

from __future__ import annotations

import pytest

from pipeline.events import Sample, Span, Turn
from pipeline.notebook import Notebook, notes_of
from pipeline.prompt import BLOCK, Note
from pipeline.reading import Reading
from pipeline.records import Noted

ONE, OTHER = Turn(1), Turn(2)


def heard(positions: float, start: int = 0) -> Span:
    return Span(Sample(start), Sample(start + round(positions * BLOCK)))


def book(*, start: int = 0) -> tuple[Notebook, list[Noted]]:
    told: list[Noted] = []
    notebook = Notebook(told.append)
    notebook.begin(ONE, Sample(start))
    return notebook, told


def take(notebook: Notebook, text: str, positions: float, *, cut: bool = False, turn: Turn = ONE) -> bool:
    return notebook.take(turn, 0, heard(positions), Reading(text, (-0.1, -0.2, -0.3)), tokens=5, cut=cut)


def test_notes_stand_in_the_order_in_which_they_were_thought() -> None:
    notebook, told = book()
    assert take(notebook, "heard: a\n", 25) and take(notebook, "heard: b\n", 50)
    assert notes_of(notebook.of(ONE, heard(60))) == (Note("heard: a\n", 25), Note("heard: b\n", 50))
    assert [(each.after, each.cut) for each in told] == [(25, False), (50, False)]


def test_a_prompt_over_less_sound_carries_only_what_was_thought_on_that() -> None:
    notebook, _ = book()
    take(notebook, "heard: a\n", 25)
    take(notebook, "heard: b\n", 50)
    assert notes_of(notebook.of(ONE, heard(49))) == (Note("heard: a\n", 25),)
    assert notebook.of(OTHER, heard(60)) == () and notebook.of(ONE, heard(60, start=BLOCK)) == ()


def test_a_note_over_a_broken_position_stands_after_that_position() -> None:
    notebook, _ = book()
    take(notebook, "heard: a\n", 25.3)
    assert notes_of(notebook.of(ONE, heard(25.3))) == (Note("heard: a\n", 26),)
    assert notebook.of(ONE, heard(25)) == ()


@pytest.mark.parametrize(
    ("text", "cut", "kept"),
    [
        ("heard: a\nincomplete\n", False, "heard: a\n"),
        ("heard: a\n1+1=2\nand the", True, "heard: a\n1+1=2\n"),
        ("heard: a\n1+1=2", False, "heard: a\n1+1=2\n"),
        ("heard: unclear\nit is about tea\n", False, "it is about tea\n"),
        ("heard: unclear\n", False, None),
        ("heard: a", True, None),
        ("\n\n", False, None),
        ("", False, None),
    ],
)
def test_only_whole_lines_that_say_something_are_kept(text: str, cut: bool, kept: str | None) -> None:
    notebook, told = book()
    assert take(notebook, text, 25, cut=cut) is (kept is not None)
    assert [each.text for each in told] == ([] if kept is None else [kept])


def test_a_thought_about_no_more_than_a_standing_note_is_not_kept() -> None:
    notebook, _ = book()
    take(notebook, "heard: a b\n", 50)
    assert not take(notebook, "heard: a\n", 25) and not take(notebook, "heard: c\n", 50)
    assert len(notebook.of(ONE, heard(90))) == 1


def test_what_is_known_of_a_stretch_of_sound() -> None:
    notebook, _ = book()
    assert not notebook.knows(ONE, heard(25))
    take(notebook, "heard: a\n", 30)
    assert notebook.knows(ONE, heard(25)) and notebook.knows(ONE, heard(30))
    assert not notebook.knows(ONE, heard(31)) and not notebook.knows(OTHER, heard(25))


def test_the_same_turn_reopened_keeps_its_notes() -> None:
    notebook, _ = book()
    take(notebook, "heard: a\n", 25)
    notebook.begin(ONE, Sample(0))
    assert len(notebook.of(ONE, heard(30))) == 1


@pytest.mark.parametrize(("turn", "start"), [(ONE, 320), (OTHER, 0)])
def test_another_start_or_turn_forgets(turn: Turn, start: int) -> None:
    notebook, _ = book()
    take(notebook, "heard: a\n", 25)
    notebook.begin(turn, Sample(start))
    assert notebook.of(turn, heard(60, start)) == () and notebook.of(ONE, heard(60)) == ()


def test_a_thought_of_a_turn_that_is_not_open_is_lost() -> None:
    notebook, told = book()
    assert not take(notebook, "heard: a\n", 25, turn=OTHER)
    notebook.forget(ONE)
    assert not take(notebook, "heard: a\n", 25)
    assert not told


def test_forgetting_another_turn_changes_nothing() -> None:
    notebook, _ = book()
    take(notebook, "heard: a\n", 25)
    notebook.forget(OTHER)
    assert len(notebook.of(ONE, heard(30))) == 1


def test_the_confidence_of_a_heard_line_but_its_last_word_stays_with_its_note() -> None:
    notebook, _ = book()
    take(notebook, "heard: a\nincomplete\n", 25)
    (taken,) = notebook.of(ONE, heard(30))
    assert taken.reading == Reading("heard: a\n", (-0.1,)) and taken.tokens == 5


# --- predictions --------------------------------------------------------------------------------------------


def predict(notebook: Notebook, text: str, positions: float, *, cut: bool = True) -> bool:
    return notebook.take(
        ONE, 0, heard(positions), Reading(text, (-0.1,)), tokens=5, cut=cut, checked=True
    )  # fmt: skip


def prediction(notebook: Notebook) -> str:
    (note,) = notes_of(notebook.of(ONE, heard(90)))
    return note.text


def test_a_prediction_is_kept_as_it_is_and_is_no_note() -> None:
    notebook, told = book()
    assert predict(notebook, "heard: a\nincomplete\nand the", 25)
    assert prediction(notebook) == "heard: a\nincomplete\nand the" and told == []


def test_a_thought_that_was_whole_predicts_its_end_too() -> None:
    notebook, _ = book()
    predict(notebook, "heard: a\n", 25, cut=False)
    assert prediction(notebook) == "heard: a\n</think>"


def test_the_newest_prediction_takes_the_place_of_all_others() -> None:
    notebook, _ = book()
    predict(notebook, "heard: a\n1+1=2\n", 25, cut=False)
    predict(notebook, "heard: a b\n", 50, cut=False)
    assert prediction(notebook) == "heard: a b\n</think>"
    assert not predict(notebook, "heard: c\n", 25), "one about less sound knows less"


@pytest.mark.parametrize(
    ("earlier", "text", "spliced"),
    [
        ("heard: a\n1+1=2\n2+1=3\n", "heard: a b\n1+", "heard: a b\n1+1=2\n2+1=3\n"),
        ("heard: a\n1+1=2\n2+1=3\n", "heard: a b\n", "heard: a b\n1+1=2\n2+1=3\n"),
        ("heard: a\n1+1=2\n2+1=3\n", "heard: a b\n4+", "heard: a b\n4+\n2+1=3\n"),
        ("heard: a", "heard: a b\n4+", "heard: a b\n4+"),
    ],
)
def test_where_a_thought_was_stopped_the_earlier_one_goes_on(earlier: str, text: str, spliced: str) -> None:
    notebook, _ = book()
    predict(notebook, earlier, 25, cut=False)
    predict(notebook, text, 50)
    assert prediction(notebook) == spliced


def test_a_thought_that_was_stopped_within_the_prediction_takes_nothing_away() -> None:
    notebook, _ = book()
    predict(notebook, "heard: a\n1+1=2\n", 25, cut=False)
    assert not predict(notebook, "heard: a\n1", 50) and not predict(notebook, "", 50)
    assert prediction(notebook) == "heard: a\n1+1=2\n</think>"


def test_a_prediction_from_a_little_more_sound_serves_a_prompt_over_less() -> None:
    """A pause is told late: a draft may hear up to a moment before the newest thought's."""
    notebook, _ = book()
    predict(notebook, "heard: a b\n", 50)
    assert len(notebook.of(ONE, heard(48))) == 1
