"""Sounds over the agent's voice and in its silence: known truth, every verdict and its border."""

from dataclasses import replace

import pytest

from bench import tau
from bench.labels import During, Kind
from bench.score import REPLY_GAP, score
from bench.score_overlap import RESUME_WINDOW
from bench.script import RESUMES, RESUMES_ANSWERED
from bench.tau_labels import from_recording

RATE = 24_000
NEAR = 0.0011
QUIET = [Kind.BACKCHANNEL, Kind.TIC, Kind.ASIDE, Kind.NOISE]


def talking(stage, *, until=None, seconds=20.0):
    """An agent that speaks from 1.0 s on."""
    scene = stage(seconds=seconds, greeting=True)
    scene.answers(1.0, (until or seconds - 2.0) - 1.0)
    return scene


def events(scene):
    return [turn.event for turn in score(scene.recording, scene.labels).turns]


def event(scene):
    (found,) = events(scene)
    return found


# --- over its voice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", QUIET)
def test_an_agent_that_talks_on_has_ignored_it(stage, kind):
    scene = talking(stage)
    scene.says(4.0, 0.4, kind, reply=False)
    found = event(scene)
    assert found.speaking and found.yielded is False and found.right is True
    assert found.offset == pytest.approx(3.0, abs=NEAR)
    assert found.silence is None and not (found.resumed or found.never)


@pytest.mark.parametrize("kind", QUIET)
def test_one_that_falls_silent_and_comes_back_has_held_falsely(stage, kind):
    scene = talking(stage, until=4.3)
    scene.answers(5.1, 3.0)
    scene.says(4.0, 0.4, kind, reply=False)
    found = event(scene)
    assert found.yielded and found.right is False and found.resumed and not found.never
    assert found.silence == pytest.approx(0.8, abs=NEAR)


@pytest.mark.parametrize(("gap", "yielded"), [(0.28, False), (0.32, True)])
def test_only_a_silence_of_300_ms_is_a_yield(stage, gap, yielded):
    scene = talking(stage, until=4.5)
    scene.answers(4.5 + gap, 3.0)
    scene.says(4.0, 0.4, Kind.TIC, reply=False)
    assert event(scene).yielded is yielded


@pytest.mark.parametrize(("after", "yielded"), [(0.98, True), (1.02, False)])
def test_only_a_silence_that_begins_within_a_second_is_a_yield(stage, after, yielded):
    scene = talking(stage, until=4.0 + after)
    scene.says(4.0, 0.4, Kind.TIC, reply=False)
    assert event(scene).yielded is yielded


@pytest.mark.parametrize(("gap", "resumed"), [(2.45, True), (2.55, False)])
def test_a_voice_that_is_silent_for_two_and_a_half_seconds_has_not_come_back(stage, gap, resumed):
    scene = talking(stage, until=4.5)
    scene.answers(4.5 + gap, 3.0)
    scene.says(4.0, 0.4, Kind.ASIDE, reply=False)
    found = event(scene)
    assert (found.resumed, found.never) == (resumed, not resumed)
    assert found.silence == pytest.approx(gap if resumed else 2.5, abs=NEAR)


def test_a_silence_that_the_user_ends_is_censored_there_and_nobody_says_never(stage):
    scene = talking(stage, until=4.5)
    scene.says(4.0, 0.4, Kind.ASIDE, reply=False)
    scene.says(5.5, 1.0)
    found = events(scene)[0]
    assert found.yielded and not found.resumed and not found.never
    assert found.silence == pytest.approx(1.0, abs=NEAR)


def test_a_silence_that_the_next_sound_caused_is_not_put_down_to_this_one(stage):
    scene = talking(stage, until=4.9)
    scene.says(4.0, 0.3, Kind.TIC, reply=False)
    scene.says(4.6, 1.0, Kind.BARGE_IN)
    found = events(scene)[0]
    assert found.yielded is False


def test_a_voice_that_comes_back_after_a_yield_is_no_second_reply_whatever_it_took(stage):
    scene = talking(stage, until=4.3)
    scene.answers(6.3, 2.0)
    scene.says(4.0, 0.4, Kind.ASIDE, reply=False)
    (turn,) = score(scene.recording, scene.labels).turns
    assert turn.event.resumed and turn.event.silence == pytest.approx(2.0, abs=NEAR) and turn.doubles == 0
    scene.answers(10.0, 1.0)
    assert score(scene.recording, scene.labels).turns[0].doubles == 1


def test_a_recording_that_ends_too_early_leaves_the_yield_open_and_says_so(stage):
    scene = talking(stage, until=4.5, seconds=4.7)
    scene.says(4.0, 0.4, Kind.TIC, reply=False)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].event.yielded is None and found.turns[0].event.right is None
    assert "before it is certain whether the agent gave way" in found.unscored[0]


def test_a_sound_in_a_comma_of_the_agent_fell_on_a_speaking_agent(stage):
    scene = talking(stage, until=4.0)
    scene.answers(4.25, 4.0)
    scene.says(4.1, 0.3, Kind.TIC, reply=False)
    found = event(scene)
    assert found.speaking and found.yielded is False


def test_the_harness_prompts_no_sooner_than_a_return_can_count_and_no_later_than_parts_two_replies():
    assert RESUME_WINDOW <= RESUMES
    assert RESUMES_ANSWERED < REPLY_GAP


# --- in its silence ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", QUIET)
@pytest.mark.parametrize(("after", "answered"), [(0.4, True), (1.95, True), (2.05, False)])
def test_an_onset_within_two_seconds_of_its_end_answers_it(stage, kind, after, answered):
    scene = stage(seconds=14.0)
    end = scene.says(4.0, 0.5, kind, reply=False) / RATE
    scene.answers(end + after, 1.0)
    found = event(scene)
    assert not found.speaking and found.answered is answered and found.right is (not answered)
    assert found.yielded is None


@pytest.mark.parametrize(("after", "judged"), [(0.15, False), (0.25, True)])
def test_who_begins_with_the_sound_was_about_to_anyway(stage, after, judged):
    scene = stage(seconds=14.0)
    scene.says(4.0, 0.5, Kind.TIC, reply=False)
    scene.answers(4.0 + after, 1.0)
    found = score(scene.recording, scene.labels)
    assert (found.turns[0].event.answered is True) is judged
    assert bool(found.unscored) is not judged


def test_an_answer_is_put_down_to_the_last_sound_before_it(stage):
    scene = stage(seconds=14.0)
    scene.says(4.0, 0.3, Kind.TIC, reply=False)
    scene.says(5.0, 0.3, Kind.TIC, reply=False)
    scene.answers(5.8, 1.0)
    assert [one.answered for one in events(scene)] == [False, True]


def test_where_the_user_makes_the_next_sound_the_end_of_the_recording_does_not_matter(stage):
    scene = stage(seconds=6.0)
    scene.says(4.0, 0.3, Kind.TIC, reply=False)
    scene.says(5.0, 0.5)
    assert events(scene)[0].answered is False


def test_a_sound_after_a_question_that_nobody_ever_answers_is_not_judged(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.says(end + 0.5, 0.3, Kind.TIC, reply=False)
    assert events(scene)[1].answered is None


def test_the_last_turn_counts_for_whether_a_reply_is_due(stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.answers(end + 0.3, 1.0)
    end = scene.says(6.0, 1.0) / RATE
    scene.says(end + 0.4, 0.3, Kind.TIC, reply=False)
    scene.answers(end + 1.2, 1.0)
    assert events(scene)[2].answered is None


def test_after_a_stop_that_wants_no_reply_none_is_due(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 1.0, Kind.BARGE_IN, reply=False) / RATE
    scene.says(end + 2.0, 0.3, Kind.TIC, reply=False)
    scene.answers(end + 3.0, 1.0)
    assert events(scene)[1].answered is True


def test_what_the_harness_asked_for_answers_nothing(stage):
    scene = stage(seconds=14.0)
    scene.says(4.0, 0.5, Kind.TIC, reply=False)
    scene.answers(6.0, 1.0)
    labels = replace(scene.labels, about={"asked": str(round(5.9 * RATE))})
    assert score(scene.recording, labels).turns[0].event.answered is False


def test_a_recording_that_ends_too_early_leaves_the_answer_open(stage):
    scene = stage(seconds=6.0)
    scene.says(4.0, 0.5, Kind.NOISE, reply=False)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].event.answered is None and "2 s after it are over" in found.unscored[0]


def test_a_sound_labelled_over_the_voice_that_was_not_is_judged_in_silence_and_told(stage):
    scene = stage(seconds=14.0)
    scene.says(4.0, 0.5, Kind.TIC, reply=False)
    scene.turns[0] = replace(scene.turns[0], during=During.SPEAKING)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].event.answered is False and "though it is labelled so" in found.unscored[0]


def test_a_sound_that_cannot_be_heard_is_no_event(stage):
    scene = talking(stage)
    scene.says(4.0, 0.5, Kind.NOISE, reply=False)
    scene.user[:] *= 0.001
    found = score(scene.recording, scene.labels)
    assert found.turns[0].event is None and "cannot be heard" in found.unscored[0]


def test_sounds_that_take_no_floor_are_no_cut_ins_and_no_turns(stage):
    scene = stage(seconds=14.0)
    scene.says(4.0, 2.0, Kind.ASIDE, reply=False)
    scene.answers(4.8, 2.0)
    (turn,) = score(scene.recording, scene.labels).turns
    assert not (turn.cut_in or turn.interruptions or turn.floor)
    assert turn.event.answered and turn.overlap == pytest.approx(1.2, abs=NEAR)


# --- barge-ins ---------------------------------------------------------------------------------------------


def test_the_stop_knows_how_long_the_agent_had_been_speaking(stage):
    scene = talking(stage, until=4.6)
    scene.says(4.0, 2.0, Kind.BARGE_IN)
    stop = score(scene.recording, scene.labels).turns[0].stop
    assert stop.latency == pytest.approx(0.6, abs=NEAR) and stop.offset == pytest.approx(3.0, abs=NEAR)
    assert not (stop.censored or stop.resumed)


def test_a_voice_back_after_a_silence_just_long_enough_to_be_a_stop_has_resumed(stage):
    scene = talking(stage, until=4.3)
    scene.answers(4.3 + 0.25, 0.5)
    scene.says(4.0, 2.0, Kind.BARGE_IN)
    stop = score(scene.recording, scene.labels).turns[0].stop
    assert stop.latency == pytest.approx(0.3, abs=NEAR) and stop.resumed


def test_commas_belong_to_the_utterance_whose_age_is_told(stage):
    scene = stage(seconds=20.0)
    scene.answers(1.0, 1.0)
    scene.answers(2.25, 2.0)
    scene.says(4.0, 2.0, Kind.BARGE_IN)
    stop = score(scene.recording, scene.labels).turns[0].stop
    assert stop.latency == pytest.approx(0.25, abs=NEAR) and stop.offset == pytest.approx(3.0, abs=NEAR)


def test_a_stop_just_before_the_recording_ends_is_not_certain(stage):
    scene = talking(stage, until=4.5, seconds=4.6)
    scene.says(4.0, 0.4, Kind.BARGE_IN, reply=False)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].stop is None and "before silence is certain" in found.unscored[0]


@pytest.mark.parametrize(("after", "censored"), [(1.98, False), (2.02, True)])
def test_a_stop_is_censored_at_two_seconds(stage, after, censored):
    scene = talking(stage, until=4.0 + after)
    scene.says(4.0, 3.0, Kind.BARGE_IN)
    stop = score(scene.recording, scene.labels).turns[0].stop
    assert stop.censored is censored and stop.latency == pytest.approx(min(after, 2.0), abs=NEAR)


# --- beside τ-voice ----------------------------------------------------------------------------------------


def by_tau(scene):
    found = tau.overlaps(from_recording(scene.recording, scene.labels))
    return [one.error for one in found if one.category is tau.Category.BACKCHANNEL]


@pytest.mark.parametrize(("gap", "theirs", "ours"), [(0.15, 0, 0), (0.25, 1, 0), (0.35, 1, 1)])
def test_a_comma_of_250_ms_is_a_yield_by_tau_and_not_by_us(stage, gap, theirs, ours):
    scene = talking(stage, until=4.5)
    scene.answers(4.5 + gap, 4.0)
    scene.says(4.0, 0.3, Kind.BACKCHANNEL, reply=False)
    assert by_tau(scene) == [bool(theirs)]
    assert event(scene).yielded is bool(ours)


def test_both_agree_where_the_voice_clearly_goes_on_or_ends(stage):
    for until, wrong in ((None, False), (4.6, True)):
        scene = talking(stage, until=until)
        scene.says(4.0, 0.3, Kind.BACKCHANNEL, reply=False)
        assert by_tau(scene) == [wrong] and event(scene).yielded is wrong


def test_the_late_answer_to_a_question_is_an_answer_to_the_cough_by_tau_and_not_by_us(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 1.0) / RATE
    scene.says(end + 0.5, 0.3, Kind.NOISE, reply=False)
    scene.answers(end + 1.5, 1.0)
    found = tau.unasked(from_recording(scene.recording, scene.labels))
    assert [one.error for one in found] == [True]
    assert events(scene)[1].answered is None
