"""Speech that stopped the agent's voice and then wants no answer: nobody is left waiting for the other."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import Agent, User
from agent.turn_state import MISSED
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    DropDraft,
    Ending,
    Hush,
    InterruptRequested,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackStarted,
    Remember,
    RunTool,
    Say,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StopThinking,
    TextEntered,
    ToolCalled,
    ToolReturned,
    Turn,
)

NODDED = DraftFinished(Turn(2), Draft(2), Ending.COMPLETE)
"""The brain took it for a nod: it has nothing to say."""


def cut_off() -> Scene:
    """The user takes the floor at 4 s and has said all at 4.9, as they tell at 5."""
    scene = Scene().is_held()
    assert Hush(Turn(1)) in scene.tell(5.0, SpeechPaused(at(4.9)))
    assert scene.where == (User.PAUSED, Agent.SILENT)
    return scene


def test_a_turn_that_stopped_the_voice_and_has_no_answer_is_asked_for_again() -> None:
    scene = cut_off()
    scene.tell(5.2, NODDED)
    orders = scene.until(6)
    assert orders == [DropDraft(Turn(2), Draft(2)), StopThinking(Turn(2)), Say(Turn(2), MISSED)]
    assert scene.where == (User.QUIET, Agent.DUE)
    assert scene.why.startswith("committed after 500 ms of silence: not scored; declined: nothing to say, ")
    assert scene.why.endswith("but it stopped the voice: asking again")


def test_so_is_one_whose_draft_tells_only_after_the_commit() -> None:
    scene = cut_off()
    assert CommitDraft(Turn(2), Draft(2)) in scene.until(6)
    assert scene.tell(6.1, NODDED) == [DropDraft(Turn(2), Draft(2)), Say(Turn(2), MISSED)]
    assert scene.why == "declined: nothing to say, but it stopped the voice: asking again"


@pytest.mark.parametrize("kind", [Overlap.BACKCHANNEL, Overlap.NOISE])
def test_so_is_one_that_the_sound_says_was_not_meant(kind: Overlap) -> None:
    scene = cut_off()
    scene.tell(5.1, OverlapScored(at(4.9), kind, "0.9 s at -30 dB", "sound"))
    assert Say(Turn(2), MISSED) in scene.until(6)
    assert "nothing was asked (0.9 s at -30 dB), but it stopped the voice" in scene.why


def test_it_is_asked_for_once() -> None:
    scene = cut_off()
    scene.tell(5.2, NODDED)
    scene.until(6)
    scene.tell(6.2, PlaybackStarted(Turn(2)))
    assert scene.tell(8.0, PlaybackEnded(Turn(2))) == [Remember(Turn(2), None)]
    scene.tell(9.1, SpeechStarted(at(9)))
    scene.tell(9.6, SpeechPaused(at(9.5)), DraftFinished(Turn(3), Draft(3), Ending.COMPLETE))
    assert Remember(Turn(3), 0) in scene.until(11)
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_who_goes_on_before_the_question_sounds_is_still_owed_a_word() -> None:
    for nodded in ([NODDED], []):
        scene = cut_off()
        scene.tell(5.2, *nodded)
        assert (Say(Turn(2), MISSED) if nodded else CommitDraft(Turn(2), Draft(2))) in scene.until(5.5)
        scene.tell(5.6, SpeechStarted(at(5.5)))
        scene.tell(6.1, SpeechPaused(at(6)), DraftFinished(Turn(2), Draft(3), Ending.COMPLETE))
        assert Say(Turn(2), MISSED) in scene.until(8)


def test_a_reply_without_a_sound_is_no_word() -> None:
    scene = cut_off()
    scene.tell(5.2, PhraseDrafted(Turn(2), Draft(2), 0, "."), NODDED)
    scene.until(6)
    assert scene.tell(6.1, PlaybackEnded(Turn(2))) == [DropDraft(Turn(2), Draft(2)), Say(Turn(2), MISSED)]
    assert scene.tell(6.2, PlaybackEnded(Turn(2))) == [Remember(Turn(2), 0)]  # nor has the agent words for it
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_what_a_tool_has_done_was_understood() -> None:
    scene = cut_off()
    scene.tell(5.2, ToolCalled(Turn(2), Draft(2), "timer", effects=True, within=5.0))
    assert RunTool(Turn(2), Draft(2), "timer") in scene.until(6)
    scene.tell(6.1, ToolReturned(Turn(2), Draft(2), "timer"))
    assert scene.tell(6.2, NODDED) == [Remember(Turn(2), 0)]


def test_what_is_typed_next_stopped_nothing_by_voice() -> None:
    scene = cut_off()
    scene.until(6)
    scene.tell(6.1, TextEntered("hm"))
    scene.tell(6.2, DraftFinished(Turn(3), Draft(3), Ending.COMPLETE))
    assert not any(isinstance(order, Say) for _, order in scene.log)


def test_a_voice_that_failed_was_not_stopped_by_the_user() -> None:
    scene = Scene().is_talked_over()
    scene.tell(4.15, StageFailed("voice", "broken"))
    scene.tell(5.0, SpeechPaused(at(4.9)), NODDED)
    assert Remember(Turn(2), 0) in scene.until(6)


def test_speech_over_the_end_of_a_reply_stopped_nothing() -> None:
    scene = Scene().is_talked_over()
    scene.tell(4.15, PlaybackEnded(Turn(1)))
    scene.tell(5.0, SpeechPaused(at(4.9)), NODDED)
    assert Remember(Turn(2), 0) in scene.until(6)
    assert scene.where == (User.QUIET, Agent.SILENT)


def test_where_the_application_stopped_the_voice_it_stays_silent() -> None:
    scene = Scene().is_talked_over()
    scene.tell(4.15, InterruptRequested(Turn(1)))
    scene.tell(5.0, SpeechPaused(at(4.9)), NODDED)
    assert Remember(Turn(2), 0) in scene.until(6)
    assert scene.where == (User.QUIET, Agent.SILENT)
