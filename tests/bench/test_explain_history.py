"""What is remembered of a cut reply is held against what the recording shows to have been played."""

import pytest

from bench.explain_clock import Moment
from bench.explain_history import gaps_of, kept_of
from bench.explain_words import heard_replies
from pipeline.events import (
    CommitDraft,
    Draft,
    Hold,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Resume,
    Turn,
)
from pipeline.records import Said

ONE, DRAFT = Turn(1), Draft(1)
TEXT = "one two three four five six"


@pytest.fixture
def scene(stage):
    return stage(seconds=12.0)


def reply(scene, until, told, upto, *, more=()):
    """A reply from 3.0 s on, of words of 0.4 s each; played ``until``, and ``told`` words of it reported."""
    words = TEXT.split()
    scene.answers(3.0, until - 3.0)
    moments = [
        Moment(2.9, CommitDraft(ONE, DRAFT)), Moment(2.9, PhraseDrafted(ONE, DRAFT, 0, TEXT)),
        Moment(3.01, PlaybackStarted(ONE)),
        *(Moment(3.0 + 0.4 * count, Said(1, " ".join(words[:count]), whole=False))
          for count in range(1, told + 1)),
        *more, Moment(until - 0.03, Hush(ONE)), Moment(until - 0.02, Remember(ONE, upto)),
    ]  # fmt: skip
    return sorted(moments, key=lambda one: one.at)


def kept(scene, moments):
    return kept_of(moments, heard_replies(moments, scene.recording), scene.recording)


def test_a_true_memory_differs_by_nothing(scene):
    (found,) = kept(scene, reply(scene, 4.3, 3, round(24_000 * 1.3)))
    assert found.words == 0 and found.seconds == pytest.approx(0.0, abs=0.005)


def test_a_word_too_few_and_the_sound_that_is_missing_are_told(scene):
    (found,) = kept(scene, reply(scene, 4.7, 3, round(24_000 * 1.3)))
    assert found.words == -1, "the fourth word ended at 4.6 s by the pace of the others"
    assert found.seconds == pytest.approx(-0.4, abs=0.005)


def test_a_memory_of_more_than_was_played_is_positive(scene):
    moments = reply(scene, 3.9, 3, round(24_000 * 1.3))
    (found,) = kept(scene, moments)
    assert found.words == 1 and found.seconds == pytest.approx(0.4, abs=0.005)


def test_whole_replies_and_resumed_ones_are_left_out(scene):
    assert kept(scene, reply(scene, 4.3, 3, None)) == []
    again = [Moment(3.5, Hold(ONE)), Moment(3.7, Resume(ONE))]
    assert kept(scene, reply(scene, 4.3, 3, 30_000, more=again)) == []


def gaps(scene, moments):
    return gaps_of(moments, heard_replies(moments, scene.recording), scene.recording)


def told_by(words, *, more=()):
    moments = [Moment(3.01, PlaybackStarted(ONE)), *more]
    said = []
    for word, at in words:
        said.append(word)
        moments.append(Moment(at, Said(1, " ".join(said), whole=False)))
    return sorted(moments, key=lambda one: one.at)


def test_a_silence_inside_a_reply_counts_unless_a_mark_asks_for_it(scene):
    scene.answers(3.0, 0.5)
    scene.answers(3.8, 0.5)
    (found,) = gaps(scene, told_by([("the", 3.45), ("sum", 4.3)]))
    assert (found.at, found.seconds) == (pytest.approx(3.5, abs=0.01), pytest.approx(0.3, abs=0.01))
    assert gaps(scene, told_by([("well,", 3.45), ("yes", 4.3)])) == []


def test_silence_under_a_hold_and_between_two_replies_is_no_gap(scene):
    scene.answers(3.0, 0.5)
    scene.answers(3.8, 0.5)
    words = [("the", 3.45), ("sum", 4.3)]
    assert gaps(scene, told_by(words, more=[Moment(3.4, Hold(ONE))])) == []
    assert gaps(scene, told_by(words, more=[Moment(3.81, PlaybackStarted(Turn(2)))])) == []
