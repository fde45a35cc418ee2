"""Sums and latencies of a conversation."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from agent.receipt import ANSWER, Receipt, Stopwatch
from pipeline.clock import simulate
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hold,
    Hush,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    Resume,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    TextEntered,
    Turn,
)
from pipeline.records import Contradiction, Measured, Noted, Said, Speculated, Thought
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Item, Trace

SPAN = Span(Sample(0), Sample(16_000))


def watch(*items: Item | int) -> tuple[Receipt, list[Measured]]:
    """Record messages in order; an integer lets that many capture samples pass."""

    async def main() -> tuple[Receipt, list[Measured]]:
        ring, trace, measured = AudioRing(), Trace(None), list[Measured]()
        stopwatch = Stopwatch(ring, 0.05, trace)
        trace.subscribe(stopwatch.see)

        def note(entry: Entry) -> None:
            if isinstance(entry.item, Measured):
                measured.append(entry.item)

        trace.subscribe(note)
        for item in items:
            if isinstance(item, int):
                ring.write(np.zeros(item, np.float32))
            else:
                trace.record(item)
            await asyncio.sleep(0)
        return stopwatch.receipt(), measured

    return simulate(main)


def test_an_answer_is_timed_from_the_speechs_end_to_the_ear() -> None:
    receipt, measured = watch(
        16_000, SpeechPaused(Sample(14_000)), StartDraft(Turn(1), Draft(1), SPAN),
        CommitDraft(Turn(1), Draft(1)), 3_200, PlaybackStarted(Turn(1)),
    )  # fmt: skip
    assert measured == [Measured(Turn(1), ANSWER, pytest.approx(5200 / 16_000 + 0.05))]
    assert receipt.turns == 1
    assert receipt.median_latency == pytest.approx(0.375)


def test_drafts_that_were_dropped_count_as_waste() -> None:
    receipt, _ = watch(
        StartDraft(Turn(1), Draft(1), SPAN), DropDraft(Turn(1), Draft(1)), StartDraft(Turn(1), Draft(2), SPAN)
    )
    assert (receipt.drafts, receipt.wasted) == (2, 1)


def test_a_greeting_is_no_answer_and_an_excuse_is_none_either() -> None:
    receipt, measured = watch(
        SpeechPaused(Sample(0)), CommitDraft(Turn(1), Draft(1)), Say(Turn(1), "failed"),
        PlaybackStarted(Turn(1)),
        Say(Turn(2), "greeting"), PlaybackStarted(Turn(2)),
    )  # fmt: skip
    assert measured == []
    assert receipt.latencies == ()


def test_a_reply_is_timed_once_though_it_goes_on_after_a_hold() -> None:
    _, measured = watch(
        SpeechPaused(Sample(0)),
        CommitDraft(Turn(1), Draft(1)),
        PlaybackStarted(Turn(1)),
        PlaybackStarted(Turn(1)),
    )
    assert len(measured) == 1


def test_a_reply_that_was_cut_after_its_first_words_counts_as_interrupted() -> None:
    heard = Said(1, "One two", whole=False)
    receipt, _ = watch(CommitDraft(Turn(1), Draft(1)), PlaybackStarted(Turn(1)), heard, Hush(Turn(1)))
    assert receipt.interrupted == 1


def test_a_reply_that_nobody_heard_or_that_the_end_cut_was_not_interrupted() -> None:
    assert watch(CommitDraft(Turn(1), Draft(1)), Hush(Turn(1)))[0].interrupted == 0
    heard = Said(1, "One two", whole=False)
    closed = (SessionClosed("enough"), Hush(Turn(1)))
    assert watch(CommitDraft(Turn(1), Draft(1)), PlaybackStarted(Turn(1)), heard, *closed)[0].interrupted == 0


def test_a_typed_turn_has_no_latency_of_speech() -> None:
    receipt, measured = watch(
        SpeechPaused(Sample(0)), 160_000, TextEntered("hello"), CommitDraft(Turn(2), Draft(2)),
        PlaybackStarted(Turn(2)),
    )  # fmt: skip
    assert measured == []
    assert receipt.turns == 1


def test_a_turn_that_was_taken_back_and_committed_again_counts_once() -> None:
    assert watch(CommitDraft(Turn(1), Draft(1)), CommitDraft(Turn(1), Draft(2)))[0].turns == 1


def test_a_turn_that_ends_without_a_sound_and_without_being_stopped_was_declined() -> None:
    assert watch(CommitDraft(Turn(1), Draft(1)), Remember(Turn(1), 0))[0].declined == 1
    others: tuple[tuple[Item, ...], ...] = (
        (Hush(Turn(1)), Remember(Turn(1), 0)),
        (PlaybackStarted(Turn(1)), Remember(Turn(1), None)),
        (DropDraft(Turn(1), Draft(1)), Say(Turn(1), "failed"), Remember(Turn(1), None)),
        (SessionClosed("enough"), Remember(Turn(1), 0)),
    )
    for items in others:
        assert watch(CommitDraft(Turn(1), Draft(1)), *items)[0].declined == 0


def test_what_was_written_ahead_is_summed_over_the_turns() -> None:
    receipt, _ = watch(
        Speculated(1, True, 2, 50, 10, 0.25, 0.5),
        Speculated(2, False, 1, 20, 20, 0.0, 0.25),
        Speculated(3, True, 1, 30, 0, 0.5),
    )
    assert (receipt.counted, receipt.hits, receipt.hit_rate) == (3, 2, pytest.approx(2 / 3))
    assert (receipt.ahead, receipt.unused, receipt.saved, receipt.cost) == (100, 30, (0.25, 0.5), 0.75)
    assert watch()[0].hit_rate is None


def test_thoughts_count_with_the_part_beside_a_voice_and_only_for_turns_that_were_answered() -> None:
    thinks = (
        SpeechStarted(Sample(0)), 16_000, Thought(1, 0, "a"), Noted(1, 0, 13, "a\n", cut=False),
        SpeechPaused(Sample(16_000)), 1,
        StartDraft(Turn(1), Draft(1), SPAN), Thought(1, 1, "b"), Thought(1, 1, "c"),
        CommitDraft(Turn(1), Draft(1)),
    )  # fmt: skip
    answered, _ = watch(*thinks, PlaybackStarted(Turn(1)), Thought(1, 1, "d"), Remember(Turn(1), None))
    assert answered.thoughts == 4 and answered.beside in (1, 2)
    assert watch(*thinks, Remember(Turn(1), 0))[0].thoughts == 0


def _taken_back(said: str, meant: str, *, then: tuple[Item, ...] = ()) -> int:
    receipt, _ = watch(
        StartDraft(Turn(1), Draft(1), SPAN), Thought(1, 1, "heard: two plus five\n"),
        Contradiction(1, 0.5, said, meant), *then, CommitDraft(Turn(1), Draft(1)),
        PlaybackStarted(Turn(1)), Remember(Turn(1), None),
    )  # fmt: skip
    return receipt.corrections


def test_only_a_number_that_was_said_and_not_asked_is_taken_back() -> None:
    assert _taken_back("Two plus five is eight", "Two plus five is seven.") == 1
    assert _taken_back("Well, two", "That is seven.") == 0
    dropped = (DropDraft(Turn(1), Draft(1)),)
    assert _taken_back("Two plus five is eight", "Two plus five is seven.", then=dropped) == 0


def test_a_hold_that_is_resumed_was_false_and_one_that_ends_in_a_hush_was_not() -> None:
    receipt, _ = watch(
        Hold(Turn(1)), Resume(Turn(1)), 160_000, Hold(Turn(1)), Hush(Turn(1)), Resume(Turn(2)), 160_000
    )
    assert (receipt.holds, receipt.false_holds) == (2, 1)
    assert receipt.false_holds_per_minute == pytest.approx(3.0)


def test_an_answer_that_ran_dry_is_an_underrun() -> None:
    assert watch(PlaybackStarved(Turn(1)))[0].underruns == 1
