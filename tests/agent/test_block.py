"""A finished turn as lines."""

from __future__ import annotations

import re

from agent.block import Facts, block
from agent.streams import Beside
from agent.thoughts import Told
from pipeline.records import Contradiction, Speculated

TOLD = Told(
    "one plus two plus four",
    (
        (Beside.USER, "1+2=3"),
        (Beside.USER, "so 3"),
        (Beside.NOBODY, "3+4=7"),
        (Beside.AGENT, "7 it is"),
    ),
    tokens=9,
    beside=6,
)
NOTHING = Told("", (), 0, 0)


def _plain(told: Told, facts: Facts) -> list[str]:
    return [line.plain for line in block(told, facts)]


def test_thoughts_are_marked_with_what_they_happened_beside() -> None:
    assert _plain(TOLD, Facts("Seven.", latency=0.4321, ahead=Speculated(1, True, 1, 9, 0, 0.25))) == [
        "  you    one plus two plus four",
        "  thinks while you spoke: 1+2=3 · so 3",
        "         3+4=7",
        "         while I spoke: 7 it is",
        "  hocket Seven.",
        "         432 ms · 9 tokens of thought, 6 of them while somebody spoke"
        " · 250 ms saved by drafting ahead",
    ]


def test_thoughts_and_figures_are_dim_and_words_are_not() -> None:
    styles = [str(line.style) for line in block(TOLD, Facts("Seven.", latency=0.4))]
    assert styles == ["", "dim", "dim", "dim", "", "dim"]


def test_a_miss_saved_nothing_and_says_nothing() -> None:
    late = Speculated(1, False, 1, 0, 0, 0.0)
    assert _plain(NOTHING, Facts("Seven.", latency=0.4, ahead=late))[-1] == "         400 ms"


def test_a_turn_that_deserves_no_answer_says_why_in_the_policys_words() -> None:
    why = "declined after 500 ms of silence: a backchannel, nothing was asked"
    assert _plain(Told("mm", (), 2, 0), Facts(declined=why)) == [
        "  you    mm",
        "  hocket nothing to answer: a backchannel, nothing was asked",
    ]
    plain = "committed after 500 ms of silence: words 0.95; declined: nothing to say"
    assert _plain(NOTHING, Facts(declined=plain)) == ["  hocket nothing to answer"]


def test_a_number_that_was_taken_back_is_shown_and_other_wording_is_not() -> None:
    wrong = Contradiction(1, 0.2, "That is\x1b[2J eight,", "That is seven.")
    assert _plain(NOTHING, Facts("That is eight, let me correct that. Seven.", against=wrong))[1] == (
        "         (took back what I said too early: “That is [2J eight,”)"
    )
    fine = Contradiction(1, 0.2, "Well, seven", "Seven.")
    assert len(_plain(NOTHING, Facts("Well, seven.", against=fine))) == 1
    asked = Contradiction(1, 1.0, "One plus two,", "I heard only a part of that.")
    assert "took back" not in "".join(_plain(TOLD, Facts("One plus two,", against=asked)))


def test_a_reply_that_was_cut_says_so_even_where_no_word_was_heard() -> None:
    assert _plain(NOTHING, Facts("", whole=False)) == ["  hocket   ‖ interrupted"]


def test_no_control_character_of_a_model_comes_through() -> None:
    evil = "\x1b]0;x\x07\u202e\r\x9b"
    told = Told(evil, ((Beside.USER, evil),), 1, 1)
    lines = _plain(told, Facts(evil, against=Contradiction(1, 1.0, f"9 {evil}", "8")))
    lines += _plain(told, Facts(declined=f"declined: {evil}"))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", "".join(lines))
