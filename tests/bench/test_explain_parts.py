"""A reply's time is parted, and the parts sum to what the recording shows, whatever the trace says."""

import pytest

from bench.explain_clock import Moment
from bench.explain_parts import NAMES, parts_of, reply_at
from bench.score import score
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftStarted,
    PhraseDrafted,
    PlaybackReached,
    PlaybackStarted,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
    Turn,
)
from pipeline.records import Measured

ONE, FIRST = Turn(1), Draft(1)
LISTENED = Span(Sample(0), Sample(16_000))
REPLY = 0.36
"""Seconds from the labelled end to the reply's first audible sample: a border of a tick of 20 ms."""


def reply(end, commit, words, sound, reached=0.02):
    told = [
        (end + 0.08, SpeechPaused(Sample(round(16_000 * (end + 0.01))))),
        (end + 0.08, DraftStarted(ONE, FIRST, LISTENED)),
        (end + commit, CommitDraft(ONE, FIRST)),
        (end + words, PhraseDrafted(ONE, FIRST, 0, "Nine.")),
        (end + sound, Measured(1, "phrase to first sound", 0.03)),
        (end + REPLY + 0.015, PlaybackStarted(ONE)),
        (end + REPLY + 0.1, PlaybackReached(ONE, 0, round(24_000 * (0.1 + reached)))),
    ]
    return [Moment(at, item) for at, item in sorted(told, key=lambda one: one[0])]


@pytest.fixture
def asked(stage):
    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + REPLY, 2.0)
    return score(scene.recording, scene.labels), scene.labels, end


def milliseconds(parts):
    return {name: round(1000 * value) for name, value in parts.terms.items()}


def test_parts_sum_to_the_measured_wait_and_words_written_early_are_credit(asked):
    one, labels, end = asked
    (parts,) = parts_of(reply(end, 0.30, 0.12, 0.15), one, labels)
    assert list(parts.terms) == list(NAMES)
    assert sum(parts.terms.values()) == pytest.approx(one.turns[0].voice_to_voice, abs=1e-9)
    assert milliseconds(parts) == {
        "detector": 10, "endpoint": 290, "words": -180, "voice": 30, "gate": 150, "queue": 60, "head": 0,
    }  # fmt: skip
    assert parts.credit == pytest.approx(0.15)


def test_words_written_after_the_decision_are_no_credit_and_wait_at_no_gate(asked):
    one, labels, end = asked
    (parts,) = parts_of(reply(end, 0.20, 0.26, 0.30), one, labels)
    assert parts.credit == 0.0
    found = milliseconds(parts)
    assert (found["words"], found["voice"], found["gate"]) == (60, 40, 0)


def test_silence_at_the_head_of_a_voice_is_told_from_the_queue(asked):
    one, labels, end = asked
    (parts,) = parts_of(reply(end, 0.20, 0.22, 0.24, reached=0.05), one, labels)
    assert milliseconds(parts)["head"] == 40 and milliseconds(parts)["queue"] == 80


def test_clocks_tied_a_little_early_make_no_silence_of_a_tick_in_the_queue(asked):
    one, labels, end = asked
    (parts,) = parts_of(reply(end, 0.30, 0.12, 0.15, reached=0.0203), one, labels)
    assert milliseconds(parts)["head"] == 0 and milliseconds(parts)["queue"] == 60


def test_a_wrong_clock_of_the_trace_shifts_parts_and_never_the_sum(asked):
    one, labels, end = asked
    moved = [Moment(each.at + 0.03, each.item) for each in reply(end, 0.30, 0.12, 0.15)]
    (parts,) = parts_of(moved, one, labels)
    assert sum(parts.terms.values()) == pytest.approx(one.turns[0].voice_to_voice, abs=1e-9)


def test_a_decision_that_waited_for_no_pause_has_no_endpoint_wait(asked):
    one, labels, end = asked
    told = [each for each in reply(end, 0.20, 0.22, 0.24) if not isinstance(each.item, SpeechPaused)]
    before = [Moment(0.5, SpeechPaused(Sample(8_000))), Moment(1.05, SpeechStarted(Sample(16_000)))]
    (parts,) = parts_of([*before, *told], one, labels)
    assert milliseconds(parts)["endpoint"] == 0 and milliseconds(parts)["detector"] == 200


@pytest.mark.parametrize("gone", [CommitDraft, PhraseDrafted, Measured, DraftStarted, PlaybackStarted])
def test_a_reply_whose_trace_lacks_a_border_has_no_parts(asked, gone):
    one, labels, end = asked
    left = [each for each in reply(end, 0.30, 0.12, 0.15) if not isinstance(each.item, gone)]
    assert parts_of(left, one, labels) == [] and parts_of([], one, labels) == []


def test_a_turn_without_a_reply_has_no_parts(stage):
    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / 24_000
    assert parts_of(reply(end, 0.3, 0.1, 0.2), score(scene.recording, scene.labels), scene.labels) == []


def test_a_reply_is_the_one_that_began_to_play_there():
    told = [Moment(3.01, PlaybackStarted(Turn(1))), Moment(9.0, PlaybackStarted(Turn(2)))]
    assert (reply_at(told, 3.0), reply_at(told, 8.95), reply_at(told, 6.0)) == (1, 2, None)


def test_words_of_a_draft_that_was_dropped_are_not_those_that_were_heard(asked):
    one, labels, end = asked
    late = [Moment(end + 0.25, PhraseDrafted(ONE, Draft(2), 0, "Six.")),
            Moment(end + 0.27, PhraseDrafted(Turn(2), Draft(3), 0, "Two."))]  # fmt: skip
    told = sorted([*reply(end, 0.30, 0.12, 0.28), *late], key=lambda each: each.at)
    (parts,) = parts_of(told, one, labels)
    assert milliseconds(parts)["words"] == -180 and milliseconds(parts)["voice"] == 160
