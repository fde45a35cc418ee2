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
        script.prompts()  # as an edge asks after every tick
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


def test_what_was_not_asked_to_its_end_is_told_apart_from_what_was():
    cues = [Cue(said(), seconds=1.0), Cue(said(reply=False), seconds=1.0), Cue(said(), seconds=1.0)]
    whole = Script(cues, limit=60)
    play(whole, lambda seconds: False)
    assert whole.unasked == []
    assert len(Script(cues).unasked) == 2, "of what wants a reply"
    cut = Script(cues, limit=1.3)
    play(cut, lambda seconds: False)
    assert len(cut.placed) == 1 and len(cut.unasked) == 2


def test_least_and_limit_bound_the_recording():
    assert len(play(Script([], least=3.0, tail=0.1), lambda seconds: False)) == 48_000
    assert len(play(Script([Cue(said(), When.AT, 30.0)], limit=4.0), lambda seconds: True)) == 64_000


# --- over a talk, in silence, under noise ------------------------------------------------------------------


def talking(*spans):
    return lambda seconds: any(start <= seconds < end for start, end in spans)


def test_a_cue_over_the_voice_waits_for_voice_and_for_its_own_last_sound():
    cues = [Cue(said(0.4, kind=Kind.TIC, reply=False), When.OVER, 2.0) for _ in range(2)]
    script = Script(cues, limit=60, leave=True, tail=1.0)
    play(script, talking((3.0, 30.0)))
    first, second = script.placed
    assert first.start == pytest.approx(5.0 * 16_000, abs=2 * FRAME)
    assert second.start == pytest.approx(7.4 * 16_000, abs=2 * FRAME)
    assert {first.during, second.during} == {During.SPEAKING}


def test_a_cue_over_the_voice_is_not_spoken_into_its_pauses():
    gaps = talking((1.0, 2.9), (3.1, 20.0))
    script = Script([Cue(said(0.4, reply=False), When.OVER, 1.95)], greeting=True, limit=60, leave=True)
    play(script, gaps)
    assert script.placed[0].start == pytest.approx(3.12 * 16_000, abs=2 * FRAME)


def test_a_cue_over_the_voice_is_spoken_into_a_talk_and_never_into_an_answer():
    over = Cue(said(0.4, kind=Kind.TIC, reply=False), When.OVER, 1.0)
    script = Script([Cue(said(0.5), When.AFTER_REPLY, 0.5), over, over], limit=60, leave=True)
    # 0.5 question; a long answer; the talk from 8.0; hushed by the first tic it says something else from 10.5
    play(script, talking((1.5, 5.0), (8.0, 9.2), (10.5, 12.5), (16.0, 20.0)))
    assert [placed.start / 16_000 for placed in script.placed[1:]] == pytest.approx([9.0, 17.0], abs=0.05)


def test_a_talk_that_was_only_held_goes_on_being_one():
    over = Cue(said(0.4, kind=Kind.TIC, reply=False), When.OVER, 2.0)
    script = Script([over, over], greeting=True, limit=60, leave=True)
    play(script, talking((1.0, 3.2), (3.8, 20.0)))
    assert [placed.start / 16_000 for placed in script.placed] == pytest.approx([3.0, 5.4], abs=0.05)


def test_a_cue_in_silence_waits_until_both_have_been_silent():
    cues = [Cue(said(0.4, reply=False), When.IN_SILENCE, 2.0) for _ in range(2)]
    script = Script(cues, limit=60)
    play(script, talking((1.0, 3.0), (4.9, 6.0)))
    assert [placed.start / 16_000 for placed in script.placed] == pytest.approx([8.0, 10.4], abs=0.05)
    assert script.placed[0].during is During.SILENT


def test_a_barge_in_is_counted_from_a_talk_and_never_from_an_answer():
    cues = [Cue(said(0.5, kind=Kind.BARGE_IN), When.ANEW, 1.5) for _ in range(2)]
    script = Script(cues, greeting=True, limit=60, leave=True)
    talk, answer, again = (1.0, 2.7), (3.5, 6.5), (7.7, 9.5)
    play(script, talking(talk, answer, again, (10.2, 11.0)))
    starts = [placed.start / 16_000 for placed in script.placed]
    assert starts == pytest.approx([2.5, 9.2], abs=0.05)


def test_an_agent_that_talks_on_through_a_barge_in_is_spoken_to_once_more():
    cues = [Cue(said(0.5, kind=Kind.BARGE_IN), When.ANEW, 1.0) for _ in range(2)]
    script = Script(cues, greeting=True, limit=60, leave=True)
    sound = play(script, talking((1.0, 50.0)))
    starts = [placed.start / 16_000 for placed in script.placed]
    assert starts == pytest.approx([2.0, 12.5], abs=0.05)
    assert len(sound) == pytest.approx((13.0 + 10.0) * 16_000, abs=2 * FRAME)


def prompted(script, heard):
    """Seconds at which the script wanted the agent to talk."""
    times, frames = [], 0
    while not script.finished:
        script.frame(heard(frames * 0.02))
        frames += 1
        if script.prompts():
            times.append(frames * 0.02)
    return times


def test_a_talk_is_asked_for_soon_after_an_answer_and_late_after_a_sound_that_wanted_none():
    question = Cue(said(0.5), When.AFTER_REPLY, 0.5)
    over = Cue(said(0.4, kind=Kind.TIC, reply=False), When.OVER, 2.0)
    # 0.5 question, 1.8 to 3.0 its answer; 5.0 talk that the tic at 7.0 silences for good
    script = Script([question, over, over], limit=14)
    times = prompted(script, talking((1.8, 3.0), (5.0, 7.2)))
    assert times[0] == pytest.approx(3.0 + 1.2, abs=0.05)
    assert times[1] == pytest.approx(7.4 + 3.0, abs=0.06) and times[2] == pytest.approx(
        times[1] + 3.0, abs=0.05
    )


def test_an_unanswered_question_is_given_its_whole_window_before_a_talk_is_asked_for():
    cues = [Cue(said(0.5), When.AFTER_REPLY, 0.5), Cue(said(0.4, reply=False), When.OVER, 1.0, patience=9.0)]
    times = prompted(Script(cues, limit=9), lambda seconds: False)
    assert times[0] == pytest.approx(1.0 + 5.5, abs=0.05)


def test_nothing_is_asked_for_once_no_cue_needs_the_voice():
    script = Script([Cue(said(0.5), When.AFTER_REPLY, 0.5)], limit=14, least=14)
    assert prompted(script, talking((1.8, 3.0))) == []


def test_an_agent_that_can_only_be_spoken_to_is_asked_for_a_story_and_given_up_in_the_end():
    opener = said(0.6, text="tell me a story")
    cue = Cue(said(0.4, kind=Kind.TIC, reply=False), When.OVER, 1.0)
    willing = Script([cue], opener=opener, limit=60, leave=True)
    play(willing, talking((8.0, 20.0)))
    assert [placed.stimulus.text for placed in willing.placed] == ["tell me a story", ""]
    mute = Script([cue, cue], opener=opener, limit=90, leave=True)
    play(mute, lambda seconds: False)
    assert len(mute.placed) == 2 and len(mute.skipped) == 2


def test_the_story_that_was_asked_for_is_a_talk_to_break_into():
    opener = said(0.6, text="tell me a story")
    cue = Cue(said(0.4, kind=Kind.BARGE_IN), When.ANEW, 1.5)
    script = Script([cue], opener=opener, limit=60, leave=True)
    play(script, talking((8.0, 20.0)))
    assert script.placed[1].start == pytest.approx(9.5 * 16_000, abs=2 * FRAME)


def test_a_bed_is_under_everything_and_goes_round():
    bed = np.linspace(0.001, 0.002, 500, dtype=np.float32)
    script = Script([Cue(said(0.1), When.AT, 0.5)], bed=bed, limit=1.0)
    sound = play(script, lambda seconds: False)
    under = np.resize(bed, len(sound))
    assert np.array_equal(sound[:8000], under[:8000])
    assert np.allclose(sound[8000:9600], 0.1 + under[8000:9600]) and sound[9600] == under[9600]


def test_a_room_rings_on_after_a_label_and_the_agent_may_answer_into_it():
    rung = Stimulus(np.full(16_000, 0.1, np.float32), tail=8000)
    script = Script([Cue(rung, When.AT, 1.0)], limit=20)
    sound = play(script, talking((1.7, 2.4)))
    assert script.placed[0].end == 24_000 and sound[31_999] and not sound[32_000]
    assert len(sound) < 6 * 16_000  # the reply was heard though it began under the room's answer
