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
    Hush,
    Message,
    PlaybackStarted,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    StartDraft,
    TextEntered,
    Turn,
)
from pipeline.ports import Measured, Said
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace

SPAN = Span(Sample(0), Sample(16_000))


def watch(*items: Message | Said | int) -> tuple[Receipt, list[Measured]]:
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
