"""Where the items that a client puts come to stand in the history."""

from __future__ import annotations

from agent.conversation import Conversation, Exchange
from agent.wire.placing import Placing
from pipeline.events import Turn
from pipeline.prompt import Heard, Human, Text


def _history(*pairs: tuple[int, str, str]) -> Conversation:
    history = Conversation("", depth=20)
    for turn, user, reply in pairs:
        history.remember(Exchange(Turn(turn), Human((Text(user),)), reply, True))
    return history


def _told(history: Conversation) -> list[str]:
    history.renew()
    told = []
    for part in history.history():
        if isinstance(part, Human):
            told.append("".join(each.text for each in part.parts if isinstance(each, Text)))
        elif isinstance(part, Heard):
            told.append(part.text)
    return told


def test_an_answer_after_what_waits_makes_history_of_both() -> None:
    history, placing = _history((1, "a", "b")), Placing()
    placing.user("u", "c")
    placing.assistant("r", "d", "u", history)
    assert _told(history) == ["a", "b", "c", "d"]
    assert not placing.waiting


def test_a_pair_at_the_root_stands_before_everything() -> None:
    history, placing = _history((1, "a", "b")), Placing()
    placing.earlier("u", "c", placing.place("root", 0, ""), history)
    assert _told(history) == ["a", "b"], "without an answer it is no pair"
    placing.assistant("r", "d", "u", history)
    assert _told(history) == ["c", "d", "a", "b"]


def test_what_is_put_after_a_turn_stands_behind_it() -> None:
    history, placing = _history((1, "a", "b"), (2, "e", "f")), Placing()
    placing.earlier("u", "c", placing.place("item", 1, "assistant"), history)
    placing.assistant("r", "d", "u", history)
    assert _told(history) == ["a", "b", "c", "d", "e", "f"]


def test_what_waits_is_taken_as_one_text_once() -> None:
    placing = Placing()
    placing.user("u", "c")
    placing.user("v", "d")
    assert (placing.take(), placing.take()) == ("c\nd", "")


def test_what_is_forgotten_says_where_it_stood() -> None:
    history, placing = _history(), Placing()
    placing.user("u", "c")
    placing.system("s", "x")
    placing.assistant("r", "d", None, history)
    assert placing.forget("u") is True and placing.forget("s") is True
    place = placing.forget("r")
    assert place is not None and place is not True and place.role == "assistant"
    assert placing.forget("r") is None and not placing.waiting and not placing.systems
