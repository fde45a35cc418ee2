"""How the screen gets onto a console."""

from __future__ import annotations

import io
import re

from rich.console import Console
from talk_scene import FIRST, ONE, SPAN

from agent.screen import Screen
from agent.terminal import Terminal
from pipeline.events import (
    CommitDraft,
    PlaybackStarted,
    Remember,
    Sample,
    SpeechPaused,
    StageFailed,
    StartDraft,
)
from pipeline.records import Said, Thought, Window
from pipeline.trace import Entry, Item

TURN: tuple[Item, ...] = (
    SpeechPaused(Sample(0)),
    StartDraft(ONE, FIRST, SPAN),
    Thought(1, 1, "heard: what is one plus two\n1+2=3\n"),
    CommitDraft(ONE, FIRST),
    PlaybackStarted(ONE),
    Remember(ONE, None),
)


def _told(console: Console, *items: Item) -> None:
    with Terminal(console, Screen(width=console.width)) as terminal:
        for seq, item in enumerate(items):
            terminal.see(Entry(seq, 0.0, item))
            terminal.hear(Window(Sample(0), 0.0, -20.0))


def test_no_control_character_of_a_model_reaches_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\r\x9b31m"
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with Terminal(console, Screen()) as terminal:
        items: tuple[Item, ...] = (
            Thought(1, 0, evil),
            StartDraft(ONE, FIRST, SPAN),
            Thought(1, 1, f"heard: {evil}\n{evil}"),
            CommitDraft(ONE, FIRST),
            StageFailed("voice", evil),
            PlaybackStarted(ONE),
            Said(1, evil, whole=False),
            Remember(ONE, 0),
            Said(1, evil, whole=True),
        )
        for seq, item in enumerate(items):
            terminal.see(Entry(seq, 0.0, item))
            for _ in range(3):
                terminal.hear(Window(Sample(0), 0.0, -20.0))
        terminal.tell(evil)
    ours = re.sub(r"\r?\x1b\[(\d*A|2K|\?25[lh]|0?m)", "", out.getvalue())  # what rich moves the cursor with
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ours)
    assert "owned" in ours and "thinking" in ours


def test_without_a_terminal_only_finished_lines_are_written() -> None:
    out = io.StringIO()
    said = Said(1, "Three and a long answer that is wider.", whole=True)
    _told(Console(file=out, width=40), *TURN, said)
    assert out.getvalue().splitlines() == [
        "  you    what is one plus two",
        "  thinks 1+2=3",
        "  hocket Three and a long answer that is wider.",
        "         1 token of thought",
    ]


def test_on_a_terminal_a_wide_line_goes_on_under_its_own_text() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=30, color_system=None)
    _told(console, *TURN, Said(1, "Three and a long answer that is wider.", whole=True))
    shown = re.sub(r"\r?\x1b\[[0-9?]*[A-Za-z]", "", out.getvalue())
    pieces = ("  hocket Three and a long", "         answer that is", "         wider.")
    assert [shown.count(piece) for piece in pieces] == [1, 1, 1], repr(shown)


def test_a_sentence_of_ours_is_folded_too() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=30, color_system=None)
    with Terminal(console, Screen(width=30)) as terminal:
        terminal.tell("one two three four five six seven eight")
    shown = re.sub(r"\r?\x1b\[[0-9?]*[A-Za-z]", "", out.getvalue())
    assert [line.rstrip() for line in shown.splitlines() if line.strip()] == [
        "  one two three four five six",
        "  seven eight",
    ]
