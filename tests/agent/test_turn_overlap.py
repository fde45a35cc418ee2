"""Speech over the voice: every decision says its numbers, and nobody's words are lost by a wrong one."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import Agent, User
from pipeline.events import (
    Draft,
    DraftFinished,
    DropDraft,
    Duck,
    Ending,
    Hold,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarved,
    Remember,
    Resume,
    SpeechPaused,
    SpeechStarted,
    Think,
    Turn,
    Unduck,
)

NUMBERS = "0.16 s at -24 dB, words 0.71, backchannel 0.13, noise 0.16"


def judged(seconds: float, kind: Overlap = Overlap.UNSURE, why: str = NUMBERS) -> OverlapScored:
    return OverlapScored(at(seconds), kind, why, "sound")


def test_a_duck_says_how_late_it_was() -> None:
    assert Scene().is_talked_over().why == "ducked at 100 ms: speech over the voice"


def test_a_hold_says_what_is_known_so_far_and_an_unsure_judgement_moves_nothing() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.17, judged(4.16)) == []
    assert scene.until(4.2) == [Hold(Turn(1))]
    assert scene.why == f"held at 200 ms: sustained speech ({NUMBERS})"


def test_giving_way_says_the_newest_numbers() -> None:
    scene = Scene().is_held()
    scene.tell(4.3, judged(4.28, why="0.28 s at -23 dB"))
    scene.tell(4.4, judged(4.36, why="0.36 s at -22 dB"))
    scene.until(5)
    assert scene.why == "hushed at 700 ms: the user goes on (0.36 s at -22 dB)"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Overlap.BARGE_IN, f"hushed at 300 ms: scored barge-in ({NUMBERS})"),
        (Overlap.BACKCHANNEL, f"went on at 300 ms: scored backchannel ({NUMBERS})"),
    ],
)
def test_a_judgement_gives_its_own_reason(kind: Overlap, why: str) -> None:
    scene = Scene().is_held()
    scene.tell(4.3, judged(4.28, kind))
    assert scene.why == why


def test_a_burst_that_ended_says_how_long_it_was() -> None:
    scene = Scene().is_talked_over()
    assert scene.tell(4.18, SpeechPaused(at(4.12))) == [Unduck(Turn(1))]
    assert scene.why == "unducked at 180 ms: only a burst of 120 ms"
    late = Scene().is_held()
    late.tell(4.3, SpeechPaused(at(4.15)))
    assert late.why == "resumed at 300 ms: only a burst of 150 ms"


def test_a_resume_says_why() -> None:
    scene = Scene().judges()
    assert scene.why == "still held at 500 ms: judging a burst of 350 ms"
    scene.tell(4.6, judged(4.56))
    assert scene.where == (User.PAUSED, Agent.HELD), "not sure is no judgement"
    scene.until(6)
    assert scene.why == f"resumed at 900 ms: not judged in time ({NUMBERS})"


def test_the_numbers_of_one_overlap_stand_in_no_other() -> None:
    scene = Scene().is_talked_over()
    scene.tell(4.15, judged(4.14))
    scene.tell(4.18, SpeechPaused(at(4.12)))
    assert scene.state.judged == ""


def test_a_backchannel_that_becomes_a_barge_in_takes_the_floor() -> None:
    scene = Scene().is_held()
    assert scene.tell(4.3, judged(4.28, Overlap.BACKCHANNEL)) == [Resume(Turn(1))]
    scene.tell(4.7, judged(4.68, Overlap.BARGE_IN))
    assert scene.where == (User.TALKING, Agent.SILENT)
    assert "hushed at 700 ms: scored barge-in" in scene.why


# --- a false hold loses nothing --------------------------------------------------------------------------


def test_a_reply_that_is_still_written_goes_on_after_a_false_hold_and_is_heard_whole() -> None:
    scene = Scene().is_held()
    scene.tell(4.3, PhraseDrafted(Turn(1), Draft(1), 1, "And so on."), PlaybackStarved(Turn(1)))
    scene.tell(4.5, SpeechPaused(at(4.35)))
    scene.tell(4.6, PhraseDrafted(Turn(1), Draft(1), 2, "To the end."))
    assert scene.tell(4.7, judged(4.66, Overlap.NOISE)) == [DropDraft(Turn(2), Draft(2)), Resume(Turn(1))]
    scene.tell(5, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE), PlaybackReached(Turn(1), 1, 9_000))
    assert scene.tell(6, PlaybackEnded(Turn(1))) == [Remember(Turn(1), None)]


def test_a_reply_whose_writing_ends_while_it_is_held_is_not_ended_by_it() -> None:
    scene = Scene().is_held()
    assert scene.tell(4.3, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE)) == []
    assert scene.where == (User.TALKING, Agent.HELD)
    assert scene.tell(4.4, judged(4.36, Overlap.BACKCHANNEL)) == [Resume(Turn(1))]


def test_who_went_on_before_the_first_sample_goes_on_with_the_same_turn() -> None:
    scene = Scene().speaks()
    begun = scene.state.sounded
    assert begun is not None
    orders = scene.tell(begun + 0.06, SpeechStarted(at(begun - 0.03)))
    assert [type(order) for order in orders] == [DropDraft, Think]
    assert scene.state.user is User.TALKING and scene.state.turn == 1
    over = Scene().speaks()
    assert [type(order) for order in over.tell(begun + 0.06, SpeechStarted(at(begun + 0.01)))] == [Duck]


@pytest.mark.parametrize(("told", "same"), [(3.1, True), (3.9, False)])
def test_speech_from_before_the_voice_that_is_told_late_takes_no_heard_words_back(
    told: float, same: bool
) -> None:
    scene = Scene().speaks()  # from 3.0 on
    orders = scene.tell(told, SpeechStarted(at(2.95)))
    assert [type(order) for order in orders] == ([DropDraft, Think] if same else [Duck])
