"""Tool calls in a stream of text: found wherever tokens are cut, and never words."""

from __future__ import annotations

import json
import random

import pytest

from pipeline.calls import (
    CLOSE,
    LONGEST,
    OPEN,
    CallFinder,
    Passage,
    Wanted,
    described,
    read,
    without,
    written,
)
from pipeline.prompt import ToolCall, ToolSpec

CALL = written(ToolCall("call-1", "weather", '{"city": "Köln"}'))
TEXT = f"One <b>moment</b>, 3 < 4. {CALL}\n{CALL}Then <tool words."


def found(*pieces: str) -> list[Passage]:
    finder = CallFinder()
    passages = [passage for piece in pieces for passage in finder.feed(piece)]
    return [*passages, *filter(None, [finder.finish()])]


def merged(passages: list[Passage]) -> list[Passage]:
    """Neighbouring words as one passage."""
    whole: list[Passage] = []
    for passage in passages:
        if whole and isinstance(passage, str) and isinstance(whole[-1], str):
            whole[-1] += passage
        else:
            whole.append(passage)
    return whole


def test_words_and_calls_come_in_their_order() -> None:
    wanted = Wanted("weather", '{"city": "Köln"}')
    words = ["One <b>moment</b>, 3 < 4. ", "\n", "Then <tool words."]
    assert merged(found(TEXT)) == [words[0], wanted, words[1], wanted, words[2]]


@pytest.mark.parametrize("seed", range(20))
def test_however_the_text_is_cut_the_same_comes_out(seed: int) -> None:
    dice, pieces, at = random.Random(seed), [], 0
    while at < len(TEXT):
        size = dice.choice([1, 1, 2, 3, 7, 20])
        pieces.append(TEXT[at : at + size])
        at += size
    assert merged(found(*pieces)) == merged(found(TEXT))


def test_words_before_a_call_are_certain_before_the_call_is_whole() -> None:
    finder = CallFinder()
    assert finder.feed(f"Let me see. {OPEN}function\nwea") == ["Let me see. "]


def test_a_call_that_is_cut_off_is_neither_words_nor_a_call() -> None:
    finder = CallFinder()
    assert finder.feed(f"{OPEN}function\nweather\n{{") == []
    assert finder.finish() == ""
    assert finder.cut


def test_a_beginning_that_becomes_no_marker_is_words() -> None:
    assert merged(found("5 <tool", "box> 6 <")) == ["5 <toolbox> 6 <"]


def test_a_call_without_end_is_given_up_at_a_bound() -> None:
    finder = CallFinder()
    first = finder.feed(OPEN + "x" * (LONGEST + 1))
    assert len(first) == 1 and isinstance(first[0], Wanted)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('function\nadd\n{"a": 1}', Wanted("add", '{"a": 1}')),
        ("\nfunction\nadd\n", Wanted("add", "{}")),
        ('add\n{"a":\n 1}', Wanted("add", '{"a":\n 1}')),
        ('{"name": "add", "arguments": {"a": 1}}', Wanted("add", '{"a": 1}')),
        ('{"name": "add", "arguments": "{}"}', Wanted("add", "{}")),
        ('{"name": "add", ', Wanted("", '{"name": "add",')),
        ("", Wanted("", "{}")),
    ],
)
def test_a_call_is_read_as_far_as_it_can_be(body: str, wanted: Wanted) -> None:
    assert read(body) == wanted


def test_a_written_call_reads_back_equal() -> None:
    assert found(CALL) == [Wanted("weather", '{"city": "Köln"}')]


def test_a_text_without_its_calls_is_its_words() -> None:
    assert without(f"Yes.{CALL} No.{OPEN}function") == "Yes. No."


def test_a_description_names_every_tool_and_the_exact_form() -> None:
    text = described((ToolSpec("add", "Adds.", '{"type":"object"}'), ToolSpec("now", "Tells time.", "{}")))
    assert all(part in text for part in (OPEN, CLOSE, "add: Adds.", '{"type":"object"}', "now: Tells time."))
    assert read(text.partition(OPEN)[2].partition(CLOSE)[0]) == Wanted("NAME", "ARGUMENTS")
    assert described(()) == ""


def test_a_call_that_never_ends_is_refused_once_and_nothing_of_it_becomes_words() -> None:
    finder, found = CallFinder(), list[Passage]()
    for piece in ("Wait. <tool_call>function\nshop\n", *["x" * 1000] * 50, "</tool", "_call> Done."):
        found += finder.feed(piece)
    found.append(finder.finish())
    words = "".join(passage for passage in found if isinstance(passage, str))
    calls = [passage for passage in found if not isinstance(passage, str)]
    assert words == "Wait.  Done."
    assert len(calls) == 1 and len(calls[0].arguments) <= 20_001


def test_a_call_that_is_nested_too_deep_is_a_wrong_call_and_no_error() -> None:
    body = '{"name":' + "[" * 19_000
    assert CallFinder().feed(OPEN + body + CLOSE) == [Wanted("", body)]


@pytest.mark.parametrize(
    ("text", "words"), [("Well. <tool_ca", "Well. "), ("1 <", "1 <"), ("a <to", "a <to")]
)
def test_a_marker_that_is_cut_off_is_no_word(text: str, words: str) -> None:
    finder = CallFinder()
    found = [*finder.feed(text), finder.finish()]
    assert "".join(each for each in found if isinstance(each, str)) == words
    assert finder.cut == ("tool" in text)


def test_a_marker_within_the_arguments_of_a_call_does_not_end_it() -> None:
    call = ToolCall("1", "say", '{"text": "</tool_call> and on"}')
    found = CallFinder().feed(written(call) + "Done.")
    wanted = next(passage for passage in found if isinstance(passage, Wanted))
    assert json.loads(wanted.arguments) == {"text": "</tool_call> and on"}
