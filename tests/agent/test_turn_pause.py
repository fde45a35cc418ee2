"""How long a pause may last: by two sources, and by what this user's pauses were."""

from __future__ import annotations

import pytest
from turn_scene import Scene, at

from agent.turn import State, TurnConfig
from agent.turn_pause import KEPT, learned, patience, taught
from pipeline.events import (
    CommitDraft,
    EndOfTurnScored,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    SpeechPaused,
    SpeechStarted,
    TextEntered,
    Turn,
)


def paused(**settings: object) -> Scene:
    """A user turn from 1.0 to 2.0 s whose pause is told at 2.1."""
    scene = Scene(**settings)
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)))
    return scene


def silence(scene: Scene) -> float:
    """Seconds of silence after which the turn is committed when nothing more is told."""
    scene.until(9)
    return round(scene.when(CommitDraft) - 2, 3)


@pytest.mark.parametrize(
    ("words", "sound", "expected"),
    [
        (None, None, 0.5), (0.95, None, 0.2), (None, 0.95, 0.2), (0.95, 0.97, 0.2), (0.95, 0.1, 1.2),
        (0.05, 0.97, 1.2), (0.95, 0.6, 0.5), (None, 0.1, 1.2), (0.95, 0.52, 0.2), (None, 0.5, 0.5),
    ],
)  # fmt: skip
def test_where_both_sources_speak_the_less_sure_counts_and_a_silent_one_does_not(
    words: float | None, sound: float | None, expected: float
) -> None:
    scene = paused()
    if words is not None:
        scene.tell(2.15, EndOfTurnScored(at(2.1), words, "words"))
    if sound is not None:
        scene.tell(2.16, EndOfTurnScored(at(2.16), sound, "sound"))
    assert silence(scene) == expected


def test_of_each_source_the_newest_score_counts() -> None:
    scene = paused()
    scene.tell(2.12, EndOfTurnScored(at(2.08), 0.2, "sound"), EndOfTurnScored(at(2.1), 0.95))
    assert scene.state.wake_at == pytest.approx(3.2)
    scene.tell(2.2, EndOfTurnScored(at(2.16), 0.93, "sound"))
    assert silence(scene) == 0.2


def test_a_score_of_sound_before_the_pause_does_not_count_but_one_of_its_silence_does() -> None:
    early, silent = Scene(early=0.0), Scene(early=0.0)
    for scene, position in ((early, 1.9), (silent, 2.05)):
        scene.tell(1.1, SpeechStarted(at(1)))
        scene.tell(2.08, EndOfTurnScored(at(position), 0.97, "sound"))
        scene.tell(2.1, SpeechPaused(at(2)))
    assert (silence(early), silence(silent)) == (0.5, 0.2)


def test_a_commit_says_what_both_sources_said() -> None:
    scene = paused()
    scene.tell(2.15, EndOfTurnScored(at(2.15), 0.97, "sound"), EndOfTurnScored(at(2.1), 0.95))
    scene.until(3)
    assert scene.why == "committed after 200 ms of silence: sound 0.97, words 0.95"


def test_a_source_that_cannot_tell_is_named_and_does_not_count() -> None:
    scene = paused()
    scene.tell(2.15, EndOfTurnScored(at(2.15), 0.5, "sound"), EndOfTurnScored(at(2.1), 0.95))
    scene.until(3)
    assert scene.why == "committed after 200 ms of silence: sound undecided, words 0.95"


def test_scores_of_one_pause_say_nothing_about_the_next() -> None:
    scene = paused()
    scene.tell(2.15, EndOfTurnScored(at(2.15), 0.97, "sound"), EndOfTurnScored(at(2.1), 0.95))
    scene.tell(2.18, SpeechStarted(at(2.12)))
    scene.tell(3.1, SpeechPaused(at(3)))
    assert scene.state.wake_at == pytest.approx(3.5)


# --- learned from this user ----------------------------------------


def hesitating(*seconds: float, **settings: object) -> Scene:
    """A turn with pauses that last so long, which is then paused; none of them ends the turn."""
    scene = Scene(**{"endpoint_sure": 2.0, "endpoint_unsure": 2.0, "endpoint": 2.0, **settings})
    now = 1.0
    scene.tell(now + 0.1, SpeechStarted(at(now)))
    for pause in seconds:
        scene.tell(now + 0.6, SpeechPaused(at(now + 0.5)))
        now += 0.5 + pause
        scene.tell(max(now + 0.05, scene.now), SpeechStarted(at(now)))
    scene.tell(now + 0.6, SpeechPaused(at(now + 0.5)))
    return scene


def test_pauses_within_turns_are_remembered_and_parts_of_words_are_not() -> None:
    assert hesitating(0.3, 0.06, 0.8).state.pauses == (0.3, 0.8)


def test_lost_sound_is_no_pause_of_the_user() -> None:
    state = State(paused_at=at(2))
    assert taught(state, 2.5) is state
    assert taught(state, 0.05) is state


def test_only_the_newest_pauses_are_remembered() -> None:
    state = State()
    for number in range(40):
        state = taught(state, 0.2 + number / 100)
    assert len(state.pauses) == KEPT
    assert state.pauses[-1] == pytest.approx(0.59)


def with_pauses(*seconds: float) -> State:
    return State(pauses=seconds)


def test_too_few_pauses_move_nothing() -> None:
    config = TurnConfig()
    assert learned(with_pauses(0.7, 0.7, 0.7), config) is None
    assert patience(with_pauses(0.7, 0.7, 0.7), config) == config.endpoint
    assert learned(with_pauses(0.7, 0.7, 0.7, 0.7), config) == pytest.approx(0.875)


def test_one_long_pause_in_ten_does_not_rule_but_one_in_four_does() -> None:
    config = TurnConfig()
    assert learned(with_pauses(*[0.4] * 9, 0.9), config) == pytest.approx(0.5)
    assert learned(with_pauses(*[0.4] * 3, 0.9), config) == pytest.approx(1.125)


def scored(state: State, probability: float) -> float:
    said = EndOfTurnScored(at(0), probability, "sound")
    return patience(State(pauses=state.pauses, sound=said), TurnConfig())


def test_a_slow_speaker_gets_longer_in_every_case_within_the_bounds() -> None:
    slow = with_pauses(0.7, 0.8, 0.6, 0.8)
    assert patience(slow, TurnConfig()) == pytest.approx(1.0)
    assert scored(slow, 0.95) == pytest.approx(0.4)
    assert scored(slow, 0.1) == pytest.approx(1.2)
    very_slow = with_pauses(1.5, 1.5, 1.5, 1.5)
    assert patience(very_slow, TurnConfig()) == pytest.approx(1.2)


def test_a_quick_speaker_is_answered_sooner_but_never_below_the_sure_endpoint() -> None:
    quick = with_pauses(0.15, 0.15, 0.15, 0.2)
    assert patience(quick, TurnConfig()) == pytest.approx(0.35)
    assert scored(quick, 0.95) == pytest.approx(0.2)
    assert scored(quick, 0.1) == pytest.approx(0.84)


def test_where_all_endpoints_are_one_there_is_nothing_to_learn() -> None:
    quick = with_pauses(0.15, 0.15, 0.15, 0.2)
    assert patience(quick, TurnConfig(endpoint=1.0, endpoint_sure=1.0, endpoint_unsure=1.0)) == 1.0


def test_adaptation_can_be_switched_off_and_a_fixed_policy_has_none() -> None:
    slow = with_pauses(0.7, 0.8, 0.6, 0.8)
    assert patience(slow, TurnConfig(adapt=False)) == 0.5
    assert patience(slow, TurnConfig.fixed(0.3)) == 0.3


def test_a_commit_says_what_was_learned() -> None:
    scene = hesitating(0.7, 0.7, 0.7, 0.7, endpoint=1.0, endpoint_sure=0.2, endpoint_unsure=1.2)
    scene.until(9)
    assert scene.why.endswith("ms of silence: not scored; 0.88 s by 4 pauses of this user")


def test_a_commit_that_was_taken_back_teaches_its_pause() -> None:
    scene = Scene().turn_is_due()
    scene.tell(2.8, SpeechStarted(at(2.7)))
    assert scene.state.pauses == (0.7,)


def test_a_cut_in_that_the_user_talks_on_against_teaches_its_pause_and_a_late_barge_in_does_not() -> None:
    cut = Scene().turn_is_due()
    cut.tell(2.6, PlaybackStarted(Turn(1)))
    cut.tell(2.8, SpeechStarted(at(2.75)))
    cut.until(3.6)
    assert cut.when(Hush) == pytest.approx(3.45)
    assert cut.state.pauses == (0.75,)
    late = Scene().is_held()
    late.until(5)
    assert late.state.pauses == ()


def test_speech_over_the_answer_to_typed_words_teaches_nothing() -> None:
    scene = Scene()
    scene.tell(1.1, SpeechStarted(at(1)))
    scene.tell(2.1, SpeechPaused(at(2)), TextEntered("like this"))
    scene.tell(2.2, PhraseDrafted(Turn(1), scene.state.reply.draft, 0, "Yes."), PlaybackStarted(Turn(1)))  # type: ignore[union-attr]
    scene.tell(2.5, SpeechStarted(at(2.45)))
    scene.until(4)
    assert scene.when(Hush)
    assert scene.state.pauses == ()
