"""What an application asks of the policy: words, a reply that the brain writes, silence."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import Agent, User
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    DropDraft,
    Ending,
    Hush,
    InterruptRequested,
    Order,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Say,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    TextEntered,
    Think,
    Turn,
)

SILENCE = InterruptRequested(Turn(0))
WRITTEN = ReplyRequested("a reminder", written=True)
NOTHING = Span(at(0), at(0))


def kinds(orders: list[Order]) -> list[type]:
    return [type(order) for order in orders]


# --- a reply that answers to nobody -------------------------------------------------------------------------


def test_a_reply_is_drafted_about_nothing_and_committed_at_once() -> None:
    scene = Scene()
    orders = scene.tell(1, WRITTEN)
    assert orders == [StartDraft(Turn(1), Draft(1), NOTHING), CommitDraft(Turn(1), Draft(1))]
    assert scene.why == "asked to reply: a reminder"
    assert scene.where == (User.QUIET, Agent.DUE) and scene.state.asked
    scene.tell(1.5, PhraseDrafted(Turn(1), Draft(1), 0, "Hello."), PlaybackStarted(Turn(1)))
    assert scene.tell(2, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_it_takes_nothing_of_the_sound_that_a_user_may_be_making() -> None:
    scene = Scene()
    scene.tell(5, WRITTEN)
    orders = scene.tell(5.1, SpeechStarted(at(4.95)))
    assert orders == [DropDraft(Turn(1), Draft(1)), Think(Turn(2), Span(at(4.75), at(4.95)))]


def test_while_the_floor_is_taken_it_is_not_begun() -> None:
    scene = Scene().speaks()
    assert scene.tell(4.2, WRITTEN) == []
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(1.5, WRITTEN) == []


def test_one_that_fails_is_excused_and_one_that_has_nothing_to_say_is_let_go() -> None:
    scene = Scene()
    scene.tell(1, WRITTEN)
    failed = scene.tell(1.5, DraftFinished(Turn(1), Draft(1), Ending.FAILED))
    assert failed == [DropDraft(Turn(1), Draft(1)), Say(Turn(1), "failed")]
    scene = Scene()
    scene.tell(1, WRITTEN)
    assert scene.tell(1.5, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE)) == [Remember(Turn(1), 0)]
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_typed_words_take_its_place() -> None:
    scene = Scene()
    scene.tell(1, WRITTEN)
    assert kinds(scene.tell(1.1, TextEntered("no"))) == [DropDraft, StartDraft, CommitDraft]


# --- silence ------------------------------------------------------------------------------------------------


def test_a_reply_that_sounds_ends_where_it_was_heard() -> None:
    scene = Scene().speaks()
    scene.tell(4.4, PlaybackReached(Turn(1), 0, 9600))
    assert scene.tell(4.5, SILENCE) == [Hush(Turn(1)), Remember(Turn(1), 9600)]
    assert (scene.where, scene.why) == ((User.QUIET, Agent.SILENT), "interrupted: asked to")


def test_a_reply_that_is_due_is_never_heard() -> None:
    scene = Scene()
    scene.tell(1, TextEntered("hello"))
    assert scene.tell(1.2, SILENCE) == [Hush(Turn(1)), Remember(Turn(1), 0)]
    scene = Scene()
    scene.tell(1, WRITTEN)
    assert scene.tell(1.2, SILENCE) == [DropDraft(Turn(1), Draft(1))], "there is no turn to remember"
    scene = Scene()
    scene.tell(1, ReplyRequested("greeting"))
    assert scene.tell(1.2, SILENCE) == [DropDraft(Turn(1), Draft(0))]


@pytest.mark.parametrize("said", [0.1, 0.4], ids=["a burst", "sustained"])
def test_under_speech_over_the_voice_the_floor_is_the_users(said: float) -> None:
    scene = Scene().speaks()
    scene.tell(5.1, SpeechStarted(at(5)))
    scene.until(5 + said)
    assert kinds(scene.tell(5 + said, SILENCE)) == [Hush, Remember, Think]
    assert scene.where == (User.TALKING, Agent.SILENT)


def test_while_a_burst_is_judged_it_becomes_the_next_turn() -> None:
    scene = Scene().speaks()
    scene.tell(5.1, SpeechStarted(at(5)))
    scene.tell(5.45, SpeechPaused(at(5.4)))
    assert scene.where == (User.PAUSED, Agent.HELD)
    orders = scene.tell(5.5, SILENCE)
    assert kinds(orders) == [Hush, Remember, Think, DropDraft, StartDraft]
    assert scene.where == (User.PAUSED, Agent.SILENT)


def test_where_the_agent_is_silent_nothing_changes() -> None:
    scene = Scene()
    assert scene.tell(1, SILENCE) == []
    scene.tell(2.1, SpeechStarted(at(2)))
    assert scene.tell(2.5, SILENCE) == []
    scene.tell(3.1, SpeechPaused(at(3)))
    assert scene.tell(3.15, SILENCE) == [], "a draft that nobody hears is no speech"
    assert kinds(scene.until(4))[0] is CommitDraft


def test_only_the_turn_that_is_meant_is_interrupted() -> None:
    scene = Scene().speaks()
    assert scene.tell(4.5, InterruptRequested(Turn(7))) == []
    assert scene.where == (User.QUIET, Agent.SPEAKING)
    assert kinds(scene.tell(4.6, InterruptRequested(Turn(1)))) == [Hush, Remember]
