"""The ledger's figures are taken over; when thoughts were written is told by what could be heard then."""

import pytest

from bench.explain_ahead import ahead_of, thinking_of
from bench.explain_clock import Moment
from bench.explain_words import Answer
from bench.score import score
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftStarted,
    DropDraft,
    Listened,
    PlaybackStarted,
    Sample,
    Span,
    StartDraft,
    Turn,
)
from pipeline.records import Speculated, Thought

ONE = Turn(1)


def span(end):
    return Span(Sample(0), Sample(round(16_000 * end)))


def test_the_ledger_is_summed():
    told = [
        Moment(1.0, DropDraft(ONE, Draft(1))),
        Moment(2.0, Speculated(1, True, 2, 50, 20, 0.1)),
        Moment(9.0, Speculated(2, False, 1, 10, 10, 0.0)),
    ]
    found = ahead_of(told)
    assert found.hits == (True, False) and (found.tokens, found.wasted) == (60, 30)
    assert (found.drafts, found.dropped) == (3, 1)
    assert found.saved == (0.1,), "only hits save"


def test_what_a_draft_had_still_to_take_in_is_counted_in_positions():
    told = [
        Moment(2.0, Listened(span(2.0))),
        Moment(2.2, DraftStarted(ONE, Draft(1), span(2.2))),
        Moment(2.3, Listened(span(2.3))),
        Moment(2.5, DraftStarted(ONE, Draft(2), span(2.3))),
        Moment(2.6, CommitDraft(ONE, Draft(1))),
        Moment(8.0, CommitDraft(Turn(2), Draft(2))),
    ]
    assert ahead_of(told).unread == (3, 0), "0.2 s are three positions of 80 ms"


def test_without_taking_in_nothing_is_said_of_it():
    told = [Moment(2.2, DraftStarted(ONE, Draft(1), span(2.2))), Moment(2.6, CommitDraft(ONE, Draft(1)))]
    assert ahead_of(told).unread == ()


@pytest.fixture
def answered(stage):
    """The user speaks from 1 to 3 s; the agent from 3.4 to 6.4 s, its answer word at 5.0 s."""
    scene = stage(seconds=10.0)
    scene.says(1.0, 2.0)
    scene.answers(3.4, 3.0)
    return scene


def thoughts(times):
    written = [Moment(at, Thought(1, 1, f"w{place} ")) for place, at in enumerate(times)]
    return sorted(
        [
            Moment(0.9, StartDraft(ONE, Draft(1), span(3.0))),
            Moment(0.9, DraftStarted(ONE, Draft(1), span(3.0))),
            *written, Moment(3.2, CommitDraft(ONE, Draft(1))), Moment(3.41, PlaybackStarted(ONE)),
        ],
        key=lambda one: one.at,
    )  # fmt: skip


def test_thoughts_fall_under_the_user_the_agent_silence_or_after_the_answer(answered):
    one = score(answered.recording, answered.labels)
    answer = [Answer(1, "5", "it is five", True, False, 2.0)]
    told = thoughts([1.5, 2.0, 2.9, 3.1, 3.3, 4.0, 6.0])
    found = thinking_of(told, answered.recording, one, answered.labels, answer)[1]
    assert (found.user, found.exposed, found.agent, found.late) == (3, 2, 1, 1)


def test_without_an_answer_word_nothing_is_hidden_behind_the_agents_voice(answered):
    one = score(answered.recording, answered.labels)
    answer = [Answer(1, "5", "who knows", False, False, None)]
    found = thinking_of(thoughts([2.0, 4.0]), answered.recording, one, answered.labels, answer)[1]
    assert (found.user, found.agent, found.late) == (1, 0, 1)


def test_a_turn_with_no_known_answer_is_left_out(answered):
    one = score(answered.recording, answered.labels)
    assert thinking_of(thoughts([2.0]), answered.recording, one, answered.labels, []) == {}
