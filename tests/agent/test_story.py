"""The story of a trace: what a person is told about a conversation."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk_scene import CHAIN, DECLINED, FIRST, ONE, PREDICTED, SECOND, SPAN, TALKED_OVER, entries

from agent.story import Decision, Lane, Mark, clean, line_up, resumed, tell
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Duck,
    Hold,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Resume,
    StartDraft,
    Unduck,
)
from pipeline.records import Decided, Noted, Said, Thought
from pipeline.trace import Entry

TALK = entries(
    (1.0, Decided("pause: drafting")),
    (1.0, StartDraft(ONE, FIRST, SPAN)),
    (1.1, Thought(1, 1, "heard: what is\n")),
    (1.2, PhraseDrafted(ONE, FIRST, 0, "What?")),
    (1.3, DropDraft(ONE, FIRST)),
    (2.0, StartDraft(ONE, SECOND, SPAN)),
    (2.1, Thought(1, 2, "heard: what is one plus two\n")),
    (2.2, Thought(1, 2, "1+2=3\n")),
    (2.3, PhraseDrafted(ONE, SECOND, 0, "Three.")),
    (2.4, CommitDraft(ONE, SECOND)),
    (2.5, PlaybackStarted(ONE)),
    (3.5, Hush(ONE)),
    (3.1, Said(1, "One", whole=False)),
    (3.6, Remember(ONE, 24000)),
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


def test_marks_come_in_order_with_the_offset_added_and_their_reason() -> None:
    assert tell(TALK, offset=0.5).marks == [
        Decision(1.5, Mark.DRAFT, "pause: drafting"),
        Decision(1.8, Mark.DROP),
        Decision(2.5, Mark.DRAFT),
        Decision(2.9, Mark.COMMIT),
        Decision(4.0, Mark.HUSH),
    ]


def test_every_step_of_an_overlap_has_its_mark_and_reason() -> None:
    told = tell(
        entries(
            (1.0, Decided("ducked at 60 ms: speech over the voice")),
            (1.0, Duck(ONE, 0.3)),
            (1.1, Decided("held at 200 ms: \x1b[2Jsustained speech")),
            (1.1, Hold(ONE)),
            (1.5, Resume(ONE)),
            (1.9, Unduck(ONE)),
        )
    )
    assert [mark.mark for mark in told.marks] == [Mark.DUCK, Mark.HOLD, Mark.RESUME, Mark.RESUME]
    assert told.marks[0].why == "ducked at 60 ms: speech over the voice"
    assert told.marks[1].why == "held at 200 ms: [2Jsustained speech"
    assert told.marks[2].why == "", "an old reason is not its"


def test_a_turn_without_an_answer_is_declined_and_not_committed() -> None:
    marks = [mark.mark for mark in tell(DECLINED).marks]
    assert marks == [Mark.DRAFT, Mark.DECLINE]


def test_a_note_says_what_was_noted() -> None:
    (note,) = [mark for mark in tell(CHAIN).marks if mark.mark is Mark.NOTE]
    assert (note.at, note.why) == (2.3, "heard: one plus two 1+2=3")


def test_thoughts_of_a_dropped_draft_are_faint_and_a_draft_is_one_text() -> None:
    first, second = tell(TALK).thoughts
    assert (first.text, first.faint) == ("heard: what is", True)
    assert (second.at, second.text, second.faint) == (2.1, "heard: what is one plus two · 1+2=3", False)


def test_a_dropped_drafts_thought_that_was_noted_is_not_lost() -> None:
    assert [words.faint for words in tell(TALKED_OVER).thoughts] == [False, False]


def test_each_thought_of_listening_is_a_text_of_its_own() -> None:
    again = entries((7.0, Thought(1, 0, "3+4=7\n")), (7.1, Noted(1, 0, 50, "3+4=7\n", cut=False)))
    texts = [words.text for words in tell([*CHAIN, *again]).thoughts]
    assert texts[0] == "heard: one plus two · 1+2=3" and texts[-1] == "3+4=7"


def test_writing_lies_on_the_lane_of_its_kind_from_its_first_token_to_its_last() -> None:
    stretches = tell(CHAIN, offset=1.0).stretches
    listening = [each for each in stretches if each.lane is Lane.LISTENING]
    assert [(each.begins, each.ends) for each in listening] == [(3.0, 3.2)]
    formulated = [each for each in stretches if each.lane is Lane.FORMULATION]
    assert [(each.begins, each.ends) for each in formulated] == [(5.3, 5.4), (5.9, 6.0)]


def test_words_of_a_dropped_draft_are_faint() -> None:
    phrases = [each for each in tell(TALK).stretches if each.lane is Lane.ARTICULATION]
    told = [(each.begins, each.text, each.faint) for each in phrases]
    assert told == [(1.2, "What?", True), (2.3, "Three.", False)]


def test_words_stand_where_they_began_to_sound_and_show_that_they_were_cut() -> None:
    (words,) = tell(TALK).words
    assert (words.at, words.text) == (2.5, "One plus two …")


def test_a_draft_number_is_enough_to_tell_two_drafts_apart() -> None:
    both = entries((1.0, Thought(1, 1, "a")), (1.05, Thought(1, Draft(2), "b")), (1.1, Thought(1, 1, "c")))
    told = tell(both)
    assert [(each.draft, each.text) for each in told.stretches] == [(1, "ac"), (2, "b")]


def test_a_thought_that_begins_anew_is_a_stretch_of_its_own_and_holds_only_what_was_written_then() -> None:
    first, anew = Thought(1, 0, "one too"), Thought(1, 0, "one", confirmed=1)
    again = entries((1.0, first), (1.05, anew), (1.05, Thought(1, 0, " two")), (1.1, Thought(1, 0, " three")))
    told = tell(again)
    assert [(each.begins, each.text) for each in told.stretches] == [(1.0, "one too"), (1.05, "… two three")]
    assert [words.text for words in told.thoughts] == ["one too", "… two three"]


def test_a_thought_that_goes_on_with_a_new_line_is_not_marked_as_cut_in() -> None:
    told = tell(entries((1.0, Thought(1, 1, "one\n", 1)), (1.0, Thought(1, 1, "two"))))
    assert [each.text for each in told.stretches] == ["two"]
    assert [words.text for words in told.thoughts] == ["one · two"]


def test_a_dropped_draft_is_not_lost_when_a_later_thought_took_something_of_its_own_over() -> None:
    drafts = [each for each in tell(PREDICTED).stretches if each.lane is Lane.FORMULATION]
    assert [(each.draft, each.faint) for each in drafts] == [(1, False), (2, False), (2, False)]


def test_a_dropped_draft_is_lost_when_a_later_thought_took_over_only_what_it_had_taken_over_itself() -> None:
    other = Thought(1, 2, "heard: one plus two\n", confirmed=3)
    told = tell(Entry(e.seq, e.at, other if e.seq == 17 else e.item) for e in PREDICTED)
    drafts = [each for each in told.stretches if each.lane is Lane.FORMULATION]
    assert [(each.draft, each.faint) for each in drafts] == [(1, True), (2, False), (2, False)]


def test_lines_that_were_taken_over_in_mid_thought_are_not_written_again() -> None:
    told = tell(
        entries(
            (1.0, Thought(1, 1, "a\n")), (1.1, Thought(1, 1, "b\nc\n")), (1.2, DropDraft(ONE, FIRST)),
            (2.0, Thought(1, 2, "", confirmed=0)), (2.0, Thought(1, 2, "x\n")),
            (2.0, Thought(1, 2, "b\nc", again=2)), (2.1, Thought(1, 2, "d\n")),
        )
    )  # fmt: skip
    assert [(each.draft, each.text, each.faint) for each in told.stretches] == [
        (1, "a\nb\nc\n", False), (2, "x\ncd\n", False),
    ]  # fmt: skip
    assert [words.text for words in told.thoughts] == ["a · b · c", "x · b · cd"]


@pytest.mark.parametrize(
    ("line", "text", "shown"),
    [
        ("", "two", "two"),
        ("one", " two", "… two"),
        ("one", "\n", "\n"),
        ("12+3", "4: 2+4=6", "12+34: 2+4=6"),
        ("12+34: 2+4", "=6", "…2+4=6"),
        ("one ", "two", "…two"),
    ],
)
def test_a_word_that_was_begun_before_is_shown_whole(line: str, text: str, shown: str) -> None:
    assert resumed(line, text) == shown
