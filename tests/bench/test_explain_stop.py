"""A stop's parts sum to its latency; sound that no order allowed is counted, and only that."""

import pytest

from bench.explain_clock import Moment
from bench.explain_stop import STOPS, closed_spans, holds_of, stops_of, unasked
from bench.labels import Kind
from bench.score import score
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hold,
    Hush,
    PlaybackEnded,
    Resume,
    Sample,
    SessionClosed,
    SpeechStarted,
    Turn,
)

ONE, TWO = Turn(1), Turn(2)
DRAFT = Draft(1)


@pytest.fixture
def interrupted(stage):
    """The agent speaks from 3.0 to 4.9 s; the user breaks in at 4.5 s."""
    scene = stage(seconds=12.0)
    scene.says(1.0, 1.5)
    scene.answers(3.0, 1.9)
    scene.says(4.5, 1.0, Kind.BARGE_IN)
    return scene


def test_a_stop_is_parted_and_the_parts_sum(interrupted):
    one = score(interrupted.recording, interrupted.labels)
    told = [
        Moment(1.1, SpeechStarted(Sample(16_000))), Moment(4.58, SpeechStarted(Sample(72_000))),
        Moment(4.80, Hold(ONE)), Moment(4.90, Hush(ONE)),
    ]  # fmt: skip
    (found,) = stops_of(told, one, interrupted.labels)
    assert list(found.terms) == list(STOPS) and found.turn == 2
    assert found.terms == pytest.approx({"detect": 0.08, "decide": 0.22, "silence": 0.10}, abs=0.005)
    assert sum(found.terms.values()) == pytest.approx(one.turns[1].stop.latency, abs=1e-9)


def test_a_reply_that_was_over_by_itself_has_no_parts(interrupted):
    one = score(interrupted.recording, interrupted.labels)
    started = Moment(4.58, SpeechStarted(Sample(72_000)))
    assert stops_of([started], one, interrupted.labels) == []
    assert stops_of([started, Moment(5.2, Hold(ONE))], one, interrupted.labels) == []
    assert stops_of([Moment(4.7, Hold(ONE))], one, interrupted.labels) == [], "nothing was detected"


def test_a_hold_is_false_when_nobody_wanted_the_floor(stage):
    scene = stage(seconds=20.0)
    scene.says(1.0, 1.0)
    scene.answers(3.0, 10.0)
    scene.says(5.0, 0.4, Kind.BACKCHANNEL)
    scene.says(9.0, 1.0, Kind.BARGE_IN)
    told = [Moment(5.3, Hold(ONE)), Moment(5.7, Resume(ONE)), Moment(9.2, Hold(ONE)), Moment(9.4, Hush(ONE)),
            Moment(15.0, SessionClosed("over"))]  # fmt: skip
    first, second = holds_of(told, scene.labels)
    assert (first.wanted, first.gap) == (False, pytest.approx(0.4))
    assert (second.wanted, second.gap) == (True, None)


def test_nothing_is_without_leave_when_sound_keeps_to_its_orders(interrupted):
    told = [Moment(2.99, CommitDraft(ONE, DRAFT)), Moment(4.86, Hush(ONE))]
    found = unasked(told, interrupted.recording)
    assert (found.uncommitted, found.stale) == (0, 0)


def test_sound_before_its_commit_is_counted_in_samples(interrupted):
    told = [Moment(3.36, CommitDraft(ONE, DRAFT)), Moment(4.86, Hush(ONE))]
    found = unasked(told, interrupted.recording)
    assert found.uncommitted == pytest.approx(0.30 * 24_000, abs=480) and found.stale == 0


def test_sound_after_its_cancel_and_fade_is_stale(interrupted):
    told = [Moment(2.99, CommitDraft(ONE, DRAFT)), Moment(4.31, Hush(ONE))]
    found = unasked(told, interrupted.recording)
    assert found.stale == pytest.approx(0.50 * 24_000, abs=480) and found.uncommitted == 0


def test_sound_after_a_reply_was_over_belongs_to_nobody(interrupted):
    told = [Moment(2.99, CommitDraft(ONE, DRAFT)), Moment(4.34, PlaybackEnded(ONE))]
    assert unasked(told, interrupted.recording).uncommitted == pytest.approx(0.50 * 24_000, abs=480)


def test_orders_open_and_close_and_those_for_other_drafts_do_nothing():
    told = [
        Moment(1.0, CommitDraft(ONE, DRAFT)), Moment(1.5, DropDraft(ONE, Draft(7))),
        Moment(2.0, Hold(ONE)), Moment(3.0, Resume(ONE)), Moment(3.5, Hush(TWO)),
        Moment(4.0, DropDraft(ONE, DRAFT)), Moment(6.0, CommitDraft(TWO, Draft(8))),
    ]  # fmt: skip
    spans = closed_spans(told, 9.0)
    assert [stale for *_, stale in spans] == [False, True, True]
    assert [(round(start, 2), round(end, 2)) for start, end, _ in spans] == [
        (0.0, 0.94), (2.09, 2.94), (4.07, 5.94),
    ]  # fmt: skip


def test_a_hush_of_another_turn_does_not_end_a_hold(stage):
    scene = stage(seconds=10.0)
    told = [Moment(5.0, Hold(ONE)), Moment(5.1, Hush(TWO)), Moment(5.4, Resume(ONE))]
    assert holds_of(told, scene.labels)[0].gap == pytest.approx(0.4)
