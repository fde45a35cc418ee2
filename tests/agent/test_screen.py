"""The live view: two voices, the thought beside them, and finished turns."""

from __future__ import annotations

import pytest
from talk_scene import CHAIN, DECLINED, PREDICTED, SPAN

from agent.receipt import ANSWER
from agent.screen import LANE, Screen
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hold,
    Hush,
    PlaybackStarted,
    Remember,
    Resume,
    Sample,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    Turn,
)
from pipeline.records import Measured, Said, Thought, ToolRan, Transcribed, Window
from pipeline.trace import Entry, Item

TURN: tuple[Item, ...] = (
    SpeechStarted(Sample(0)),
    StartDraft(Turn(1), Draft(1), SPAN),
    Thought(1, 1, "heard: what is\nincomplete\n"),
    DropDraft(Turn(1), Draft(1)),
    SpeechPaused(Sample(0)),
    StartDraft(Turn(1), Draft(2), SPAN),
    Thought(1, 2, "heard: what is one plus two\n"),
    Thought(1, 2, "1+2=3\n"),
    CommitDraft(Turn(1), Draft(2)),
    PlaybackStarted(Turn(1)),
    Measured(1, ANSWER, 0.4321),
)


def _show(screen: Screen, *items: Item) -> list[str]:
    for seq, item in enumerate(items):
        screen.see(Entry(seq, float(seq), item))
    return [line.plain for line in screen.lines()]


def _column(screen: Screen, level: float = -60.0) -> None:
    for _ in range(3):
        screen.hear(Window(Sample(0), 0.5, level))


def test_a_finished_turn_shows_what_was_understood_thought_heard_and_how_fast() -> None:
    assert _show(Screen(), *TURN, Said(1, "One plus two is three.", whole=True), Remember(Turn(1), None)) == [
        "  you    what is one plus two",
        "  thinks 1+2=3",
        "  hocket One plus two is three.",
        "         432 ms · 2 tokens of thought",
    ]


def test_thoughts_beside_voices_are_told_apart_when_the_turn_is_over() -> None:
    screen = Screen()
    for entry in CHAIN:
        screen.see(entry)
    assert [line.plain for line in screen.lines()] == [
        "  you    one plus two plus four",
        "  thinks while you spoke: 1+2=3",
        "         3+4=7",
        "         while I spoke: so 7",
        "  hocket One plus two plus four, that is seven.",
        "         7 tokens of thought, 5 of them while somebody spoke · 250 ms saved by drafting ahead",
    ]


def test_a_turn_that_deserves_no_answer_is_said_to_need_none() -> None:
    screen = Screen()
    for entry in DECLINED:
        screen.see(entry)
    assert [line.plain for line in screen.lines()] == [
        "  you    mm",
        "  hocket nothing to answer: a backchannel, nothing was asked (0.31 s at -24 dB)",
    ]


def test_a_reply_that_was_stopped_before_its_first_sound_was_not_declined() -> None:
    assert not _show(Screen(), *TURN[:-2], Hush(Turn(1)), Remember(Turn(1), 0))


def test_a_reply_that_was_cut_shows_only_what_was_heard_and_says_so() -> None:
    shown = _show(Screen(), *TURN, Remember(Turn(1), None), Said(1, "One plus", whole=False))
    assert shown[-2] == "  hocket One plus  ‖ interrupted"


def test_no_text_is_kept_of_turns_that_are_over() -> None:
    screen = Screen()
    _show(screen, *TURN, Remember(Turn(1), None), Said(1, "Three.", whole=True))
    assert not screen._facts and screen._thoughts.newest(1) == ""


def test_words_are_shown_as_they_are_heard() -> None:
    screen = Screen()
    assert not _show(screen, *TURN, Said(1, "One", whole=False), Said(1, "One plus", whole=False))
    assert screen.lanes()[3].plain.strip() == "I speak  One plus"


def test_a_lane_gets_a_bar_per_tenth_of_a_second_as_high_as_the_sound() -> None:
    screen = Screen(lambda: -12.0)
    due = [screen.hear(Window(Sample(512 * n), 0.9, level)) for n, level in enumerate((-60.0, -36.0, -60.0))]
    assert due == [False, False, True]
    user, agent, *_ = (line.plain[9:] for line in screen.lanes())
    assert user == " " * (LANE - 1) + "▄"
    assert agent == " " * (LANE - 1) + "█"


def test_the_thought_lane_rises_with_the_tokens_of_its_column_and_falls_after_them() -> None:
    screen = Screen()
    _show(screen, SpeechStarted(Sample(0)), Thought(1, 0, "a"), Thought(1, 0, "b"), Thought(1, 0, "c"))
    _column(screen)
    _column(screen)
    lane = screen.lanes()[2].plain[9:]
    assert lane.strip() and lane.endswith(" ") and not lane[:-2].strip()


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ((SpeechStarted(Sample(0)),), "thinking while you speak"),
        ((SpeechStarted(Sample(0)), SpeechPaused(Sample(0))), "thinking"),
        ((PlaybackStarted(Turn(1)),), "thinking while I speak"),
        ((PlaybackStarted(Turn(1)), Hold(Turn(1))), "thinking"),
    ],
)
def test_the_live_line_says_what_a_thought_happens_beside(before: tuple[Item, ...], label: str) -> None:
    screen = Screen()
    _show(screen, *before, Thought(1, 1, "1+2=3\n"))
    assert screen.lanes()[4].plain == f"         {label}  1+2=3"


def test_a_thought_leaves_the_live_line_when_it_has_ended_for_a_while_and_with_its_turn() -> None:
    screen = Screen()
    _show(screen, SpeechStarted(Sample(0)), Thought(1, 0, "1+2"))
    for _ in range(20):
        _column(screen)
    assert not screen.lanes()[4].plain.strip()
    screen = Screen()
    _show(screen, *TURN, Said(1, "Three.", whole=True))
    assert not screen.lanes()[4].plain.strip()


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_lanes_fit_the_terminal(width: int) -> None:
    screen = Screen(width=width)
    said = Said(1, "Long words " * 20, whole=False)
    for items in ((SpeechStarted(Sample(0)),), (PlaybackStarted(Turn(1)), said)):
        _show(screen, *items, Thought(1, 2, "1+1=2, " * 20))
        assert max(len(line.plain) for line in screen.lanes()) <= max(width, 34)


def test_the_live_line_says_who_speaks() -> None:
    screen = Screen()
    shown = []
    for item in (
        SpeechStarted(Sample(0)),
        SpeechPaused(Sample(0)),
        PlaybackStarted(Turn(1)),
        Hold(Turn(1)),
        Resume(Turn(1)),
        Remember(Turn(1), None),
    ):
        screen.see(Entry(0, 0.0, item))
        shown.append(screen.lanes()[3].plain.strip())
    assert shown == ["you speak", "pause", "I speak", "I wait", "I speak", "listening"]


def test_a_failure_is_shown_as_a_line() -> None:
    assert _show(Screen(), StageFailed("voice", "no\x07 sound")) == ["  voice: no sound"]


def test_a_thought_that_begins_anew_takes_the_place_of_the_last_one_on_the_live_line() -> None:
    screen, shown = Screen(), list[str]()
    for entry in PREDICTED[:13]:
        screen.see(entry)
        shown.append(screen.lanes()[4].plain.strip())
    assert shown[5] == "thinking while you speak  heard: one plus too"
    assert shown[6:8] == [
        "thinking while you speak  heard: one plus", "thinking while you speak  heard: one plus two",
    ]  # fmt: skip
    assert shown[10:] == [
        "thinking  heard: one plus two", "thinking  heard: one plus two · 1+2",
        "thinking  heard: one plus two · 1+2=3",
    ]  # fmt: skip


def test_what_is_confirmed_was_in_the_thought_lane_before_and_does_not_raise_it() -> None:
    screen = Screen()
    for entry in PREDICTED[:6]:
        screen.see(entry)
    _column(screen)
    screen.see(PREDICTED[6])
    _column(screen)
    assert screen.lanes()[2].plain.endswith("▃ ")


def test_a_turn_of_predicted_thoughts_tells_each_of_them_once() -> None:
    screen = Screen()
    for entry in PREDICTED:
        screen.see(entry)
    assert [line.plain for line in screen.lines()] == [
        "  you    one plus two",
        "  thinks 1+2+4=7",
        "         while I spoke: so 7",
        "  hocket One plus two plus four, that is seven.",
        "         7 tokens of thought, 4 of them while somebody spoke",
    ]


def test_lines_taken_over_in_mid_thought_are_shown_in_it_and_do_not_raise_the_lane() -> None:
    screen = Screen()
    _show(screen, Thought(1, 0, "a\nb\n"), Thought(1, 0, "", 0), Thought(1, 0, "c\n"))
    _column(screen)
    _show(screen, Thought(1, 0, "b\n", again=9))
    _column(screen)
    assert screen.lanes()[4].plain.strip() == "thinking  c · b"
    assert screen.lanes()[2].plain.endswith("▃ ")


def test_the_words_of_a_recogniser_are_shown_where_the_brain_does_not_say_what_it_heard() -> None:
    screen = Screen()
    _show(screen, SpeechStarted(Sample(0)), Transcribed(1, "what is", False, "ear"))
    assert screen.lanes()[3].plain == "         you speak  what is"
    shown = _show(
        screen,
        CommitDraft(Turn(1), Draft(1)),
        Transcribed(1, "what is it", True, "ear"),
        Said(1, "A cat.", whole=True),
        Remember(Turn(1), None),
    )
    assert shown[:2] == ["  you    what is it", "  hocket A cat."]


def test_what_the_brain_says_it_heard_goes_before_the_recognisers_words() -> None:
    shown = _show(Screen(), Transcribed(1, "watt is won", True, "ear"), *TURN, Said(1, "Three.", whole=True))
    assert shown[0] == "  you    what is one plus two"


def test_calls_are_shown_with_what_came_of_them() -> None:
    ran = ToolRan(1, 1, "a", "clock", '{"zone": "UTC"}', "12:03", failed=False, seconds=0.42)
    lost = ToolRan(1, 1, "b", "shop", "{}", "no answer\nat all " + "x" * 99, failed=True, seconds=10.0)
    shown = _show(Screen(), *TURN, ran, lost, Said(1, "It is noon.", whole=True), Remember(Turn(1), None))
    assert '  calls  clock({"zone": "UTC"}): 12:03 (0.4 s)' in shown
    assert any(line.startswith("  calls  shop({}): failed: no answer at all xx") for line in shown)
    assert all(len(line) < 120 for line in shown)
