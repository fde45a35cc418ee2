"""A trace is tied to its recording by what cannot have happened before its sound was there."""

import pytest

from bench.explain_clock import of_kind, offset, on_recording
from pipeline.events import CommitDraft, Draft, EndOfTurnScored, Listened, Sample, Span, Turn
from pipeline.trace import Entry

START = 1.5
"""Where the trace begins on the recording."""


def at(seconds, item):
    return Entry(0, seconds - START, item)


def heard(seconds, delay=0.0):
    return at(seconds + delay, Listened(Span(Sample(0), Sample(round(16_000 * seconds)))))


def test_the_promptest_taking_in_shows_where_the_trace_began():
    found = [heard(2.0, 0.4), heard(3.0, 0.02), heard(4.0, 0.1)]
    assert offset(found) == pytest.approx(START - 0.02)


def test_sound_in_the_middle_of_a_frame_is_only_there_when_the_frame_is():
    inside = Listened(Span(Sample(0), Sample(32_001)))
    assert offset([at(2.02, inside)]) == pytest.approx(START)


def test_a_judgement_of_sound_ties_too_and_one_of_words_does_not():
    judged = EndOfTurnScored(Sample(48_000), 0.5, "sound")
    assert offset([heard(2.0, 0.3), at(3.001, judged)]) == pytest.approx(START - 0.001)
    assert offset([at(1.0, EndOfTurnScored(Sample(48_000), 0.5, "words"))]) is None


def test_a_trace_that_nothing_ties_has_no_moments():
    assert offset([]) is None and on_recording([at(2.0, CommitDraft(Turn(1), Draft(1)))]) == []


def test_entries_stand_at_their_place_of_the_recording():
    commit = CommitDraft(Turn(1), Draft(1))
    moments = on_recording([heard(2.0), at(2.5, commit)])
    assert of_kind(moments, CommitDraft) == [(pytest.approx(2.5), commit)]
