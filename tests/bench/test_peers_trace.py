"""Stages of one reply, and drafts that had not heard everything."""

import numpy as np
import pytest

from bench.peers_timeline import timeline
from bench.peers_trace import Milestones
from pipeline.events import (
    CommitDraft,
    Draft,
    Hold,
    Hush,
    PlaybackStarted,
    Sample,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    Turn,
)
from pipeline.trace import Entry


@pytest.fixture
def stones():
    second = np.full(16_000, 3000, np.int16)
    return Milestones(timeline(second, second, gap=3.0))  # ends at 2 s, barge-in at 5 s


def tell(stones, *items):
    for at, item in items:
        stones.see(Entry(0, at, item), at)
    return stones.told()


def draft(number, start, end):
    return StartDraft(Turn(1), Draft(number), Span(Sample(start), Sample(end)))


COMMIT = CommitDraft(Turn(1), Draft(1))


def test_stages_count_from_the_questions_end(stones):
    told = tell(stones, (1.05, SpeechStarted(Sample(16_000))), (2.1, SpeechPaused(Sample(32_800))),
                (2.1, draft(1, 12_800, 33_600)), (2.5, COMMIT), (2.6, PlaybackStarted(Turn(1))),
                (5.2, Hold(Turn(1))), (5.8, Hush(Turn(1))))  # fmt: skip
    assert told["stages"] == {
        "paused at": 50, "paused told": 100, "draft": 100, "commit": 500, "sounds": 600, "over Hold": 200,
        "over Hush": 800,
    }  # fmt: skip
    assert told["unlistened"] == 0


def test_the_last_pause_before_the_reply_counts(stones):
    told = tell(stones, (1.6, SpeechPaused(Sample(25_000))), (1.6, draft(1, 0, 26_000)),
                (1.9, SpeechStarted(Sample(29_000))), (2.1, SpeechPaused(Sample(32_800))),
                (2.1, draft(2, 0, 33_600)))  # fmt: skip
    assert told["stages"] == {"paused at": 50, "paused told": 100, "draft": 100}


@pytest.mark.parametrize(
    "before",
    [
        [(1.0, SpeechStarted(Sample(16_000)))],
        [(1.0, SpeechStarted(Sample(16_000))), (2.1, SpeechPaused(Sample(34_000)))],
        [(1.0, SpeechStarted(Sample(12_000))), (2.1, SpeechPaused(Sample(32_800)))],
    ],
    ids=["still talking", "ended later", "began earlier"],
)
def test_a_draft_that_missed_speech_is_counted(stones, before):
    assert tell(stones, (1.9, draft(1, 12_800, 33_600)), *before, (2.5, COMMIT))["unlistened"] == 1


def test_a_draft_that_nobody_started_is_counted(stones):
    assert tell(stones, (2.5, COMMIT))["unlistened"] == 1


def test_what_the_closing_brings_is_left_out(stones):
    told = tell(stones, (6.0, SessionClosed("over")), (6.0, Hush(Turn(1))))
    assert told["stages"] == {}


def test_failures_are_quoted(stones):
    assert tell(stones, (2.0, StageFailed("voice", "gone")))["failures"] == ["voice: gone"]
