"""The world does to a session what it says it does."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from agent.turn import TurnConfig
from pipeline.errors import HocketError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    PlaybackEnded,
    PlaybackStarted,
    PlaybackStarved,
    SessionClosed,
    SpeechStarted,
    StageFailed,
    Think,
)
from pipeline.ports import CAPTURE_RATE
from sim.evidence import Evidence
from sim.faults import Fault
from sim.invariants import violations
from sim.script import Act, Overlap, Rest, Scenario, Speak
from sim.world import play

ONE = (Speak(("alpha", "bravo")), Rest(4.0))


def live(*acts: Act, **settings: object) -> Evidence:
    evidence = play(Scenario(1, acts or ONE, shortest=1.0, **settings))  # type: ignore[arg-type]
    assert violations(evidence) == []
    return evidence


def test_what_was_heard_is_read_from_the_pulled_samples() -> None:
    evidence = live()
    said = evidence.said()
    words = [said[sound.utterance].words[sound.word] for sound in evidence.sounds]
    assert " ".join(words) == evidence.exchanges[0].reply == "Reply 0 to bravo."
    started = next(at for at, _ in evidence.of(PlaybackStarted))
    assert evidence.sounds[0].start == pytest.approx(started, abs=0.045)


def test_a_gap_in_capture_is_told_while_it_lasts_and_nobody_guesses_its_words() -> None:
    evidence = live(faults=(Fault("frame", 10, "gap", 0.25),))
    told = [fact.span for _, fact in evidence.of(AudioLost)]
    assert sum(len(span) for span in told) == pytest.approx(0.25 * CAPTURE_RATE, abs=320)
    assert [len(span) for span in told[:2]] == [1600, 1600]
    assert [(span.start, span.end) for span in told] == list(evidence.lost)


def test_a_sink_that_pulls_nothing_stalls_the_voice_and_nothing_else() -> None:
    evidence = live(faults=(Fault("pull", 70, "stall", 2.0),), turn=TurnConfig(stall_timeout=1.0))
    assert len(evidence.stalled) == 1
    assert any(fact.stage == "playout" for _, fact in evidence.of(StageFailed))


def test_a_microphone_that_is_unplugged_ends_the_session_in_order() -> None:
    evidence = play(Scenario(1, ONE, faults=(Fault("frame", 100, "lost"),), shortest=1.0))
    assert "unplugged" in evidence.failure
    assert violations(evidence) == []
    assert evidence.closed < float("inf")


def test_a_slow_writer_starves_the_voice() -> None:
    evidence = live(Speak(("alpha", "long")), Rest(14.0), write=0.35)
    assert len(list(evidence.of(PlaybackStarved))) >= 3
    assert len(list(evidence.of(PlaybackEnded))) == 1


def test_with_an_open_echo_the_agent_hears_itself_and_makes_no_turn_of_it() -> None:
    evidence = live(Speak(("alpha", "long")), Rest(9.0), echo="open")
    assert len(list(evidence.of(SpeechStarted))) > 1
    assert len(list(evidence.of(Think))) == 1


def test_speech_over_the_voice_takes_the_floor() -> None:
    evidence = live(Speak(("alpha", "long")), Overlap(("kilo", "lima", "mike", "golf"), 1.0), Rest(4.0))
    first, second = evidence.exchanges[:2]
    assert not first.whole and first.reply
    assert second.reply.startswith("Reply") and "golf" in second.reply


def test_late_sound_is_no_news_to_the_ear() -> None:
    evidence = live(latency=0.2)
    assert evidence.exchanges[0].reply == "Reply 0 to bravo."


def test_a_scenario_ends_by_itself_when_nothing_closes_it() -> None:
    evidence = live()
    assert [fact.reason for _, fact in evidence.of(SessionClosed)] == ["the sound ended"]


@pytest.mark.skipif(find_spec("espeakng_loader") is None, reason="espeak-ng speaks the user's questions")
def test_the_bundled_brain_lives_in_the_same_world_at_its_declared_cost() -> None:
    from sim.cast import bundled
    from sim.script import scenario

    try:
        cast = bundled()
    except HocketError as error:
        pytest.skip(f"the bundled brain cannot be loaded here: {error}")
    evidence = play(cast.recast(scenario(3)), cast)
    assert violations(evidence) == []
    assert len(list(evidence.of(CommitDraft))) >= 2
