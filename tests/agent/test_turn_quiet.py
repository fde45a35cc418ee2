"""A silence of the user is broken once, after an exchange and never over anything."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import Agent, User
from agent.turn_config import TurnConfig
from pipeline.events import (
    Draft,
    DraftFinished,
    DropDraft,
    Ending,
    InputWithdrawn,
    Order,
    PlaybackEnded,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Say,
    Span,
    SpeechPaused,
    SpeechStarted,
    TextEntered,
    Think,
    Turn,
)


def answered(**settings: object) -> Scene:
    """An exchange whose reply was heard to its end at 5.0."""
    scene = Scene(**{"nudge_after": 8.0, **settings}).speaks()
    scene.tell(5, PlaybackEnded(Turn(1)))
    return scene


def says(orders: list[Order]) -> list[Order]:
    return [order for order in orders if isinstance(order, Say)]


def test_the_agent_breaks_a_silence_that_follows_its_reply_once() -> None:
    scene = answered()
    assert scene.until(12.9) == []
    assert scene.until(13) == [Say(Turn(2), "nudge")]
    assert scene.why == "nudged: nothing was said for 8 s"
    scene.tell(13.2, PlaybackStarted(Turn(2)))
    assert scene.tell(14, PlaybackEnded(Turn(2))) == [Remember(Turn(2), None)]
    assert scene.until(200) == []


def test_it_is_off_by_default() -> None:
    assert answered(nudge_after=0.0).until(500) == []


def test_a_user_who_speaks_again_arms_it_again() -> None:
    scene = answered()
    scene.until(13)
    scene.tell(13.2, PlaybackStarted(Turn(2)))
    scene.tell(14, PlaybackEnded(Turn(2)))
    scene.tell(20.1, SpeechStarted(at(20)))
    scene.tell(21.1, SpeechPaused(at(21)))
    scene.until(21.5)
    scene.tell(22, PlaybackStarted(Turn(3)))
    scene.tell(23, PlaybackEnded(Turn(3)))
    assert scene.until(31) == [Say(Turn(4), "nudge")]


def test_typed_words_arm_it_too() -> None:
    scene = Scene(nudge_after=8.0)
    scene.tell(1, TextEntered("hello"))
    scene.tell(1.5, PlaybackStarted(Turn(1)))
    scene.tell(2, PlaybackEnded(Turn(1)))
    assert says(scene.until(10)) == [Say(Turn(2), "nudge")]


def test_speech_disarms_it_and_a_turn_without_a_reply_arms_nothing() -> None:
    scene = answered()
    scene.tell(12.5, SpeechStarted(at(12.4)))
    assert scene.state.nudge_at is None
    scene.tell(12.9, SpeechPaused(at(12.8)))
    assert says(scene.until(13.2)) == []


def test_a_greeting_is_no_exchange() -> None:
    scene = Scene(nudge_after=8.0)
    scene.tell(0.5, ReplyRequested("greeting"))
    scene.tell(0.6, PlaybackStarted(Turn(1)))
    scene.tell(2, PlaybackEnded(Turn(1)))
    assert scene.until(100) == []


def test_a_reply_that_was_cut_leaves_the_silence_alone() -> None:
    scene = Scene(nudge_after=8.0).speaks()
    scene.until(8)
    assert scene.where == (User.QUIET, Agent.SILENT), "the voice stalled"
    assert scene.until(100) == []


def test_it_waits_for_the_echo_of_the_reply_to_be_over() -> None:
    scene = answered(barge_in=False, nudge_after=0.3)
    scene.tell(5.1, SpeechStarted(at(5.05)))
    assert says(scene.until(5.5)) == []
    assert [type(order) for order in scene.until(5.7)] == [Think], "it was the user after all"
    quiet = answered(barge_in=False, nudge_after=0.3)
    assert quiet.until(5.59) == []
    assert quiet.until(6) == [Say(Turn(2), "nudge")]
    assert [time for time, order in quiet.log if isinstance(order, Say)] == [pytest.approx(5.6)]


def test_the_user_may_speak_before_it_sounds() -> None:
    scene = answered()
    scene.until(13)
    orders = scene.tell(13.2, SpeechStarted(at(13.1)))
    assert [type(order) for order in orders] == [DropDraft, Think]
    assert orders[0] == DropDraft(Turn(2), Draft(0))


def test_claps_before_the_question_belong_to_the_turn() -> None:
    scene = Scene()
    (think,) = scene.tell(10.1, SpeechStarted(at(10), at(7.5)))
    assert think == Think(Turn(1), Span(at(7.5 - 0.2), at(10)))


def test_only_the_last_seconds_of_sound_before_a_question_are_taken_and_none_where_it_is_off() -> None:
    (think,) = Scene(sounds=4.0).tell(10.1, SpeechStarted(at(10), at(3)))
    assert think == Think(Turn(1), Span(at(10 - 4.0 - 0.2), at(10)))
    (think,) = Scene(sounds=0.0).tell(10.1, SpeechStarted(at(10), at(7.5)))
    assert think == Think(Turn(1), Span(at(9.8), at(10)))


def test_what_sounded_before_the_voice_had_ended_may_be_its_echo_and_is_left_out() -> None:
    scene = answered(nudge_after=0.0)
    (think,) = scene.tell(7.1, SpeechStarted(at(7), at(3.5)))
    assert think == Think(Turn(2), Span(at(5 + TurnConfig().lingers), at(7)))


def test_where_nothing_can_come_back_a_clap_right_after_the_voice_is_the_users() -> None:
    scene = answered(nudge_after=0.0, lingers=0.0)
    (think,) = scene.tell(7.1, SpeechStarted(at(7), at(5.3)))
    assert think == Think(Turn(2), Span(at(5.3 - 0.2), at(7)))
    scene = answered(nudge_after=0.0, lingers=0.0)
    (think,) = scene.tell(7.1, SpeechStarted(at(7), at(3.5)))
    assert think == Think(Turn(2), Span(at(5), at(7))), "what sounded with the voice is not told apart"


def test_an_answer_right_after_the_voice_begins_as_ever() -> None:
    scene = answered(nudge_after=0.0)
    (think,) = scene.tell(5.6, SpeechStarted(at(5.5), at(4.5)))
    assert think == Think(Turn(2), Span(at(5.5 - 0.2), at(5.5)))


def test_claps_after_a_turn_that_got_no_answer_are_not_taken_for_an_echo() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.2, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    scene.until(4)
    assert scene.where == (User.QUIET, Agent.SILENT)
    (think,) = scene.tell(5.1, SpeechStarted(at(5), at(3)))
    assert think == Think(Turn(2), Span(at(2.8), at(5)))


def test_sounds_that_an_earlier_turn_took_or_a_client_cleared_belong_to_no_later_one() -> None:
    scene = Scene()
    scene.tell(3, InputWithdrawn(at(3)))
    (think,) = scene.tell(5.1, SpeechStarted(at(5), at(2)))
    assert think == Think(Turn(1), Span(at(3), at(5)))
