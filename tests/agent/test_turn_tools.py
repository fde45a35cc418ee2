"""Tools in the turn policy: what only reads runs at once, what has effects waits for its commit."""

from __future__ import annotations

from dataclasses import replace

from turn_scene import Scene, at

from agent.turn import Agent, User
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    DropDraft,
    Ending,
    EndOfTurnScored,
    Hush,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackReached,
    Remember,
    Resume,
    RunTool,
    Say,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    ToolCalled,
    ToolReturned,
    Turn,
    Unduck,
)

TURN, DRAFT = Turn(1), Draft(1)
LOOK = ToolCalled(TURN, DRAFT, "look", effects=False, within=2.0)
ACT = ToolCalled(TURN, DRAFT, "act", effects=True, within=2.0)
RUN_LOOK, RUN_ACT = RunTool(TURN, DRAFT, "look"), RunTool(TURN, DRAFT, "act")


def paused() -> Scene:
    """A turn from 1.0 to 2.0 s that pauses."""
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    return scene


def acted() -> Scene:
    """The reply is due, and something was done for it."""
    scene = Scene().turn_is_due()
    assert scene.tell(2.6, ACT) == [RUN_ACT]
    return scene


def test_in_a_pause_what_only_reads_runs_at_once_and_what_has_effects_waits_for_the_commit() -> None:
    scene = paused()
    assert scene.tell(2.2, LOOK, ACT) == [RUN_LOOK]
    assert scene.until(2.5)[-1] == RUN_ACT
    assert CommitDraft(TURN, DRAFT) in [order for _, order in scene.log[:-1]]


def test_a_draft_that_the_user_talks_over_takes_its_waiting_calls_with_it() -> None:
    scene = paused()
    scene.tell(2.2, ACT)
    assert scene.tell(2.3, SpeechStarted(at(2.25))) == [DropDraft(TURN, DRAFT)]
    scene.tell(3.1, SpeechPaused(at(3)))
    assert not [order for _, order in scene.log if isinstance(order, RunTool)]
    assert scene.tell(3.2, ToolCalled(TURN, DRAFT, "act", effects=True, within=2.0)) == []


def test_a_draft_before_any_pause_may_read_too() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(1.5, EndOfTurnScored(at(1.45), 0.95, "sound"))
    assert scene.tell(1.6, LOOK, ACT) == [RUN_LOOK]


def test_once_something_was_done_the_commit_is_not_taken_back() -> None:
    scene = acted()
    orders = scene.tell(2.8, SpeechStarted(at(2.7)))
    assert orders[:2] == [Hush(TURN), Remember(TURN, 0)]
    assert scene.state.turn == 2
    assert not [order for order in orders if isinstance(order, DropDraft)]


def test_a_call_that_only_read_holds_no_commit() -> None:
    scene = Scene().turn_is_due()
    assert scene.tell(2.6, LOOK) == [RUN_LOOK]
    assert scene.tell(2.8, SpeechStarted(at(2.7)))[0] == DropDraft(TURN, DRAFT)
    assert scene.state.turn == 1


def test_a_reply_that_fails_after_it_did_something_is_excused_and_its_turn_ends() -> None:
    scene = acted()
    orders = scene.tell(2.8, DraftFinished(TURN, DRAFT, Ending.FAILED))
    assert orders == [DropDraft(TURN, DRAFT), Say(TURN, "failed")]
    after = scene.tell(3.0, SpeechStarted(at(2.9)))
    assert Remember(TURN, 0) in after
    assert not [order for order in after if isinstance(order, StartDraft) and order.turn == TURN]


def test_a_running_call_moves_the_deadline_of_the_first_sound() -> None:
    scene = Scene(reply_timeout=3.0)
    scene.turn_is_due()
    scene.tell(2.6, LOOK)
    assert scene.state.wake_at == 2.6 + 2.0 + 3.0
    scene.tell(4.0, ToolReturned(TURN, DRAFT, "look"))
    assert scene.state.wake_at == 4.0 + 3.0
    assert scene.until(7.0)[-1] == Say(TURN, "failed")


def test_a_running_call_is_no_stall_even_where_words_sound_meanwhile() -> None:
    scene = Scene(stall_timeout=1.0, reply_timeout=3.0).speaks()
    scene.tell(3.1, LOOK)
    scene.tell(3.3, PlaybackReached(TURN, 0, 4800))
    assert scene.state.wake_at == 3.1 + 2.0 + 3.0
    scene.tell(4.5, ToolReturned(TURN, DRAFT, "look"))
    assert scene.state.wake_at == 4.5 + 3.0
    scene.until(7.4)
    assert scene.where == (User.QUIET, Agent.SPEAKING)
    scene.until(7.6)
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_the_deadline_waits_for_the_last_of_several_calls() -> None:
    scene = Scene(reply_timeout=3.0)
    scene.turn_is_due()
    scene.tell(2.6, LOOK, replace(LOOK, call="look again", within=6.0))
    scene.tell(3.0, ToolReturned(TURN, DRAFT, "look"))
    assert scene.state.wake_at == 2.6 + 6.0 + 3.0


def test_while_the_user_talks_over_the_voice_an_effect_waits_until_the_voice_goes_on() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.15, LOOK, ACT) == [RUN_LOOK]
    orders = scene.tell(4.19, SpeechPaused(at(4.12)))
    assert orders == [Unduck(TURN), RUN_ACT]


def test_an_effect_that_waits_while_the_voice_is_held_runs_with_the_resume() -> None:
    scene = Scene().judges()
    scene.tell(4.55, ACT)
    orders = scene.tell(4.6, OverlapScored(at(4.5), Overlap.BACKCHANNEL, "", "sound"))
    assert orders[-2:] == [Resume(TURN), RUN_ACT]


def test_speech_that_is_excused_holds_no_effect_back() -> None:
    scene = Scene().is_held()
    scene.tell(4.25, ACT)
    orders = scene.tell(4.3, OverlapScored(at(4.28), Overlap.BACKCHANNEL, "", "sound"))
    assert orders == [Resume(TURN), RUN_ACT]
    assert scene.tell(4.32, replace(ACT, call="more")) == [RunTool(TURN, DRAFT, "more")]


def test_a_barge_in_takes_the_effect_that_waited_with_it() -> None:
    scene = Scene().is_held()
    scene.tell(4.25, ACT)
    orders = scene.until(5.0)
    assert orders[:2] == [Hush(TURN), Remember(TURN, 24_000)]
    assert not [order for _, order in scene.log if isinstance(order, RunTool)]


def test_a_short_turn_whose_draft_calls_a_tool_asks_for_something() -> None:
    scene = paused()
    scene.tell(2.15, OverlapScored(at(2.1), Overlap.BACKCHANNEL, "", "sound"))
    scene.tell(2.2, ACT, EndOfTurnScored(at(2.1), 0.95))
    orders = scene.until(3.0)
    assert RUN_ACT in orders


def test_a_declined_turn_runs_nothing() -> None:
    scene = paused()
    scene.tell(2.15, OverlapScored(at(2.1), Overlap.NOISE, "", "sound"))
    scene.tell(2.2, ACT)
    orders = scene.until(4.0)
    assert Remember(TURN, 0) in orders
    assert RUN_ACT not in orders


def test_what_was_called_by_a_draft_that_is_gone_is_stale() -> None:
    scene = Scene().speaks()
    scene.tell(3.2, PhraseDrafted(TURN, DRAFT, 1, "more"))
    assert scene.tell(3.3, ToolReturned(TURN, DRAFT, "unknown")) == []
