"""Silence that nobody captured ends no turn; drafts before any pause; turns that deserve no answer."""

from __future__ import annotations

import pytest
from turn_scene import RATE, Scene, at

from agent.turn import State, TurnConfig, advance
from agent.turn_early import AHEAD, FADED
from agent.turn_state import Agent, User
from pipeline.events import (
    AudioLost,
    CommitDraft,
    Draft,
    DraftFinished,
    DropDraft,
    Ending,
    EndOfTurnScored,
    Fact,
    InputCommitted,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    Remember,
    Sample,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    StopThinking,
    TextEntered,
    TimerRang,
    Turn,
)

CONFIG = TurnConfig.fixed(0.5)


def after(*facts: tuple[float, Fact], state: State | None = None) -> State:
    """The state after facts told at these seconds, with capture on time."""
    state = state or State()
    for now, fact in facts:
        state, _ = advance(state.seen(round(now * RATE), now), fact, now, CONFIG)
    return state


def span(start: float, end: float) -> Span:
    return Span(Sample(round(start * RATE)), Sample(round(end * RATE)))


def test_a_gap_in_mid_speech_does_not_count_as_the_pause_it_brings() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (2.8, AudioLost(span(2.0, 2.8))), (2.8, SpeechPaused(at(2.0)))
    )  # fmt: skip
    assert state.user is User.PAUSED
    assert state.wake_at == pytest.approx(2.8 + 0.5)


def test_a_gap_told_in_pieces_is_one_gap() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (2.1, AudioLost(span(2.0, 2.1))), (2.2, AudioLost(span(2.1, 2.2))),
        (2.2, SpeechPaused(at(2.0))),
    )  # fmt: skip
    assert state.wake_at == pytest.approx(2.2 + 0.5)


def test_a_gap_before_the_last_words_does_not_prolong_the_pause() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (1.6, AudioLost(span(1.5, 1.6))), (2.1, SpeechPaused(at(2.0)))
    )  # fmt: skip
    assert state.wake_at == pytest.approx(2.0 + 0.5)


def test_a_pause_is_not_believed_while_capture_stands_still() -> None:
    state = after((1.1, SpeechStarted(at(1.0))), (2.1, SpeechPaused(at(2.0))))
    standing = state.seen(round(2.1 * RATE), 2.5)
    state, orders = advance(standing, TimerRang(), 2.5, CONFIG)
    assert not orders
    assert state.user is User.PAUSED
    assert state.wake_at == pytest.approx(2.55)


def test_when_capture_comes_back_the_turn_ends_after_captured_silence() -> None:
    state = after((1.1, SpeechStarted(at(1.0))), (2.1, SpeechPaused(at(2.0))))
    state, _ = advance(state.seen(round(2.1 * RATE), 2.5), TimerRang(), 2.5, CONFIG)
    state, _ = advance(state.seen(round(3.0 * RATE), 3.0), AudioLost(span(2.1, 2.9)), 3.0, CONFIG)
    assert state.wake_at == pytest.approx(2.0 + 0.8 + 0.5)
    state, orders = advance(state.seen(round(3.3 * RATE), 3.3), TimerRang(), 3.3, CONFIG)
    assert any(isinstance(order, CommitDraft) for order in orders)
    assert state.agent is Agent.DUE


# --- drafts before any pause -----------------------------------------------------------------------------


def heard(seconds: float, probability: float) -> EndOfTurnScored:
    return EndOfTurnScored(at(seconds), probability, "sound")


def talking(**settings: object) -> Scene:
    """A turn that began at 1.0 s and goes on."""
    scene = Scene(**settings)
    scene.tell(1.1, SpeechStarted(at(1)))
    return scene


EARLY = StartDraft(Turn(1), Draft(1), span(0.8, 2.08))


def drafted_early(**settings: object) -> Scene:
    """The end is foreseen at 1.98, told at 2.0."""
    scene = talking(**settings)
    assert scene.tell(1.5, heard(1.44, 0.4)) == []
    assert scene.tell(2.0, heard(1.98, 0.94)) == [EARLY]
    assert scene.why == "drafting before any pause: sound 0.94"
    return scene


def test_a_draft_begins_before_the_pause_when_the_score_rises_and_stands_if_it_heard_all() -> None:
    scene = drafted_early()
    assert scene.tell(2.11, SpeechPaused(at(2.05))) == []
    assert "stands" in scene.why
    assert scene.until(3) == [CommitDraft(Turn(1), Draft(1)), StopThinking(Turn(1))]
    assert scene.when(CommitDraft) == pytest.approx(2.55)
    assert scene.state.speech == span(1, 2.05)


def test_an_early_draft_that_did_not_hear_all_is_dropped_at_the_pause_for_one_that_did() -> None:
    scene = drafted_early()
    orders = scene.tell(2.18, SpeechPaused(at(2.1)))
    assert orders == [DropDraft(Turn(1), Draft(1)), StartDraft(Turn(1), Draft(2), span(0.8, 2.2))]
    scene.until(3)
    assert CommitDraft(Turn(1), Draft(2)) in [order for _, order in scene.log]


def test_an_early_draft_whose_score_falls_is_dropped() -> None:
    scene = drafted_early()
    assert scene.tell(2.1, heard(2.06, 0.5)) == [], "not sure either way"
    assert scene.tell(2.18, heard(2.14, 0.2)) == [DropDraft(Turn(1), Draft(1))]
    assert scene.why == "early draft dropped: sound 0.20"


def test_an_early_draft_is_dropped_when_speech_goes_on_past_what_it_heard() -> None:
    scene = drafted_early()
    assert scene.tell(2.2, heard(2.2, 0.95)) == [], "the detector may yet tell a pause in time"
    assert scene.tell(2.28, heard(2.28, 0.95)) == [DropDraft(Turn(1), Draft(1))]
    assert scene.tell(2.4, heard(2.36, 0.95)) == [], "the score has not risen again"
    scene.tell(2.48, heard(2.44, 0.6))
    assert [type(order) for order in scene.tell(2.56, heard(2.52, 0.92))] == [StartDraft]


def test_only_so_many_drafts_of_a_turn_begin_before_a_pause() -> None:
    scene, started = talking(), 0
    for step in range(20):
        now = 1.5 + 0.2 * step
        started += len(scene.tell(now, heard(now, 0.95)))
        scene.tell(now + 0.1, heard(now + 0.1, 0.1))
    assert started == AHEAD


def test_no_draft_begins_early_where_that_is_switched_off_or_by_words() -> None:
    assert talking(early=0.0).tell(2.0, heard(1.98, 1.0)) == []
    assert talking().tell(2.0, EndOfTurnScored(at(1.98), 1.0, "words")) == []


def faded(seconds: float, probability: float = 1.0) -> EndOfTurnScored:
    return EndOfTurnScored(at(seconds), probability, "level")


def test_a_draft_begins_when_the_level_has_faded_and_is_dropped_when_it_is_back() -> None:
    scene, heard_to_now = talking(), StartDraft(Turn(1), Draft(1), span(0.8, 1.98 + FADED))
    assert scene.tell(2.03, faded(1.98)) == [heard_to_now]
    assert scene.tell(2.05, heard(2.04, 0.1), heard(2.05, 0.2)) == [], "a pause is drafted whatever it means"
    assert scene.tell(2.08, faded(2.06, 0.0)) == [DropDraft(Turn(1), Draft(1))]
    assert scene.why == "early draft dropped: level 0.00"
    again = talking()
    again.tell(2.03, faded(1.98))
    again.tell(2.11, SpeechPaused(at(2.0)), faded(2.1))
    assert again.until(3) == [CommitDraft(Turn(1), Draft(1)), StopThinking(Turn(1))]
    assert again.why == "committed after 500 ms of silence: not scored"


def test_what_an_early_draft_reads_counts_in_the_pause_it_reached_into() -> None:
    scene = drafted_early()
    scene.tell(2.09, heard(2.06, 0.95), EndOfTurnScored(at(2.08), 0.95, "words"))
    scene.tell(2.11, SpeechPaused(at(2.05)))
    scene.until(3)
    assert scene.when(CommitDraft) == pytest.approx(2.25)
    assert scene.state.why.endswith("sound 0.95, words 0.95")


@pytest.mark.parametrize("broken", ["brain", "voice"])
def test_an_early_draft_that_failed_does_not_stand(broken: str) -> None:
    scene = drafted_early()
    fact = DraftFinished(Turn(1), Draft(1), Ending.FAILED) if broken == "brain" else StageFailed("voice", "?")
    assert scene.tell(2.05, fact) == []
    assert [type(order) for order in scene.tell(2.11, SpeechPaused(at(2.05)))] == [DropDraft, StartDraft]


def test_every_way_out_of_the_turn_drops_an_early_draft() -> None:
    drop = DropDraft(Turn(1), Draft(1))
    assert drafted_early().tell(2.05, InputCommitted(at(2.05))) == [
        drop,
        StartDraft(Turn(1), Draft(2), span(0.8, 2.05)),
        CommitDraft(Turn(1), Draft(2)),
        StopThinking(Turn(1)),
    ]
    assert drafted_early().tell(2.05, TextEntered("so"))[0] == drop
    assert drafted_early().tell(2.05, SessionClosed("bye")) == [drop, StopThinking(Turn(1))]


def test_going_on_after_a_pause_drops_the_draft_that_stood() -> None:
    scene = drafted_early()
    scene.tell(2.11, SpeechPaused(at(2.05)))
    assert scene.tell(2.4, SpeechStarted(at(2.3))) == [DropDraft(Turn(1), Draft(1))]
    assert "goes on after 250 ms" in scene.why


# --- turns that deserve no answer ----------------------------------------


def judged(kind: Overlap, seconds: float = 1.5, source: str = "sound") -> OverlapScored:
    return OverlapScored(at(seconds), kind, "0.40 s at -30 dB", source)


def short_turn(**settings: object) -> Scene:
    """Speech from 1.0 to 1.4 s in silence, and a draft with something to say."""
    scene = talking(**settings)
    scene.tell(1.5, SpeechPaused(at(1.4)))
    scene.tell(1.6, PhraseDrafted(Turn(1), Draft(1), 0, "Fine."))
    return scene


NO_ANSWER = [CommitDraft(Turn(1), Draft(1)), StopThinking(Turn(1)), Remember(Turn(1), 0)]


@pytest.mark.parametrize("kind", [Overlap.BACKCHANNEL, Overlap.NOISE])
def test_a_short_turn_that_was_no_speech_to_the_agent_is_declined(kind: Overlap) -> None:
    scene = short_turn()
    scene.tell(1.6, judged(kind))
    assert scene.until(3) == NO_ANSWER
    why = f"declined after 500 ms of silence: a {kind}, nothing was asked (0.40 s at -30 dB)"
    assert scene.why == why
    assert scene.where == (User.QUIET, Agent.SILENT)


@pytest.mark.parametrize(
    "later",
    [judged(Overlap.BARGE_IN, 1.6), judged(Overlap.UNSURE, 1.6), EndOfTurnScored(at(1.5), 0.95, "words")],
)
def test_a_better_judgement_or_an_answer_to_whole_words_keeps_the_turn(later: Fact) -> None:
    scene = short_turn()
    scene.tell(1.6, judged(Overlap.BACKCHANNEL))
    scene.tell(1.61, later)
    assert scene.until(3)[0] == CommitDraft(Turn(1), Draft(1))
    assert scene.where == (User.QUIET, Agent.DUE)


def test_whole_words_without_an_answer_do_not_keep_it() -> None:
    scene = talking()
    scene.tell(1.5, SpeechPaused(at(1.4)))
    scene.tell(1.55, judged(Overlap.BACKCHANNEL), EndOfTurnScored(at(1.5), 0.95, "words"))
    assert scene.until(3) == NO_ANSWER


def test_speech_that_goes_on_was_no_aside() -> None:
    scene = short_turn()
    scene.tell(1.6, judged(Overlap.NOISE))
    scene.tell(1.7, SpeechStarted(at(1.62)))
    scene.tell(2.1, SpeechPaused(at(2.0)))
    scene.until(3)
    assert scene.where == (User.QUIET, Agent.DUE)


def test_a_longer_turn_always_gets_its_answer() -> None:
    scene = talking()
    scene.tell(2.4, SpeechPaused(at(2.3)), judged(Overlap.NOISE, 2.4))
    scene.until(4)
    assert scene.where == (User.QUIET, Agent.DUE)


def test_a_draft_that_did_not_catch_the_words_may_ask_again() -> None:
    scene = short_turn()
    scene.tell(1.6, judged(Overlap.NOISE, source="words"))
    scene.until(3)
    assert scene.where == (User.QUIET, Agent.DUE)


def test_an_explicit_commit_is_never_declined() -> None:
    scene = short_turn()
    scene.tell(1.6, judged(Overlap.NOISE))
    assert scene.tell(1.7, InputCommitted(at(1.7)))[0] == CommitDraft(Turn(1), Draft(1))
    assert scene.where == (User.QUIET, Agent.DUE)
