"""Null agents are recovered, adversarial agents score as they must, what cannot be scored is refused."""

from dataclasses import replace

import numpy as np
import pytest

from bench.labels import Kind, LabelsError
from bench.score import STOP_WINDOW, WINDOW, score
from bench.summary import summarise
from pipeline.errors import SoundFileError

RATE = 24_000
DELAYS = (0.0, 0.05, 0.2, 0.5, 1.0)


def ask_and_answer(stage, delay, *, floor=None, reply=None, head=0.0):
    """Five questions, each answered ``delay`` after its labelled end."""
    scene = stage(seconds=46.0, floor=floor)
    for number in range(5):
        end = scene.says(1.0 + 8.0137 * number, 1.5 + 0.0371 * number)
        scene.answers(end / RATE + delay + head, 1.2, reply)
    return scene


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("floor", [None, -60.0])
def test_a_null_agent_of_known_delay_is_recovered_within_5_ms(stage, delay, floor):
    scene = ask_and_answer(stage, delay, floor=floor)
    for turn in score(scene.recording, scene.labels).turns:
        assert turn.voice_to_voice == pytest.approx(delay, abs=0.005)
        assert not (turn.censored or turn.cut_in or turn.doubles)


@pytest.mark.parametrize("delay", DELAYS)
def test_silence_at_the_head_of_a_voice_counts_as_delay_because_nobody_hears_it(stage, sound, delay):
    reply = np.concatenate([np.zeros(round(0.08 * RATE), np.float32), sound(1.0)])
    scene = ask_and_answer(stage, delay, reply=reply)
    for turn in score(scene.recording, scene.labels).turns:
        assert turn.voice_to_voice == pytest.approx(delay + 0.08, abs=0.005)


@pytest.mark.parametrize("delay", DELAYS)
def test_a_voice_that_fades_in_begins_where_it_passes_the_threshold(stage, sound, delay):
    reply = sound(1.2, level=0.2)
    fade = round(0.1 * RATE)
    reply[:fade] *= np.linspace(0, 1, fade)
    crossing = 0.1 * 10 ** (-45 / 20) / 0.2
    scene = ask_and_answer(stage, delay, floor=-60.0, reply=reply)
    for turn in score(scene.recording, scene.labels).turns:
        assert turn.voice_to_voice == pytest.approx(delay + crossing, abs=0.005)


def test_a_click_is_not_a_reply(stage):
    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.answers(end + 0.1, 0.0, np.full(round(0.008 * RATE), 0.3, np.float32))
    scene.answers(end + 0.6, 1.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.voice_to_voice == pytest.approx(0.6, abs=0.005)


def test_an_agent_that_never_talks_is_censored_and_missed_at_every_turn(stage):
    scene = ask_and_answer(stage, 0.0, reply=np.zeros(10, np.float32))
    whole = summarise([score(scene.recording, scene.labels)])
    assert whole.missed.hits == whole.missed.n == 5
    assert whole.voice_to_voice.censored == 5
    assert whole.voice_to_voice.p50 == WINDOW


def test_an_agent_that_always_talks_answers_nothing_and_overlaps_everything(stage):
    scene = stage(seconds=30.0)
    for number in range(3):
        scene.says(1.0 + 9 * number, 2.0)
    scene.says(28.0 - 0.5, 1.0, Kind.BARGE_IN, reply=False)
    scene.answers(0.0, 30.0)
    found = score(scene.recording, scene.labels)
    assert [turn.censored for turn in found.turns] == [True, True, True, False]
    assert all(turn.overlap == pytest.approx(2.0, abs=0.01) for turn in found.turns[:3])
    assert found.turns[3].stop.censored and found.turns[3].stop.latency == STOP_WINDOW
    assert found.unprompted == 1


@pytest.mark.parametrize("gap", [0.22, 0.28])
def test_an_agent_that_rambles_on_without_listening_has_replied_to_nobody(stage, gap):
    scene = stage(seconds=30.0)
    for number in range(3):
        scene.says(1.0 + 9 * number, 2.0)
    for number in range(27):
        scene.answers(1.1 * number, 1.1 - gap)
    found = score(scene.recording, scene.labels)
    assert all(turn.censored for turn in found.turns)
    assert all(turn.overlap > 1.3 for turn in found.turns)


def test_an_agent_that_rambles_with_long_breaks_is_shown_by_its_cut_ins(stage):
    scene = stage(seconds=30.0)
    for number in range(3):
        scene.says(1.0 + 9 * number, 2.0)
    for number in range(20):
        scene.answers(1.5 * number, 0.9)
    assert all(turn.cut_in for turn in score(scene.recording, scene.labels).turns)


def test_a_filler_is_fast_to_the_voice_and_slow_to_the_body(stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.5) / RATE
    scene.answers(end + 0.1, 0.3)
    scene.answers(end + 3.0, 2.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.voice_to_voice == pytest.approx(0.1, abs=0.005)
    assert turn.to_body == pytest.approx(3.0, abs=0.005)
    assert turn.doubles == 1


def test_a_cut_in_stays_signed_when_the_agent_talks_on(stage):
    scene = stage(seconds=12.0)
    end = scene.says(1.0, 3.0, pauses=[(2.0, 2.6)]) / RATE
    scene.answers(2.3, end - 2.3 + 1.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.voice_to_voice == pytest.approx(2.3 - end, abs=0.005)
    assert turn.cut_in and turn.pauses[0].cut and turn.pauses[0].inside


def test_a_cut_in_taken_back_is_counted_and_the_real_reply_is_timed(stage):
    scene = stage(seconds=12.0)
    end = scene.says(1.0, 4.0, pauses=[(2.0, 2.3), (3.0, 4.0)]) / RATE
    scene.answers(3.5, 0.6)
    scene.answers(end + 0.4, 1.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.voice_to_voice == pytest.approx(0.4, abs=0.005)
    assert [pause.cut for pause in turn.pauses] == [False, True]
    assert [round(pause.seconds, 1) for pause in turn.pauses] == [0.3, 1.0]
    assert turn.overlap == pytest.approx(0.1, abs=0.01)


def test_a_cut_in_whose_last_breath_outlives_the_turn_is_still_not_the_reply(stage):
    scene = stage(seconds=12.0)
    end = scene.says(1.0, 2.0, pauses=[(2.0, 2.6)]) / RATE
    scene.answers(2.5, 0.7)
    scene.answers(end + 0.6, 1.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.voice_to_voice == pytest.approx(0.6, abs=0.005)
    assert turn.cut_in and turn.doubles == 0


def test_a_reply_after_the_window_comes_too_late(stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.answers(end + 5.3, 1.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.censored and turn.voice_to_voice == WINDOW


def test_a_cut_in_that_sounds_after_the_pause_is_put_down_to_that_pause(stage):
    scene = stage(seconds=12.0)
    scene.says(1.0, 4.0, pauses=[(2.0, 2.6), (3.5, 4.0)])
    scene.answers(2.8, 0.3)
    (turn,) = score(scene.recording, scene.labels).turns
    assert [(pause.cut, pause.inside) for pause in turn.pauses] == [(True, False), (False, False)]


def test_stop_latency_is_from_the_true_onset_to_silence(stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.answers(end + 0.3, 1.5 - 0.3 + 0.37)
    scene.says(end + 1.5, 1.0, Kind.BARGE_IN)
    scene.answers(end + 3.0, 1.0)
    first, second = score(scene.recording, scene.labels).turns
    assert first.voice_to_voice == pytest.approx(0.3, abs=0.005)
    assert second.stop.latency == pytest.approx(0.37, abs=0.005)
    assert not second.stop.censored and not second.stop.resumed and not second.cut_in
    assert second.voice_to_voice == pytest.approx(0.5, abs=0.005)


def test_a_voice_that_comes_back_under_the_barge_in_has_resumed(stage):
    scene = stage(seconds=20.0)
    scene.answers(1.0, 2.3)
    scene.says(3.0, 1.5, Kind.BARGE_IN)
    scene.answers(3.8, 0.5)
    (turn,) = score(scene.recording, replace(scene.labels, greeting=True)).turns
    assert turn.stop.latency == pytest.approx(0.3, abs=0.005)
    assert turn.stop.resumed and turn.cut_in


def test_a_barge_in_over_silence_has_no_stop_latency_and_says_so(stage):
    scene = stage(seconds=10.0)
    scene.says(3.0, 0.5, Kind.BARGE_IN)
    scene.answers(4.0, 0.5)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].stop is None
    assert "not audible when this barge-in began" in found.unscored[0]


def test_a_recording_too_short_for_the_window_is_not_called_a_miss(stage):
    scene = stage(seconds=5.0)
    scene.says(1.0, 1.0)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].voice_to_voice is None and not found.turns[0].censored
    assert "3.00 s" in found.unscored[0]


def test_a_second_reply_to_one_turn_is_a_double(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.answers(end + 0.3, 1.0)
    scene.answers(end + 1.8, 1.0)
    scene.answers(end + 4.4, 1.0)
    assert score(scene.recording, scene.labels).turns[0].doubles == 1


def test_a_backchannel_is_ignored_or_yielded_to(stage):
    scene = stage(seconds=20.0)
    scene.answers(1.0, 5.0)
    scene.says(2.0, 0.3, Kind.BACKCHANNEL, reply=False)
    scene.answers(8.0, 1.4)
    scene.says(9.0, 0.3, Kind.BACKCHANNEL, reply=False)
    found = score(scene.recording, replace(scene.labels, greeting=True))
    assert [turn.yielded for turn in found.turns] == [False, True]
    assert all(turn.voice_to_voice is None for turn in found.turns)


@pytest.mark.parametrize(("gap", "gave_way"), [(0.25, False), (0.5, True)])
def test_only_a_silence_of_300_ms_gives_way_to_a_backchannel(stage, gap, gave_way):
    scene = stage(seconds=12.0)
    scene.answers(1.0, 2.0)
    scene.says(2.6, 0.3, Kind.BACKCHANNEL, reply=False)
    scene.answers(3.0 + gap, 2.0)
    found = score(scene.recording, replace(scene.labels, greeting=True))
    assert found.turns[0].yielded is gave_way
    assert found.turns[0].doubles == 0


def test_a_reply_to_what_wanted_none_is_counted(stage):
    scene = stage(seconds=12.0)
    scene.answers(0.5, 1.0)
    end = scene.says(4.0, 0.4, Kind.ASIDE, reply=False) / RATE
    scene.answers(end + 0.4, 1.0)
    found = score(scene.recording, replace(scene.labels, greeting=True))
    assert found.turns[0].doubles == 1 and found.turns[0].voice_to_voice is None


def test_speech_before_anyone_asked_is_unprompted_unless_it_is_a_greeting(stage):
    scene = stage(seconds=12.0)
    scene.answers(0.5, 1.0)
    scene.says(3.0, 1.0)
    scene.answers(4.5, 1.0)
    assert score(scene.recording, scene.labels).unprompted == 1
    assert score(scene.recording, replace(scene.labels, greeting=True)).unprompted == 0


def test_scoring_is_pure_and_deterministic(stage):
    scene = ask_and_answer(stage, 0.2, floor=-60.0)
    user, agent = scene.user.copy(), scene.agent.copy()
    first = summarise([score(scene.recording, scene.labels)])
    assert summarise([score(scene.recording, scene.labels)]) == first
    assert np.array_equal(scene.user, user) and np.array_equal(scene.agent, agent)


def test_swapped_channels_are_named(stage):
    scene = ask_and_answer(stage, 0.5)
    swapped = replace(scene.recording, user=scene.agent, agent=scene.user)
    # With the channels crossed, each label covers silence in one channel and speech in the other.
    with pytest.raises(SoundFileError, match="swapped"):
        score(swapped, scene.labels)


def test_labels_of_another_rate_length_or_recording_are_refused(stage):
    scene = ask_and_answer(stage, 0.5)
    labels = scene.labels
    with pytest.raises(LabelsError, match="16000 samples a second and the recording has 24000"):
        score(scene.recording, replace(labels, rate=16_000))
    with pytest.raises(LabelsError, match="different recordings"):
        score(scene.recording, replace(labels, length=labels.length - 1))
    late = 4 * RATE
    moved = tuple(replace(turn, start=turn.start + late, end=turn.end + late) for turn in labels.turns)
    with pytest.raises(LabelsError, match=r"turn 1 is labelled from 5\.00"):
        score(scene.recording, replace(labels, turns=moved))
