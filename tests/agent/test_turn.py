"""The turn policy, scene by scene: what is ordered, and when."""

from __future__ import annotations

import dataclasses

import pytest
from turn_scene import RATE, Scene, at

from agent.turn import Agent, State, TurnConfig, User, advance
from pipeline.errors import BugError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    Draft,
    DraftFinished,
    DropDraft,
    Duck,
    Ending,
    EndOfTurnScored,
    Fact,
    Hold,
    Hush,
    InputCommitted,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    ReplyRequested,
    Resume,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    TimerRang,
    ToolCalled,
    Turn,
    Unduck,
)

# --- the user's own floor -------------------------------------------------------------------------------


def test_speech_in_silence_opens_a_turn_from_its_pre_roll_on() -> None:
    scene = Scene()
    assert scene.tell(1.1, SpeechStarted(at(1))) == [Think(Turn(1), Span(at(0.8), at(1)))]
    assert scene.where == (User.TALKING, Agent.SILENT)
    assert scene.state.wake_at is None


def test_the_pre_roll_never_reaches_before_the_first_sample() -> None:
    assert Scene().tell(0.2, SpeechStarted(at(0.05))) == [Think(Turn(1), Span(Sample(0), at(0.05)))]


def test_every_pause_is_drafted_at_once_over_the_whole_turn_and_going_on_drops_the_draft() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(2.1, SpeechPaused(at(2))) == [StartDraft(Turn(1), Draft(1), Span(at(0.8), at(2.1)))]
    assert scene.tell(2.4, SpeechStarted(at(2.3))) == [DropDraft(Turn(1), Draft(1))]
    assert scene.tell(3.1, SpeechPaused(at(3))) == [StartDraft(Turn(1), Draft(2), Span(at(0.8), at(3.1)))]


def test_a_turn_is_committed_when_the_silence_since_its_last_sample_has_lasted_long_enough() -> None:
    scene = Scene().turn_is_due()
    assert [order for _, order in scene.log[-2:]] == [CommitDraft(Turn(1), Draft(1)), StopThinking(Turn(1))]
    assert scene.when(CommitDraft) == pytest.approx(2.5)
    assert scene.state.speech == Span(at(1), at(2))
    assert "500 ms of silence" in scene.state.why


@pytest.mark.parametrize(
    ("probability", "silence"), [(0.95, 0.2), (0.8, 0.2), (0.5, 0.5), (0.3, 1.2), (0.0, 1.2)]
)
def test_the_model_moves_the_deadline(probability: float, silence: float) -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.2, EndOfTurnScored(at(2.1), probability))
    scene.until(4)
    assert scene.when(CommitDraft) == pytest.approx(2 + silence)


def test_a_score_that_comes_after_its_deadline_commits_at_once_never_in_the_past() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.4, EndOfTurnScored(at(2.1), 0.99))
    assert scene.state.wake_at == pytest.approx(2.4)
    scene.until(2.4)
    assert scene.when(CommitDraft) == pytest.approx(2.4)


def test_a_fixed_policy_waits_the_same_whatever_the_model_says() -> None:
    scene = Scene(endpoint=0.4, endpoint_sure=0.4, endpoint_unsure=0.4, adapt=False)
    assert scene.config == TurnConfig.fixed(0.4)
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)), EndOfTurnScored(at(2.1), 0.99))
    scene.until(4)
    assert scene.when(CommitDraft) == pytest.approx(2.4)


def test_a_score_of_an_earlier_pause_is_stale() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.4, SpeechStarted(at(2.3)))
    scene.tell(3.1, SpeechPaused(at(3)), EndOfTurnScored(at(2.1), 0.99))
    assert scene.state.wake_at == pytest.approx(3.5)


def test_silence_that_was_not_captured_does_not_count() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.4, AudioLost(Span(at(1.9), at(2.3))))
    scene.until(5)
    assert scene.when(CommitDraft) == pytest.approx(2.8), "only the 0.3 s of the gap after the pause count"


def test_a_very_long_turn_keeps_its_last_seconds() -> None:
    scene = Scene(window=10.0)
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(30.1, SpeechPaused(at(30))) == [StartDraft(Turn(1), Draft(1), Span(at(20.1), at(30.1)))]
    scene.until(31)
    assert scene.state.speech == Span(at(20.1), at(30))


def test_a_draft_without_words_declines_the_turn() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.2, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    orders = scene.until(3)
    assert orders == [CommitDraft(Turn(1), Draft(1)), StopThinking(Turn(1)), Remember(Turn(1), 0)]
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_a_draft_that_failed_in_the_pause_is_excused_at_the_commit() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    scene.tell(2.2, DraftFinished(Turn(1), Draft(1), Ending.FAILED))
    orders = scene.until(3)
    assert orders == [DropDraft(Turn(1), Draft(1)), StopThinking(Turn(1)), Say(Turn(1), "failed")]
    scene.tell(3.5, PlaybackStarted(Turn(1)))
    assert scene.tell(4.5, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_a_voice_that_failed_in_the_pause_is_tried_anew_at_the_commit() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)), StageFailed("voice", "gone"))
    assert scene.until(2.5) == [
        DropDraft(Turn(1), Draft(1)),
        StartDraft(Turn(1), Draft(2), Span(at(0.8), at(2.1))),
        CommitDraft(Turn(1), Draft(2)),
        StopThinking(Turn(1)),
    ]
    assert scene.tell(2.7, StageFailed("voice", "gone")) == [Hush(Turn(1)), Remember(Turn(1), 0)]


def test_an_explicit_commit_in_a_pause_does_not_wait() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    assert scene.tell(2.2, InputCommitted(at(2.2)))[0] == CommitDraft(Turn(1), Draft(1))


def test_an_explicit_commit_in_mid_speech_takes_the_audio_up_to_it_and_no_more() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(2.0, InputCommitted(at(2))) == [
        StartDraft(Turn(1), Draft(1), Span(at(0.8), at(2))),
        CommitDraft(Turn(1), Draft(1)),
        StopThinking(Turn(1)),
    ]
    assert scene.state.speech == Span(at(1), at(2))
    assert scene.tell(2.3, SpeechPaused(at(2.2))) == [], "the rest of that speech is not listened to"
    assert scene.tell(2.6, SpeechStarted(at(2.5)))[0] == DropDraft(Turn(1), Draft(1))


def test_an_explicit_commit_of_nothing_does_nothing() -> None:
    assert Scene().tell(1, InputCommitted(at(1))) == []


# --- a commit can be taken back until the first sound ---------------------------------------------------


def test_speech_before_the_first_sound_takes_the_commit_back_and_the_same_turn_goes_on() -> None:
    scene = Scene().turn_is_due()
    assert scene.tell(2.8, SpeechStarted(at(2.7))) == [
        DropDraft(Turn(1), Draft(1)),
        Think(Turn(1), Span(at(0.8), at(2.7))),
    ]
    assert scene.tell(3.6, SpeechPaused(at(3.5))) == [StartDraft(Turn(1), Draft(2), Span(at(0.8), at(3.6)))]
    scene.until(4.1)
    assert scene.state.speech == Span(at(1), at(3.5)), "the truth check wants all of the turn's speech heard"


def test_sound_of_a_draft_that_was_taken_back_is_ignored() -> None:
    scene = Scene().turn_is_due()
    scene.tell(2.8, SpeechStarted(at(2.7)), PlaybackStarted(Turn(1)), PlaybackEnded(Turn(1)))
    assert scene.where == (User.TALKING, Agent.SILENT)


def test_a_reply_that_does_not_come_in_time_is_excused_aloud_and_then_given_up() -> None:
    scene = Scene().turn_is_due()
    assert scene.until(12.5) == [DropDraft(Turn(1), Draft(1)), Say(Turn(1), "failed")]
    assert scene.until(23) == [Hush(Turn(1)), Remember(Turn(1), 0)]
    assert scene.where == (User.QUIET, Agent.SILENT)
    assert scene.state.wake_at is None


def test_a_first_sound_in_the_instant_of_its_deadline_may_be_followed_by_that_of_the_excuse() -> None:
    scene = Scene().turn_is_due()
    scene.until(12.5)
    assert scene.tell(12.5, PlaybackStarted(Turn(1)), PlaybackStarted(Turn(1))) == []
    assert scene.tell(14, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_a_failed_draft_is_excused_when_it_is_due() -> None:
    scene = Scene().turn_is_due()
    orders = scene.tell(2.6, StageFailed("brain", "oom"), DraftFinished(Turn(1), Draft(1), Ending.FAILED))
    assert orders == [DropDraft(Turn(1), Draft(1)), Say(Turn(1), "failed")]


def test_a_failed_voice_ends_the_turn_that_is_due() -> None:
    assert Scene().turn_is_due().tell(2.6, StageFailed("voice", "gone")) == [
        Hush(Turn(1)),
        Remember(Turn(1), 0),
    ]


def test_a_draft_with_nothing_to_say_aloud_declines() -> None:
    assert Scene().turn_is_due().tell(2.6, PlaybackEnded(Turn(1))) == [Remember(Turn(1), 0)]


# --- the agent speaks -----------------------------------------------------------------------------------


def test_a_reply_that_was_heard_to_its_end_is_remembered_whole() -> None:
    scene = Scene().speaks()
    assert scene.tell(5, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]
    assert scene.where == (User.QUIET, Agent.SILENT)
    assert scene.state.wake_at is None


def test_the_next_turn_takes_no_sound_that_the_last_one_took() -> None:
    scene = Scene(tail=0.4).turn_is_due()
    scene.tell(2.6, PlaybackEnded(Turn(1)))
    assert scene.tell(2.65, SpeechStarted(at(2.5))) == [Think(Turn(2), Span(at(2.4), at(2.5)))]


def test_speaking_without_sound_ends_as_an_error() -> None:
    scene = Scene().speaks()
    scene.tell(4, PlaybackReached(Turn(1), 0, 12_000))
    assert scene.until(8.9) == []
    assert scene.until(9) == [Hush(Turn(1)), Remember(Turn(1), 12_000)]


def test_heard_samples_add_up_over_phrases_and_never_shrink() -> None:
    scene = Scene().speaks()
    scene.tell(3.5, PlaybackReached(Turn(1), 0, 8_000), PlaybackReached(Turn(1), 0, 12_000))
    scene.tell(3.6, PlaybackReached(Turn(1), 1, 2_000), PlaybackReached(Turn(1), 0, 11_000))
    assert scene.state.heard == 14_000
    scene.tell(3.7, PlaybackReached(Turn(1), 1, 1_000))
    assert scene.state.heard == 14_000


@pytest.mark.parametrize("starved_first", [True, False])
def test_a_brain_that_fails_in_mid_reply_ends_it_where_its_words_end(starved_first: bool) -> None:
    scene = Scene().speaks()
    facts: list[Fact] = [PlaybackStarved(Turn(1)), DraftFinished(Turn(1), Draft(1), Ending.FAILED)]
    orders = scene.tell(4, *(facts if starved_first else facts[::-1]))
    assert orders == [Hush(Turn(1)), Remember(Turn(1), 0)]


def test_a_slow_brain_may_starve_the_voice_for_a_while() -> None:
    scene = Scene().speaks()
    assert scene.tell(4, PlaybackStarved(Turn(1)), PlaybackReached(Turn(1), 0, 100)) == []
    assert scene.tell(5, DraftFinished(Turn(1), Draft(1), Ending.FAILED)) == []
    assert scene.where == (User.QUIET, Agent.SPEAKING)


def test_a_voice_that_fails_in_mid_reply_ends_it_there() -> None:
    scene = Scene().speaks()
    scene.tell(3.5, PlaybackReached(Turn(1), 0, 8_000))
    assert scene.tell(4, StageFailed("voice", "gone")) == [Hush(Turn(1)), Remember(Turn(1), 8_000)]


# --- overlap --------------------------------------------------------------------------------------------


def test_speech_over_the_voice_ducks_it_at_once_and_holds_it_when_sustained() -> None:
    scene = Scene().is_talked_over()
    assert scene.log[-1] == (4.1, Duck(Turn(1), 0.3))
    assert scene.until(4.2) == [Hold(Turn(1))]
    assert scene.state.why == "held at 200 ms: sustained speech"


def test_a_burst_too_short_for_a_word_unducks() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.18, SpeechPaused(at(4.12))) == [Unduck(Turn(1))]
    assert scene.where == (User.QUIET, Agent.SPEAKING)


def test_speech_that_goes_on_takes_the_floor_with_all_of_its_audio() -> None:
    scene = Scene().is_held()
    assert scene.until(5) == [
        Hush(Turn(1)),
        Remember(Turn(1), 24_000),
        Think(Turn(2), Span(at(3.8), at(4))),
    ]
    assert scene.when(Hush) == pytest.approx(4.7)
    assert scene.tell(6.1, SpeechPaused(at(6))) == [StartDraft(Turn(2), Draft(2), Span(at(3.8), at(6.1)))]
    scene.until(7)
    assert scene.state.speech == Span(at(4), at(6))


def test_a_burst_told_late_as_too_short_resumes_at_once() -> None:
    scene = Scene().is_held()
    assert scene.tell(4.3, SpeechPaused(at(4.15))) == [Resume(Turn(1))]
    assert scene.where == (User.QUIET, Agent.SPEAKING)


def test_a_short_word_is_drafted_while_the_voice_is_held_and_resumes_when_nobody_judges_it() -> None:
    scene = Scene().judges()
    assert scene.log[-1][1] == StartDraft(Turn(2), Draft(2), Span(at(3.8), at(4.45)))
    assert scene.until(6) == [DropDraft(Turn(2), Draft(2)), Resume(Turn(1))]
    assert scene.when(Resume) == pytest.approx(4.9), "0.4 s after the pause was told"


def test_a_held_voice_is_decided_on_in_time_even_when_the_pause_is_told_late() -> None:
    scene = Scene(barge_in_after=0.9).is_held()
    scene.tell(4.85, SpeechPaused(at(4.6)))
    scene.until(6)
    assert scene.when(Resume) == pytest.approx(4.9)


def test_a_short_word_judged_a_barge_in_becomes_the_next_turn_with_a_draft_under_the_new_history() -> None:
    scene = Scene().judges()
    assert scene.tell(4.6, OverlapScored(at(4.45), Overlap.BARGE_IN)) == [
        Hush(Turn(1)),
        Remember(Turn(1), 24_000),
        Think(Turn(2), Span(at(3.8), at(4))),
        DropDraft(Turn(2), Draft(2)),
        StartDraft(Turn(2), Draft(3), Span(at(3.8), at(4.45))),
    ]
    assert scene.where == (User.PAUSED, Agent.SILENT)
    assert scene.until(4.85)[0] == CommitDraft(Turn(2), Draft(3))


@pytest.mark.parametrize("kind", [Overlap.BACKCHANNEL, Overlap.NOISE])
def test_a_short_word_judged_no_barge_in_resumes(kind: Overlap) -> None:
    scene = Scene().judges()
    assert scene.tell(4.6, OverlapScored(at(4.4), kind)) == [DropDraft(Turn(2), Draft(2)), Resume(Turn(1))]


def test_a_burst_that_deserves_no_answer_is_no_barge_in() -> None:
    scene = Scene().judges()
    orders = scene.tell(4.6, DraftFinished(Turn(2), Draft(2), Ending.COMPLETE))
    assert orders == [DropDraft(Turn(2), Draft(2)), Resume(Turn(1))]
    answered = Scene().judges()
    answered.tell(4.6, PhraseDrafted(Turn(2), Draft(2), 0, "Okay."))
    assert answered.tell(4.6, DraftFinished(Turn(2), Draft(2), Ending.COMPLETE)) == []
    assert Scene().judges().tell(4.6, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE)) == []


def test_speech_judged_a_barge_in_takes_the_floor_before_any_hold() -> None:
    scene = Scene().is_talked_over()
    orders = scene.tell(4.15, OverlapScored(at(4.1), Overlap.BARGE_IN))
    assert [type(order) for order in orders] == [Hush, Remember, Think]


def test_a_backchannel_is_excused_while_it_goes_on_but_not_for_ever() -> None:
    scene = Scene().is_held()
    assert scene.tell(4.3, OverlapScored(at(4.25), Overlap.BACKCHANNEL)) == [Resume(Turn(1))]
    assert scene.tell(4.4, OverlapScored(at(4.3), Overlap.BACKCHANNEL)) == []
    assert [type(order) for order in scene.until(6)] == [Hush, Remember, Think]
    assert scene.when(Hush) == pytest.approx(5.0)


def test_side_talk_goes_on_beside_the_voice_until_a_judgement_doubts_it_or_it_is_too_long() -> None:
    kept = Scene().is_held()
    assert kept.tell(4.3, OverlapScored(at(4.25), Overlap.NOISE)) == [Resume(Turn(1))]
    assert [type(order) for order in kept.until(15)] == [Hush, Remember, Think]
    assert kept.when(Hush) == pytest.approx(14.0), "10 s after the onset"
    doubted = Scene().is_held()
    doubted.tell(4.3, OverlapScored(at(4.25), Overlap.NOISE))
    assert doubted.tell(6.0, OverlapScored(at(5.9), Overlap.UNSURE)) == []
    assert doubted.tell(6.3, OverlapScored(at(6.2), Overlap.UNSURE)) == []
    doubted.until(8)
    assert doubted.when(Hush) == pytest.approx(7.0), "one second of doubt, from the first"
    meant = Scene().is_held()
    meant.tell(4.3, OverlapScored(at(4.25), Overlap.NOISE))
    assert Hush in map(type, meant.tell(6.0, OverlapScored(at(5.9), Overlap.BARGE_IN)))


def test_a_backchannel_that_ends_changes_nothing_more() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.15, OverlapScored(at(4.1), Overlap.NOISE)) == [Unduck(Turn(1))]
    assert scene.tell(4.6, SpeechPaused(at(4.5))) == []
    assert scene.where == (User.QUIET, Agent.SPEAKING)


def test_a_judgement_of_an_earlier_overlap_is_stale() -> None:
    scene = Scene().is_held()
    assert scene.tell(4.3, OverlapScored(at(3.9), Overlap.NOISE)) == []


def test_a_second_burst_while_held_takes_the_floor_when_it_is_sustained() -> None:
    scene = Scene().judges()
    assert scene.tell(4.6, SpeechStarted(at(4.55))) == [DropDraft(Turn(2), Draft(2))]
    assert [type(order) for order in scene.until(5)] == [Hush, Remember, Think]
    assert scene.when(Hush) == pytest.approx(4.75)
    assert scene.tell(5.2, SpeechPaused(at(5.1)))[0] == StartDraft(Turn(2), Draft(3), Span(at(3.8), at(5.2)))


def test_a_reply_that_ends_under_the_users_speech_leaves_them_the_floor() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.15, PlaybackEnded(Turn(1))) == [
        Remember(Turn(1), None),
        Think(Turn(2), Span(at(3.8), at(4))),
    ]
    assert scene.where == (User.TALKING, Agent.SILENT)


def test_speech_that_was_not_captured_is_not_sustained_speech() -> None:
    scene = Scene().is_talked_over()
    scene.tell(4.15, AudioLost(Span(at(4.05), at(4.15))))
    scene.until(4.6)
    assert scene.when(Hold) == pytest.approx(4.3)


def test_an_explicit_commit_over_the_voice_takes_the_floor_and_commits() -> None:
    scene = Scene().is_held()
    orders = scene.tell(4.3, InputCommitted(at(4.3)))
    assert [type(order) for order in orders] == [Hush, Remember, Think, StartDraft, CommitDraft, StopThinking]
    assert orders[3] == StartDraft(Turn(2), Draft(2), Span(at(3.8), at(4.3)))
    judging = Scene().judges()
    assert CommitDraft(Turn(2), Draft(3)) in judging.tell(4.55, InputCommitted(at(4.55)))


def test_a_voice_that_fails_under_the_users_speech_leaves_them_the_floor() -> None:
    scene = Scene().is_held()
    assert [type(order) for order in scene.tell(4.3, StageFailed("voice", "gone"))] == [Hush, Remember, Think]
    assert scene.where == (User.TALKING, Agent.SILENT)


@pytest.mark.parametrize("starved_first", [True, False])
def test_a_brain_that_fails_under_the_users_speech_leaves_them_the_floor(starved_first: bool) -> None:
    scene = Scene().is_talked_over()
    facts: list[Fact] = [PlaybackStarved(Turn(1)), DraftFinished(Turn(1), Draft(1), Ending.FAILED)]
    orders = scene.tell(4.15, *(facts if starved_first else facts[::-1]))
    assert [type(order) for order in orders] == [Hush, Remember, Think]


# --- a room in which the agent may hear itself ----------------------------------------------------------


def test_without_barge_in_speech_over_the_voice_is_not_listened_to() -> None:
    scene = Scene(barge_in=False).speaks()
    assert scene.tell(4.1, SpeechStarted(at(4))) == []
    assert scene.tell(4.6, SpeechPaused(at(4.5))) == []
    assert scene.tell(5, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_without_barge_in_an_onset_just_after_the_voice_is_echo_and_a_later_one_is_a_turn() -> None:
    scene = Scene(barge_in=False).speaks()
    scene.tell(5, PlaybackEnded(Turn(1)))
    assert scene.tell(5.2, SpeechStarted(at(5.1))) == []
    scene.tell(5.35, SpeechPaused(at(5.3)))
    assert [type(order) for order in scene.tell(5.5, SpeechStarted(at(5.4)))] == [Think]


def test_without_barge_in_speech_that_outlasts_the_voice_was_the_users_and_is_a_turn() -> None:
    scene = Scene(barge_in=False).speaks()
    scene.tell(4.9, SpeechStarted(at(4.8)))
    scene.tell(5, PlaybackEnded(Turn(1)))
    assert scene.until(5.7) == [Think(Turn(2), Span(at(4.8), at(5)))]
    assert scene.where == (User.TALKING, Agent.SILENT)


def test_without_barge_in_the_echo_ends_quietly_when_nobody_talks() -> None:
    scene = Scene(barge_in=False).speaks()
    scene.tell(5, PlaybackEnded(Turn(1)))
    assert scene.until(7) == []
    assert scene.state.wake_at is None
    assert [type(order) for order in scene.tell(8.1, SpeechStarted(at(8)))] == [Think]


# --- asked, typed, closed -------------------------------------------------------------------------------


def test_a_greeting_is_said_when_the_floor_is_free() -> None:
    scene = Scene()
    assert scene.tell(0.5, ReplyRequested("greeting")) == [Say(Turn(1), "greeting")]
    scene.tell(0.6, PlaybackStarted(Turn(1)))
    assert scene.tell(2, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_a_greeting_is_not_said_when_the_user_has_the_floor() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    assert scene.tell(1.2, ReplyRequested("greeting")) == []


def test_a_greeting_is_dropped_when_the_user_speaks_first() -> None:
    scene = Scene()
    scene.tell(1, ReplyRequested("greeting"))
    assert scene.tell(1.3, SpeechStarted(at(1.2))) == [
        DropDraft(Turn(1), Draft(0)),
        Think(Turn(2), Span(at(1), at(1.2))),
    ]


def test_typed_text_is_a_turn_committed_at_once() -> None:
    assert Scene().tell(1, TextEntered("12 + 30")) == [
        StartDraft(Turn(1), Draft(1), Span(at(1), at(1))),
        CommitDraft(Turn(1), Draft(1)),
    ]


def test_typed_text_stops_the_voice() -> None:
    scene = Scene().speaks()
    orders = scene.tell(4, TextEntered("stop"))
    assert [type(order) for order in orders] == [Hush, Remember, StartDraft, CommitDraft]
    assert orders[3] == CommitDraft(Turn(2), Draft(2))


def test_typed_text_joins_the_words_of_an_open_turn() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    assert scene.tell(2.2, TextEntered("like this")) == [
        DropDraft(Turn(1), Draft(1)),
        StartDraft(Turn(1), Draft(2), Span(at(0.8), at(2.1))),
        CommitDraft(Turn(1), Draft(2)),
        StopThinking(Turn(1)),
    ]
    assert scene.state.speech == Span(at(1), at(2))


def test_speech_after_typed_text_is_a_new_turn_because_the_text_was_whole() -> None:
    scene = Scene()
    scene.tell(1, TextEntered("12 + 30"))
    orders = scene.tell(1.3, SpeechStarted(at(1.2)))
    assert orders == [Hush(Turn(1)), Remember(Turn(1), 0), Think(Turn(2), Span(at(1), at(1.2)))]


def test_typing_while_talking_takes_the_speech_so_far_and_leaves_the_rest() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(1.5, TextEntered("hello"))
    assert scene.state.speech == Span(at(1), at(1.5))
    assert scene.tell(2, SpeechPaused(at(1.9))) == []
    assert scene.where == (User.QUIET, Agent.DUE)


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda s: s, []),
        (Scene.turn_is_due, [Hush, Remember]),
        (Scene.speaks, [Hush, Remember]),
        (Scene.is_held, [Hush, Remember]),
        (Scene.judges, [DropDraft, Hush, Remember]),
    ],
)
def test_closing_ends_what_was_open_and_nothing_happens_after(prepare: object, expected: list[type]) -> None:
    scene = prepare(Scene())  # type: ignore[operator]
    assert [type(order) for order in scene.tell(scene.now, SessionClosed("bye"))] == expected
    assert scene.state.wake_at is None
    assert scene.tell(20, SpeechStarted(at(19)), ReplyRequested("greeting")) == []


# --- what cannot be -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        SpeechPaused(at(4)),
        PlaybackStarted(Turn(1)),
        PlaybackStarted(Turn(9)),
        PhraseDrafted(Turn(1), Draft(7), 0, "?"),
        DraftFinished(Turn(1), Draft(1), Ending.DROPPED),
        ToolCalled(Turn(1), Draft(7), "call", False, 2.0),
    ],
)
def test_what_cannot_be_while_the_agent_speaks_is_a_bug_told_with_its_values(fact: Fact) -> None:
    named = "paused" if isinstance(fact, SpeechPaused) else type(fact).__name__
    with pytest.raises(BugError, match=named):
        Scene().speaks().tell(4.1, fact)


def test_a_second_onset_without_a_pause_is_a_bug() -> None:
    with pytest.raises(BugError, match=r"SpeechStarted\(at=24000"):
        Scene().tell(2, SpeechStarted(at(1)), SpeechStarted(at(1.5)))


def test_a_timer_that_rings_early_is_ignored() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    state, orders = advance(scene.state, TimerRang(), 2.3, scene.config)
    assert (state, orders) == (scene.state, ())


def test_states_are_values() -> None:
    first, second = Scene().judges().state, Scene().judges().state
    assert first == second
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.user = User.QUIET  # type: ignore[misc]


def test_the_origin_follows_a_slow_sound_card_and_never_trusts_late_facts() -> None:
    state = State().anchored(0, 0.0)
    slow = 1 - 2e-4
    for second in range(1, 600):
        state = state.anchored(round(second * RATE * slow), float(second) + 0.05 * (second % 3))
    true_origin = 599 - 599 * slow
    assert state.when(0) == pytest.approx(true_origin, abs=0.002)
