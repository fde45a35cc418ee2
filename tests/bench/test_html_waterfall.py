"""Where a reply's time went: parts that sum, taken from a trace that was tied to its recording."""

from dataclasses import replace

import pytest

from bench.html_waterfall import NAMES, of_entries, offset
from bench.score import score
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftStarted,
    Listened,
    PhraseDrafted,
    PlaybackStarted,
    Sample,
    Span,
    SpeechPaused,
    Turn,
)
from pipeline.ports import Measured
from pipeline.trace import Entry

START = 1.5
"""Where the trace begins on the recording."""
ONE, FIRST = Turn(1), Draft(1)


def entries(*told):
    """Items at moments of the recording, as a trace that began at START."""
    return [Entry(seq, at - START, item) for seq, (at, item) in enumerate(told)]


def heard(at, delay=0.0):
    return (at + delay, Listened(Span(Sample(0), Sample(round(16_000 * at)))))


def reply(end, commit, words, sound):
    listened = Span(Sample(0), Sample(16_000))
    told = [
        heard(1.6, 0.03), heard(1.8),
        (end + 0.08, SpeechPaused(Sample(round(16_000 * (end + 0.01))))),
        (end + 0.08, DraftStarted(ONE, FIRST, listened)),
        (commit, CommitDraft(ONE, FIRST)),
        (words, PhraseDrafted(ONE, FIRST, 0, "Nine.")),
        (sound, Measured(1, "phrase to first sound", 0.03)),
        (max(commit, sound) + 0.02, PlaybackStarted(ONE)),
    ]  # fmt: skip
    return entries(*sorted(told, key=lambda one: one[0]))


@pytest.fixture
def asked(stage):
    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + 0.35, 2.0)
    return score(scene.recording, scene.labels), scene.labels, end


def test_a_trace_is_tied_to_its_recording_by_the_promptest_taking_in():
    assert offset(entries(heard(2.0, 0.4), heard(3.0, 0.02), heard(4.0, 0.1))) == pytest.approx(START - 0.02)
    assert offset([]) is None


def test_parts_sum_to_the_measured_wait_and_words_written_early_are_credit(asked):
    one, labels, end = asked
    told = of_entries(reply(end, end + 0.30, end + 0.12, end + 0.15), one, labels)
    (parts,) = told.parts
    terms = parts.terms
    assert list(terms) == list(NAMES)
    assert sum(terms.values()) == pytest.approx(one.turns[0].voice_to_voice)
    assert terms["detector"] == pytest.approx(0.01, abs=1e-3)
    assert terms["wait"] == pytest.approx(0.29, abs=1e-3)
    assert terms["words"] == pytest.approx(-0.18, abs=1e-3)
    assert terms["voice"] == pytest.approx(0.03, abs=1e-3)
    assert parts.credit == pytest.approx(0.15, abs=1e-3)


def test_words_written_after_the_decision_are_no_credit(asked):
    one, labels, end = asked
    (parts,) = of_entries(reply(end, end + 0.20, end + 0.26, end + 0.30), one, labels).parts
    assert parts.terms["words"] == pytest.approx(0.06, abs=1e-3) and parts.credit == 0.0


def test_a_reply_without_its_commit_in_the_trace_is_left_out(asked):
    one, labels, end = asked
    whole = reply(end, end + 0.30, end + 0.12, end + 0.15)
    without = [entry for entry in whole if not isinstance(entry.item, CommitDraft)]
    assert of_entries(without, one, labels).parts == ()
    assert of_entries([], one, labels).parts == ()


def test_a_turn_that_was_cut_into_has_no_parts(asked):
    one, labels, end = asked
    cut = replace(one, turns=(replace(one.turns[0], cut_in=True),))
    assert of_entries(reply(end, end + 0.30, end + 0.12, end + 0.15), cut, labels).parts == ()
