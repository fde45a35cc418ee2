"""The story of a trace: what a person is told about a conversation."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from agent.story import Mark, clean, line_up, tell
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hush,
    PlaybackStarted,
    Remember,
    Sample,
    Span,
    StartDraft,
    Turn,
)
from pipeline.ports import Said, Thought
from pipeline.trace import Entry, Item


def _entries(*timed: tuple[float, Item]) -> list[Entry]:
    return [Entry(seq, at, item) for seq, (at, item) in enumerate(timed)]


SPAN = Span(Sample(0), Sample(16000))
TALK = _entries(
    (1.0, StartDraft(Turn(1), Draft(1), SPAN)),
    (1.1, Thought(1, 1, "heard: what is\n")),
    (1.3, DropDraft(Turn(1), Draft(1))),
    (2.0, StartDraft(Turn(1), Draft(2), SPAN)),
    (2.1, Thought(1, 2, "heard: what is one plus two\n")),
    (2.2, Thought(1, 2, "1+2=3\n")),
    (2.4, CommitDraft(Turn(1), Draft(2))),
    (2.5, PlaybackStarted(Turn(1))),
    (3.5, Hush(Turn(1))),
    (3.1, Said(1, "One", whole=False)),
    (3.6, Remember(Turn(1), 24000)),
    (3.6, Said(1, "One plus two", whole=False)),
)


@given(st.text())
def test_cleaned_text_holds_no_control_character(text: str) -> None:
    assert not [c for c in clean(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


def test_cleaning_keeps_ordinary_text_as_it_is() -> None:
    assert clean("Fünf + neun = 14, ja?") == "Fünf + neun = 14, ja?"


def test_an_escape_sequence_loses_what_makes_it_one() -> None:
    assert clean("\x1b[2Jgone\x07\u202eright") == "[2Jgone right"


def test_the_lines_of_a_thought_stand_side_by_side() -> None:
    assert line_up("heard: hello\n\n 1+2=3 \n") == "heard: hello · 1+2=3"


def test_marks_come_in_order_with_the_offset_added() -> None:
    story = tell(TALK, offset=0.5)
    assert story.marks == [
        (1.5, Mark.DRAFT),
        (1.8, Mark.DROP),
        (2.5, Mark.DRAFT),
        (2.9, Mark.COMMIT),
        (4.0, Mark.HUSH),
    ]


def test_thoughts_of_a_dropped_draft_are_faint_and_a_draft_is_one_text() -> None:
    first, second = tell(TALK).thoughts
    assert (first.text, first.faint) == ("heard: what is", True)
    assert (second.at, second.text, second.faint) == (2.1, "heard: what is one plus two · 1+2=3", False)


def test_words_stand_where_they_began_to_sound_and_show_that_they_were_cut() -> None:
    (words,) = tell(TALK).words
    assert (words.at, words.text) == (2.5, "One plus two …")
