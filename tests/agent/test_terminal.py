"""What a person sees while talking."""

from __future__ import annotations

import io
import re

from rich.console import Console

from agent.receipt import ANSWER, Receipt
from agent.terminal import LANE, Screen, Terminal, headline, summary
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    PlaybackStarted,
    Remember,
    Sample,
    Span,
    SpeechStarted,
    StageFailed,
    StartDraft,
    Turn,
)
from pipeline.ports import BrainFacts, EdgeReport, Measured, Said, Thought, Window
from pipeline.trace import Entry, Item

SPAN = Span(Sample(0), Sample(16000))
TURN: tuple[Item, ...] = (
    SpeechStarted(Sample(0)),
    StartDraft(Turn(1), Draft(1), SPAN),
    Thought(1, 1, "heard: what is\nincomplete\n"),
    DropDraft(Turn(1), Draft(1)),
    StartDraft(Turn(1), Draft(2), SPAN),
    Thought(1, 2, "heard: what is one plus two\n"),
    Thought(1, 2, "1+2=3\n"),
    CommitDraft(Turn(1), Draft(2)),
    PlaybackStarted(Turn(1)),
    Measured(1, ANSWER, 0.4321),
)
BRAIN = BrainFacts("practice brain", "audio", "no", obeys_instructions=False, history_turns=1)


def _show(screen: Screen, *items: Item) -> list[str]:
    for seq, item in enumerate(items):
        screen.see(Entry(seq, float(seq), item))
    return [line.plain for line in screen.lines()]


def test_a_finished_turn_shows_what_was_understood_thought_heard_and_how_fast() -> None:
    assert _show(Screen(), *TURN, Said(1, "One plus two is three.", whole=True), Remember(Turn(1), None)) == [
        "  you    what is one plus two",
        "  thinks 1+2=3",
        "  hocket One plus two is three.   432 ms",
    ]


def test_a_reply_that_was_cut_shows_only_what_was_heard_and_says_so() -> None:
    shown = _show(Screen(), *TURN, Remember(Turn(1), None), Said(1, "One plus", whole=False))
    assert shown[-1] == "  hocket One plus  ‖ interrupted   432 ms"


def test_thoughts_are_dimmed_and_words_are_not() -> None:
    screen = Screen()
    for seq, item in enumerate((*TURN, Remember(Turn(1), None), Said(1, "Three.", whole=True))):
        screen.see(Entry(seq, float(seq), item))
    _, thinks, hocket = screen.lines()
    assert str(thinks.style) == "dim" and str(hocket.style) != "dim"


def test_no_text_is_kept_of_turns_that_are_over() -> None:
    screen = Screen()
    _show(screen, *TURN, Remember(Turn(1), None), Said(1, "Three.", whole=True))
    assert not (screen._thoughts or screen._drafts or screen._latency)


def test_words_are_shown_as_they_are_heard() -> None:
    screen = Screen()
    assert not _show(screen, *TURN, Said(1, "One", whole=False), Said(1, "One plus", whole=False))
    assert screen.lanes()[2].plain.strip() == "I speak  One plus"


def test_a_lane_gets_a_bar_per_tenth_of_a_second_as_high_as_the_sound() -> None:
    screen = Screen(lambda: -12.0)
    due = [screen.hear(Window(Sample(512 * n), 0.9, level)) for n, level in enumerate((-60.0, -36.0, -60.0))]
    assert due == [False, False, True]
    user, agent, _ = (line.plain[9:] for line in screen.lanes())
    assert user == " " * (LANE - 1) + "▄"
    assert agent == " " * (LANE - 1) + "█"


def test_the_lanes_fit_a_narrow_terminal() -> None:
    screen = Screen(width=40)
    for seq, item in enumerate((*TURN[:7], Thought(1, 2, "1+1=2, " * 20))):
        screen.see(Entry(seq, 0.0, item))
    assert max(len(line.plain) for line in screen.lanes()) <= 40


def test_the_live_line_says_who_speaks() -> None:
    screen = Screen()
    shown = []
    for item in (
        SpeechStarted(Sample(0)),
        Thought(1, 1, "hm"),
        PlaybackStarted(Turn(1)),
        Remember(Turn(1), None),
    ):
        screen.see(Entry(0, 0.0, item))
        shown.append(screen.lanes()[2].plain.strip())
    assert shown == ["you speak", "thinking  hm", "I speak", "listening"]


def test_no_control_character_of_a_model_reaches_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\r\x9b31m"
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with Terminal(console, Screen()) as terminal:
        items: tuple[Item, ...] = (
            StartDraft(Turn(1), Draft(1), SPAN),
            Thought(1, 1, f"heard: {evil}\n{evil}"),
            CommitDraft(Turn(1), Draft(1)),
            StageFailed("voice", evil),
            Remember(Turn(1), 0),
            Said(1, evil, whole=True),
        )
        for seq, item in enumerate(items):
            terminal.see(Entry(seq, 0.0, item))
            terminal.hear(Window(Sample(0), 0.0, -20.0))
        terminal.tell(evil)
    ours = re.sub(r"\r?\x1b\[(\d*A|2K|\?25[lh]|0?m)", "", out.getvalue())  # what rich moves the cursor with
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ours)
    assert "owned" in ours


def test_without_a_terminal_only_finished_lines_are_written() -> None:
    out = io.StringIO()
    with Terminal(Console(file=out, width=40), Screen()) as terminal:
        for seq, item in enumerate(
            (*TURN, Remember(Turn(1), None), Said(1, "Three and a long answer that is wider.", whole=True))
        ):
            terminal.see(Entry(seq, 0.0, item))
            terminal.hear(Window(Sample(0), 0.0, -20.0))
    assert out.getvalue().splitlines() == [
        "  you    what is one plus two",
        "  thinks 1+2=3",
        "  hocket Three and a long answer that is wider.   432 ms",
    ]


def test_the_headline_says_brain_ear_thinking_voice_and_echo() -> None:
    line = headline(BRAIN, "flite:rms", EdgeReport("mic", "open", 0.1))
    assert line == (
        "practice brain · hears audio · thinks while listening: not yet · voice flite:rms · "
        "no echo cancellation: wait until I have finished"
    )


def test_the_summary_counts_turns_and_gives_the_median() -> None:
    receipt = Receipt(turns=3, interrupted=1, drafts=5, wasted=2, latencies=(0.3, 0.5, 0.4))
    assert summary(receipt, "Nothing was recorded.") == (
        "3 turns, 1 of my replies interrupted, median 400 ms from the end of your speech, as I heard it, "
        "to my first sound. "
        "Nothing was recorded."
    )
    assert summary(Receipt(1, 0, 1, 0), "Nothing was recorded.") == "1 turn. Nothing was recorded."
