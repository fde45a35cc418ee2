"""The items of a conversation: their order, what is shown of them, and that the oldest are forgotten."""

from __future__ import annotations

import pytest

from agent.wire import items as wire_items
from agent.wire.ids import random_id
from agent.wire.items import Items, Listed, function_call, spoken, typed


def filled(*names: str) -> Items:
    items = Items()
    for name in names:
        items.put(Listed(typed(name, name)))
    return items


def order(items: Items) -> list[str]:
    found, last = list[str](), items.last
    while last is not None:
        found.insert(0, last)
        last = items.before(last)
    return found


@pytest.mark.parametrize(
    ("after", "expected"), [(None, "abx"), ("root", "xab"), ("a", "axb"), ("b", "abx"), ("nobody", "abx")]
)
def test_an_item_stands_after_the_one_that_is_named(after: str | None, expected: str) -> None:
    items = filled("a", "b")
    items.put(Listed(typed("x", "x")), after)
    assert "".join(order(items)) == expected


def test_a_removed_item_leaves_no_gap_and_may_be_removed_twice() -> None:
    items = filled("a", "b", "c")
    items.remove("b")
    items.remove("b")
    assert order(items) == ["a", "c"] and items.find("b") is None and items.before("b") is None


def test_of_a_long_conversation_the_oldest_items_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_items, "KEPT", 3)
    assert order(filled("a", "b", "c", "d", "e")) == ["c", "d", "e"]


def test_what_was_said_is_the_transcript_of_sound_and_the_text_of_words() -> None:
    heard, written = Listed(spoken("a")), Listed(typed("b", ""))
    assert heard.mute and not written.mute
    heard.say("one")
    written.say("two")
    assert heard.item["content"] == [{"type": "input_audio", "transcript": "one"}]
    assert written.item["content"] == [{"type": "input_text", "text": "two"}]
    assert (heard.words, written.words, heard.mute) == ("one", "two", False)


def test_a_call_has_no_role_and_no_words() -> None:
    call = Listed(function_call("a", "call_1", "clock", "{}", "completed"))
    assert (call.role, call.words, call.mute) == ("", "", False)


def test_ids_say_what_they_name_and_are_never_the_same() -> None:
    made = {random_id("item") for _ in range(100)}
    assert len(made) == 100 and all(each.startswith("item_") and len(each) == 37 for each in made)
