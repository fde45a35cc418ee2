"""The scripted user speaks when it should, given only what can be heard of the agent."""

import numpy as np
import pytest

from bench.labels import During, Kind
from bench.script import Cue, Script, When
from bench.stimuli import Stimulus

FRAME = 320


def said(seconds=1.0, **others):
    return Stimulus(np.full(round(seconds * 16_000), 0.1, np.float32), **others)


def play(script, heard):
    """Run to the end; ``heard(seconds)`` says whether the agent sounds. Returns the user's sound."""
    frames = []
    while not script.finished:
        assert len(frames) < 60_000
        frames.append(script.frame(heard(len(frames) * 0.02)))
    return np.concatenate(frames)


def test_an_open_loop_cue_keeps_its_place_while_the_agent_talks():
    script = Script([Cue(said(), When.AT, 2.0), Cue(said(), When.AT, 5.0)], limit=20)
    sound = play(script, lambda seconds: True)
    assert [placed.start for placed in script.placed] == [32_000, 80_000]
    assert script.placed[1].during is During.SPEAKING
    assert sound[32_000] and not sound[31_999] and sound[47_999] and not sound[48_000]


def test_a_stimulus_ends_on_its_own_last_sample_not_on_a_frame():
    script = Script([Cue(said(0.50125), When.AT, 1.0)], limit=30)
    sound = play(script, lambda seconds: False)
    assert script.placed[0].end == 16_000 + 8020
    assert sound[24_019] and not sound[24_020]


def test_the_next_question_waits_for_the_reply_to_end():
    script = Script([Cue(said(), seconds=1.0), Cue(said(), seconds=1.0)], limit=60)
    play(script, lambda seconds: 2.5 <= seconds < 6.0 or 9 < seconds < 10)
    assert script.placed[0].start == pytest.approx(1.0 * 16_000, abs=FRAME)
    assert script.placed[1].start == pytest.approx(7.0 * 16_000, abs=FRAME)
    assert script.placed[1].during is During.SILENT


def test_an_agent_that_never_replies_is_not_waited_for_forever():
    script = Script([Cue(said(), seconds=1.0), Cue(said(), seconds=1.0)], limit=60)
    sound = play(script, lambda seconds: False)
    assert script.placed[1].start == pytest.approx((2.0 + 6.5) * 16_000, abs=2 * FRAME)
    assert len(sound) == pytest.approx((2.0 + 6.5 + 1.0 + 6.5) * 16_000, abs=4 * FRAME)


def test_a_greeting_is_waited_for():
    script = Script([Cue(said(), seconds=0.5)], greeting=True, limit=60)
    play(script, lambda seconds: 2.0 <= seconds < 4.0 or 6 < seconds < 7)
    assert script.placed[0].start == pytest.approx(4.5 * 16_000, abs=2 * FRAME)


def test_a_barge_in_comes_at_its_offset_after_the_reply_began():
    cues = [Cue(said(), seconds=1.0), Cue(said(0.4, kind=Kind.BARGE_IN), When.AFTER_ONSET, 0.7)]
    script = Script(cues, limit=60)
    play(script, lambda seconds: 2.48 <= seconds < 3.9)
    assert script.placed[1].start == pytest.approx((2.48 + 0.7) * 16_000, abs=2 * FRAME)
    assert script.placed[1].during is During.SPEAKING


def test_a_barge_in_without_anyone_to_interrupt_is_skipped_and_said_so():
    for heard in (lambda seconds: False, lambda seconds: 2.5 < seconds < 2.8):
        interruption = said(0.4, kind=Kind.BARGE_IN)
        script = Script([Cue(said(), seconds=1.0), Cue(interruption, When.AFTER_ONSET, 0.7)], limit=60)
        play(script, heard)
        assert script.skipped == [interruption] and len(script.placed) == 1


def test_least_and_limit_bound_the_recording():
    assert len(play(Script([], least=3.0, tail=0.1), lambda seconds: False)) == 48_000
    assert len(play(Script([Cue(said(), When.AT, 30.0)], limit=4.0), lambda seconds: True)) == 64_000
