"""What a trace tells about thinking, on the media clock."""

from __future__ import annotations

import asyncio

import pytest

from bench.think_trace import Watcher
from pipeline.clock import now, simulate
from pipeline.events import CommitDraft, Draft, DropDraft, Sample, Span, StartDraft, Turn
from pipeline.records import Noted, Thought
from pipeline.trace import Item, Trace

SPAN = Span(Sample(0), Sample(16_000))
Timed = tuple[float, Item]


def watched(*timed: Timed) -> Watcher:
    """Seconds from the recording's first sample, which comes 2 s after the clock's zero."""

    async def talk() -> Watcher:
        await asyncio.sleep(2.0)
        seen, trace = Watcher(began=now()), Trace(None)
        trace.subscribe(seen.see)
        for at, item in timed:
            await asyncio.sleep(at + seen.began - now())
            trace.record(item)
        return seen

    return simulate(talk)


def draft(number: int, at: float, *written: Timed, turn: int = 1) -> list[Timed]:
    return [(at, StartDraft(Turn(turn), Draft(number), SPAN)), *written]


def commit(number: int, at: float, *, turn: int = 1) -> Timed:
    return (at, CommitDraft(Turn(turn), Draft(number)))


def test_a_dropped_drafts_tokens_count_only_as_far_as_the_answer_took_them_over() -> None:
    seen = watched(
        *draft(1, 1.0, (1.1, Thought(1, 1, "one")), (1.2, Thought(1, 1, " two"))),
        (1.3, DropDraft(Turn(1), Draft(1))),
        *draft(2, 2.0, (2.1, Thought(1, 2, "one", 1)), (2.1, Thought(1, 2, " ten"))),
        commit(2, 3.0),
        (3.5, Thought(1, 2, " 10")),
    )
    assert seen.thoughts == pytest.approx([1.1, 2.1, 3.5])
    assert seen.thought == "one two\n ten 10"
    assert seen.concluded == "one ten 10"


def test_what_an_answer_took_over_from_listening_counts_from_when_it_was_written() -> None:
    seen = watched(
        (0.5, Thought(1, 0, "one")),
        (0.6, Thought(1, 0, " too")),
        (1.5, Thought(1, 0, "one", 1)),
        (1.6, Thought(1, 0, " two")),
        *draft(1, 2.0, (2.1, Thought(1, 1, "one two", 2)), (2.2, Thought(1, 1, " 3"))),
        commit(1, 3.0),
    )
    assert seen.thoughts == pytest.approx([0.5, 1.6, 2.2])


def test_lines_taken_over_in_mid_thought_count_from_when_they_were_written() -> None:
    seen = watched(
        (0.5, Thought(1, 0, "one\n")),
        (0.6, Thought(1, 0, "7\n")),
        *draft(1, 2.0, (2.1, Thought(1, 1, "", 0)), (2.1, Thought(1, 1, "two\n"))),
        (2.1, Thought(1, 1, "7\n", again=1)),
        (2.2, Thought(1, 1, "so 9")),
        commit(1, 3.0),
    )
    assert seen.thoughts == pytest.approx([0.6, 2.1, 2.2])
    assert seen.thought == "one\n7\ntwo\nso 9"
    assert seen.concluded == "two\n7\nso 9"


def test_notes_in_the_sound_count_with_the_draft_that_carried_them() -> None:
    seen = watched(
        (0.5, Thought(1, 0, "heard: one\n")),
        (0.6, Noted(1, 0, 6, "heard: one\n", cut=False)),
        (0.7, Thought(1, 0, "not kept")),
        *draft(1, 1.0, (1.1, Thought(1, 1, "heard: two\n")), (1.2, Thought(1, 1, "2\n"))),
        (1.3, DropDraft(Turn(1), Draft(1))),
        (1.3, Noted(1, 1, 12, "heard: two\n", cut=False)),
        *draft(2, 2.0, (2.1, Thought(1, 2, "1+2=3\n"))),
        commit(2, 3.0),
    )
    assert seen.thoughts == pytest.approx([0.5, 1.1, 2.1])
    assert seen.concluded == "heard: one\n\nheard: two\n\n1+2=3\n"


def test_a_draft_that_thought_nothing_concluded_what_its_notes_did() -> None:
    seen = watched(
        (0.5, Thought(1, 0, "1+2=3")),
        (0.6, Noted(1, 0, 6, "1+2=3\n", cut=False)),
        *draft(1, 1.0),
        commit(1, 2.0),
    )
    assert seen.concluded == "1+2=3\n"


def test_a_question_cut_in_two_counts_both_turns_and_concludes_the_newest() -> None:
    seen = watched(
        *draft(1, 1.0, (1.1, Thought(1, 1, "a"))),
        commit(1, 1.5),
        *draft(2, 2.0, (2.1, Thought(2, 2, "b")), turn=2),
        commit(2, 2.5, turn=2),
    )
    assert seen.thoughts == pytest.approx([1.1, 2.1])
    assert seen.concluded == "b"


def test_nothing_is_counted_of_a_turn_that_was_not_answered() -> None:
    seen = watched((0.5, Thought(1, 0, "one")), *draft(1, 1.0, (1.1, Thought(1, 1, "two"))))
    assert seen.thoughts == [] and seen.concluded == "" and seen.thought == "onetwo"
