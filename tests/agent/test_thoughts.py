"""What was thought beside whose voice."""

from __future__ import annotations

from talk_scene import CHAIN, DECLINED, FIRST, ONE, PREDICTED, SPAN, TALKED_OVER, entries

from agent.streams import Beside
from agent.thoughts import Origin, Thoughts
from pipeline.events import (
    CommitDraft,
    DraftStarted,
    Hold,
    PlaybackStarted,
    Resume,
    Sample,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    Turn,
)
from pipeline.records import Noted, Thought
from pipeline.trace import Entry


def _followed(told: list[Entry]) -> Thoughts:
    thoughts = Thoughts()
    for entry in told:
        thoughts.see(entry)
    return thoughts


def test_the_pieces_of_what_was_heard_are_put_together_and_every_line_has_its_company() -> None:
    told = _followed(CHAIN).told(1)
    assert told.heard == "one plus two plus four"
    assert told.lines == (
        (Beside.USER, "1+2=3"),
        (Beside.NOBODY, "3+4=7"),
        (Beside.AGENT, "so 7"),
    )


def test_tokens_are_counted_with_those_that_somebody_spoke_over() -> None:
    told = _followed(CHAIN).told(1)
    assert (told.tokens, told.beside) == (7, 5)


def test_what_was_written_before_the_pause_was_noticed_was_written_in_silence() -> None:
    thoughts = _followed(
        entries(
            (0.0, SpeechStarted(Sample(0))),
            (0.9, Thought(1, 0, "a ")),
            (1.1, Thought(1, 0, "b")),
            (1.2, Noted(1, 0, 13, "a b\n", cut=False)),
            (1.3, SpeechPaused(Sample(16_000))),
        )
    )
    told = thoughts.told(1)
    assert (told.tokens, told.beside) == (2, 1)


def test_what_was_written_before_speech_was_noticed_was_written_beside_it() -> None:
    thoughts = _followed(
        entries(
            (0.0, SpeechPaused(Sample(0))), (1.1, Thought(1, 1, "a")), (1.2, SpeechStarted(Sample(16_000)))
        )
    )
    mine = [each.beside for each in thoughts._turns[1].thoughts[1]]
    assert mine == [Beside.USER]


def test_a_voice_that_is_held_is_not_heard_and_one_that_goes_on_is() -> None:
    thoughts = _followed(entries((0.0, PlaybackStarted(ONE))))
    assert thoughts.beside is Beside.AGENT
    thoughts.see(Entry(1, 1.0, Hold(ONE)))
    assert thoughts.beside is Beside.NOBODY
    thoughts.see(Entry(2, 2.0, Resume(ONE)))
    assert thoughts.beside is Beside.AGENT


def test_a_brain_without_notes_is_not_told_twice() -> None:
    told = _followed(TALKED_OVER).told(1)
    assert told.heard == "one plus two"
    assert told.tokens == 2, "what was dropped was not carried"


def test_a_thought_that_a_draft_ended_is_carried_by_that_draft() -> None:
    told = _followed(
        entries(
            (0.0, SpeechStarted(Sample(0))),
            (1.0, Thought(1, 0, "heard: one plus\n")),
            (1.2, SpeechPaused(Sample(19_200))),
            (1.2, StartDraft(ONE, FIRST, SPAN)),
            (1.2, Noted(1, 0, 25, "heard: one plus\n", cut=True)),
            (1.3, DraftStarted(ONE, FIRST, SPAN)),
            (1.4, Thought(1, 1, "heard: two\n")),
            (1.5, CommitDraft(ONE, FIRST)),
        )
    ).told(1)
    assert (told.heard, told.tokens) == ("one plus two", 2)


def test_a_turn_without_an_answer_keeps_what_was_heard() -> None:
    assert _followed(DECLINED).told(1).heard == "mm"


def test_nothing_is_kept_of_turns_that_are_over() -> None:
    thoughts = _followed(CHAIN)
    thoughts.forget(1)
    assert thoughts.told(1).tokens == 0 and thoughts.newest(1) == ""


def test_the_newest_thought_is_the_one_that_was_written_last() -> None:
    assert _followed(CHAIN[:5]).newest(1) == "heard: one plus two\n1+2=3\n"
    assert _followed(CHAIN[:11]).newest(1) == "heard: plus four\n3+4"


def test_the_origin_of_capture_is_the_earliest_that_a_position_allows() -> None:
    origin = Origin()
    for at, sample in ((5.3, 16_000), (6.05, 32_000), (7.2, 48_000)):
        origin.see(Entry(0, at, SpeechPaused(Sample(sample))))
    assert origin.when(0) == 6.05 - 2.0
    assert origin.when(8_000) == 6.05 - 1.5


def test_more_turns_than_can_be_open_are_not_kept() -> None:
    thoughts = Thoughts()
    for turn in range(1, 20):
        thoughts.see(Entry(turn, float(turn), Thought(Turn(turn), 1, "a")))
    assert len(thoughts._turns) <= 8


def test_what_an_answer_took_over_is_told_once_with_who_was_heard_when_it_was_written() -> None:
    told = _followed(PREDICTED).told(1)
    assert told.heard == "one plus two"
    assert told.lines == ((Beside.NOBODY, "1+2+4=7"), (Beside.AGENT, "so 7"))
    assert (told.tokens, told.beside) == (7, 4), "neither “ too” nor “=3” has come to anything"


def test_a_pause_that_is_noticed_late_is_put_right_in_a_thought_that_was_taken_over_since() -> None:
    thoughts = _followed(
        entries(
            (0.0, SpeechStarted(Sample(0))),
            (0.9, Thought(1, 0, "a")),
            (1.1, Thought(1, 0, "b")),
            (1.2, Thought(1, 1, "ab", confirmed=2)),
            (1.2, CommitDraft(ONE, FIRST)),
            (1.3, SpeechPaused(Sample(16_000))),
        )
    )
    assert (thoughts.told(1).tokens, thoughts.told(1).beside) == (2, 1)


def test_thoughts_of_listening_that_nobody_kept_or_took_over_are_not_counted() -> None:
    told = _followed(
        entries(
            (1.0, Thought(1, 0, "heard: one")),
            (2.0, StartDraft(ONE, FIRST, SPAN)),
            (2.1, Thought(1, 1, "heard: two\n", confirmed=None)),
            (2.2, CommitDraft(ONE, FIRST)),
        )
    ).told(1)
    assert (told.heard, told.tokens) == ("two", 1)


def test_the_newest_thought_holds_what_it_took_over_and_nothing_of_the_one_before_it() -> None:
    assert _followed(PREDICTED[:7]).newest(1) == "heard: one plus"
    assert _followed(PREDICTED[:8]).newest(1) == "heard: one plus two\n"
    assert _followed(PREDICTED[:18]).newest(1) == "heard: one plus two\n1+2"


def test_a_line_that_was_taken_over_out_of_time_is_put_right_too() -> None:
    thoughts = _followed(
        entries(
            (0.0, SpeechStarted(Sample(0))),
            (0.5, Thought(1, 0, "7\n")),
            (0.6, Thought(1, 0, "so\n")),
            (1.1, Thought(1, 1, "", confirmed=0)),
            (1.1, Thought(1, 1, "8\n")),
            (1.1, Thought(1, 1, "so\n", again=1)),
            (1.2, CommitDraft(ONE, FIRST)),
            (1.3, SpeechPaused(Sample(16_000))),
        )
    )
    assert thoughts.told(1).lines == ((Beside.NOBODY, "8"), (Beside.USER, "so"))
    assert (thoughts.told(1).tokens, thoughts.told(1).beside) == (2, 1)


def test_a_thought_that_took_nothing_over_begins_empty() -> None:
    begun = entries((1.0, Thought(1, 0, "old")), (2.0, Thought(1, 0, "", confirmed=0)))
    assert _followed(begun).newest(1) == ""
