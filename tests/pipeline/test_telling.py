"""pipeline/telling.py: what was written is told apart from what was taken over."""

from __future__ import annotations

from pipeline.events import Draft, Turn
from pipeline.records import Thought
from pipeline.telling import Telling

TURN, DRAFT = Turn(3), Draft(2)


def telling(*, predicted: bool) -> tuple[Telling, list[Thought]]:
    told: list[Thought] = []
    return Telling(told.append, TURN, DRAFT, predicted=predicted), told


def test_without_a_prediction_each_token_is_told_by_itself() -> None:
    thought, told = telling(predicted=False)
    thought.write("a")
    thought.write("")
    thought.write("b")
    assert told == [Thought(TURN, DRAFT, "a"), Thought(TURN, DRAFT, "b")]


def test_what_was_confirmed_at_the_start_is_told_with_the_beginning() -> None:
    thought, told = telling(predicted=True)
    thought.confirm("heard:")
    thought.confirm(" a")
    assert told == []
    thought.write(" b")
    assert told == [Thought(TURN, DRAFT, "heard: a", confirmed=2), Thought(TURN, DRAFT, " b")]


def test_a_prediction_of_which_nothing_was_right_is_a_beginning_too() -> None:
    thought, told = telling(predicted=True)
    thought.write("b")
    assert told == [Thought(TURN, DRAFT, "", confirmed=0), Thought(TURN, DRAFT, "b")]


def test_what_was_confirmed_later_goes_on_with_the_thought() -> None:
    thought, told = telling(predicted=True)
    thought.write("b\n")
    thought.confirm("1+")
    thought.confirm("1=2\n")
    thought.write("c")
    assert told[2:] == [Thought(TURN, DRAFT, "1+1=2\n", again=2), Thought(TURN, DRAFT, "c")]
    assert thought.confirmed == 2


def test_the_end_of_a_thought_tells_what_is_left() -> None:
    thought, told = telling(predicted=True)
    thought.confirm("heard: a")
    thought.write("")
    thought.write("")
    assert told == [Thought(TURN, DRAFT, "heard: a", confirmed=1)]
