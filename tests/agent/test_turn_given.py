"""Turns that the client gives, and turns that are over and wait: nothing is lost, nothing answered twice."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import Agent, User
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    PlaybackEnded,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Say,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    Turn,
)

ASK = ReplyRequested("what waits", written=True)


def waits(scene: Scene | None = None) -> Scene:
    """A turn from 1 to 2 s that silence has ended, and that nobody answered."""
    scene = scene or Scene(answers=False)
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.until(4)
    return scene


def test_silence_ends_the_turn_and_nothing_is_answered() -> None:
    scene = waits()
    assert scene.where == (User.QUIET, Agent.SILENT)
    assert scene.log[-2:] == [(2.5, DropDraft(Turn(1), Draft(1))), (2.5, StopThinking(Turn(1)))]
    assert scene.state.unanswered == Span(at(0.8), at(2.1))


def test_the_reply_that_is_asked_for_heard_all_that_waits() -> None:
    orders = waits().tell(4, ASK)
    assert orders == [StartDraft(Turn(2), Draft(2), Span(at(0.8), at(2.1))), CommitDraft(Turn(2), Draft(2))]


def test_the_next_turn_begins_with_what_nobody_answered() -> None:
    scene = waits()
    assert scene.tell(5.1, SpeechStarted(at(5))) == [Think(Turn(2), Span(at(0.8), at(5)))]
    scene.tell(6.1, SpeechPaused(at(6)))
    scene.until(7)
    assert scene.state.unanswered == Span(at(0.8), at(6.1))


def test_an_answered_turn_waits_no_more() -> None:
    scene = waits()
    scene.tell(4, ASK)
    scene.tell(4.5, PlaybackStarted(Turn(2)), PlaybackEnded(Turn(2)))
    assert scene.state.unanswered is None
    assert scene.tell(5, ASK)[0] == StartDraft(Turn(3), Draft(3), Span(at(2.1), at(2.1)))


def test_what_is_typed_is_answered_together_with_what_was_said() -> None:
    orders = waits().tell(4, TextEntered("and times two"))
    assert orders[0] == StartDraft(Turn(2), Draft(2), Span(at(0.8), at(2.1)))


def test_what_has_left_the_ring_is_forgotten_and_what_is_leaving_it_is_cut() -> None:
    scene = waits()
    assert scene.tell(51.5, ASK)[0] == StartDraft(Turn(2), Draft(2), Span(at(1.5), at(2.1)))
    scene = waits()
    assert scene.tell(60, ASK)[0] == StartDraft(Turn(2), Draft(2), Span(at(2.1), at(2.1)))


def test_asked_for_in_mid_speech_the_turn_is_over_and_the_rest_is_not_listened_to() -> None:
    scene = Scene(answers=False)
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(2, InputCommitted(at(2))) == [StopThinking(Turn(1))]
    assert scene.state.unanswered == Span(at(0.8), at(2)) and scene.state.muted == at(1)
    scene.tell(3, SpeechPaused(at(2.9)))
    assert scene.state.muted is None


def test_an_open_pause_can_be_said_to_be_the_end() -> None:
    scene = Scene(answers=False)
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    assert scene.tell(2.2, InputCommitted(at(2.2))) == [DropDraft(Turn(1), Draft(1)), StopThinking(Turn(1))]


# --- given by the client ------------------------------------------------------------------------------------


def test_the_client_begins_a_turn_and_gives_it() -> None:
    scene = Scene(answers=False)
    assert scene.tell(1, InputBegan(at(1))) == [Think(Turn(1), Span(at(0.8), at(1)))]
    assert scene.tell(3, InputGiven(Span(at(1), at(3)))) == [StopThinking(Turn(1))]
    assert scene.where == (User.QUIET, Agent.SILENT)
    assert scene.tell(3, ASK)[0] == StartDraft(Turn(2), Draft(1), Span(at(0.8), at(3)))


def test_several_turns_are_answered_as_one() -> None:
    scene = Scene(answers=False)
    for begin in (1, 4):
        scene.tell(begin, InputBegan(at(begin)))
        scene.tell(begin + 2, InputGiven(Span(at(begin), at(begin + 2))))
    assert scene.tell(6, ASK)[0] == StartDraft(Turn(3), Draft(1), Span(at(0.8), at(6)))


def test_while_the_agent_speaks_what_is_given_waits_and_disturbs_nobody() -> None:
    scene = Scene(answers=False)
    scene.tell(1, InputBegan(at(1)))
    scene.tell(2, InputGiven(Span(at(1), at(2))), ASK)
    scene.tell(2.5, PlaybackStarted(Turn(2)))
    assert scene.tell(3, InputBegan(at(3)), InputGiven(Span(at(3), at(4))), InputWithdrawn(at(4))) == []
    assert scene.where == (User.QUIET, Agent.SPEAKING)
    assert scene.tell(5, PlaybackEnded(Turn(2))) == [Remember(Turn(2), None)]
    assert scene.tell(5, ASK)[0] == StartDraft(Turn(3), Draft(2), Span(at(3), at(4)))


def test_a_stream_that_never_stops_does_not_keep_the_reply_back() -> None:
    scene = Scene(answers=False)
    scene.tell(1, InputBegan(at(1)))
    scene.tell(3, InputGiven(Span(at(1), at(3))), InputBegan(at(3)))
    assert scene.tell(3.1, ASK) == [
        StopThinking(Turn(2)),
        StartDraft(Turn(3), Draft(1), Span(at(0.8), at(3))),
        CommitDraft(Turn(3), Draft(1)),
    ]
    scene.tell(3.5, PlaybackStarted(Turn(3)))
    scene.tell(5, PlaybackEnded(Turn(3)), InputGiven(Span(at(3), at(6))))
    assert scene.tell(6, ASK)[0] == StartDraft(Turn(4), Draft(2), Span(at(3), at(6)))


def test_words_of_the_applications_are_said_while_the_client_gives_a_turn() -> None:
    scene = Scene(answers=False)
    scene.tell(1, InputBegan(at(1)))
    assert scene.tell(2, ReplyRequested("greeting")) == [StopThinking(Turn(1)), Say(Turn(2), "greeting")]


def test_what_is_typed_takes_nothing_of_a_turn_that_is_not_given_yet() -> None:
    scene = Scene(answers=False)
    scene.tell(1, InputBegan(at(1)))
    orders = scene.tell(2, TextEntered("two plus two"))
    assert orders[:2] == [StopThinking(Turn(1)), StartDraft(Turn(2), Draft(1), Span(at(2), at(2)))]
    scene.tell(2.5, PlaybackStarted(Turn(2)), PlaybackEnded(Turn(2)))
    scene.tell(3, InputGiven(Span(at(1), at(3))))
    assert scene.tell(3, ASK)[0] == StartDraft(Turn(3), Draft(2), Span(at(1), at(3)))


def test_nothing_given_is_nothing() -> None:
    scene = Scene(answers=False)
    scene.tell(1, InputGiven(Span(at(1), at(1))))
    assert scene.state.unanswered is None


def test_what_is_withdrawn_never_was_and_what_waited_before_waits_on() -> None:
    scene = waits()
    scene.tell(5, InputBegan(at(5)))
    assert scene.tell(6, InputWithdrawn(at(6))) == [StopThinking(Turn(2))]
    assert scene.where == (User.QUIET, Agent.SILENT) and scene.state.unanswered == Span(at(0.8), at(2.1))
    assert scene.tell(7.1, SpeechStarted(at(7)))[0] == Think(Turn(3), Span(at(0.8), at(7)))


def test_withdrawn_in_a_pause_its_draft_goes_too() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    assert scene.tell(2.2, InputWithdrawn(at(2.2))) == [DropDraft(Turn(1), Draft(1)), StopThinking(Turn(1))]
    assert scene.tell(3.1, SpeechStarted(at(2.3)))[0] == Think(Turn(2), Span(at(2.2), at(2.3)))


@pytest.mark.parametrize("again", [False, True])
def test_one_who_goes_on_before_the_asked_reply_is_heard_is_still_in_the_same_turn(again: bool) -> None:
    scene = waits()
    scene.tell(4, ASK)
    orders = scene.tell(4.2, SpeechStarted(at(4.1)))
    assert orders == [DropDraft(Turn(2), Draft(2)), Think(Turn(2), Span(at(0.8), at(4.1)))]
    scene.tell(5.1, SpeechPaused(at(5)))
    scene.until(7)
    assert scene.state.unanswered == Span(at(0.8), at(5.1))
    if again:
        assert scene.tell(7, ASK)[0] == StartDraft(Turn(3), Draft(4), Span(at(0.8), at(5.1)))
