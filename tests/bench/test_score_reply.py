"""When a reply began, when more than a filler did, and whether it took the floor: known truth."""

from dataclasses import replace

import pytest

from bench.labels import Kind
from bench.score import WINDOW, score

RATE = 24_000
NEAR = 0.0011
"""Seconds: an edge is placed within a millisecond."""


def question(stage, seconds=14.0):
    scene = stage(seconds=seconds)
    return scene, scene.says(1.0, 1.5) / RATE


def only(scene):
    (turn,) = score(scene.recording, scene.labels).turns
    return turn


def test_a_blip_of_33_ms_is_the_first_sound_and_named_and_no_reply(stage):
    scene, end = question(stage)
    scene.answers(end + 0.1, 0.033)
    turn = only(scene)
    assert turn.voice_to_voice == pytest.approx(0.1, abs=NEAR)
    assert turn.blip and not turn.censored
    assert turn.took_floor is False
    assert turn.body_censored and turn.to_body == WINDOW


@pytest.mark.parametrize("gap", [0.15, 0.25, 0.8])
def test_a_blip_before_the_answer_is_left_out_of_the_body_however_soon_the_answer_follows(stage, gap):
    scene, end = question(stage)
    scene.answers(end + 0.1, 0.033)
    scene.answers(end + 0.133 + gap, 1.2)
    turn = only(scene)
    assert turn.blip and turn.voice_to_voice == pytest.approx(0.1, abs=NEAR)
    assert turn.to_body == pytest.approx(0.133 + gap, abs=NEAR)
    assert turn.took_floor and not turn.body_censored


def test_a_word_is_no_blip(stage):
    scene, end = question(stage)
    scene.answers(end + 0.2, 0.13)
    scene.answers(end + 0.5, 1.0)
    turn = only(scene)
    assert not turn.blip
    assert turn.to_body == pytest.approx(0.2, abs=NEAR)


def test_a_stop_consonant_inside_the_first_word_does_not_make_a_blip(stage):
    scene, end = question(stage)
    scene.answers(end + 0.2, 0.05)
    scene.answers(end + 0.33, 1.0)
    turn = only(scene)
    assert not turn.blip and turn.to_body == pytest.approx(0.2, abs=NEAR)


@pytest.mark.parametrize(("seconds", "took"), [(0.28, False), (0.32, True)])
def test_the_floor_is_taken_with_300_ms_and_not_with_less(stage, seconds, took):
    scene, end = question(stage)
    scene.answers(end + 0.4, seconds)
    turn = only(scene)
    assert turn.took_floor is took and turn.body_censored is not took
    assert turn.voice_to_voice == pytest.approx(0.4, abs=NEAR)


def test_sound_adds_up_to_a_takeover_only_inside_the_window(stage):
    scene, end = question(stage)
    scene.answers(end + 4.8, 2.0)
    assert only(scene).took_floor is False
    scene, end = question(stage)
    scene.answers(end + 4.6, 2.0)
    assert only(scene).took_floor is True


def test_what_sounded_before_the_end_is_no_part_of_the_takeover(stage):
    scene, end = question(stage)
    scene.answers(end - 0.5, 0.5 + 0.305)
    turn = only(scene)
    assert turn.voice_to_voice == pytest.approx(-0.5, abs=NEAR) and turn.cut_in and turn.took_floor
    scene, end = question(stage)
    scene.answers(end - 0.5, 0.5 + 0.295)
    turn = only(scene)
    assert turn.cut_in and turn.censored and turn.took_floor is False


def test_an_agent_that_talked_on_from_before_the_turn_has_not_taken_it_over(stage):
    scene, end = question(stage)
    scene.answers(0.2, end + 3.0)
    turn = only(scene)
    assert turn.censored and turn.took_floor is False and turn.interruptions == 0


def test_a_filler_is_not_the_body_and_the_body_after_the_window_is_censored(stage):
    scene, end = question(stage)
    scene.answers(end + 0.1, 0.35)
    scene.answers(end + 5.6, 2.0)
    turn = only(scene)
    assert turn.voice_to_voice == pytest.approx(0.1, abs=NEAR)
    assert turn.to_body == WINDOW and turn.body_censored and not turn.censored


def test_a_short_answer_by_itself_is_the_body(stage):
    scene, end = question(stage)
    scene.answers(end + 0.3, 0.45)
    assert only(scene).to_body == pytest.approx(0.3, abs=NEAR)


def test_every_beginning_under_the_user_is_an_interruption_of_its_own(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 5.0) / RATE
    for at in (1.5, 2.5, 4.0):
        scene.answers(at, 0.4)
    scene.answers(end + 0.3, 1.0)
    turn = only(scene)
    assert turn.interruptions == 3 and turn.cut_in
    assert turn.voice_to_voice == pytest.approx(0.3, abs=NEAR)


@pytest.mark.parametrize("kind", [Kind.TIC, Kind.NOISE, Kind.ASIDE, Kind.BACKCHANNEL])
def test_a_cough_while_the_agent_thinks_neither_ends_the_turn_nor_gets_its_answer(stage, kind):
    scene, end = question(stage)
    scene.says(end + 0.4, 0.3, kind, reply=False)
    scene.answers(end + 0.9, 1.5)
    found = score(scene.recording, scene.labels)
    first, cough = found.turns
    assert first.voice_to_voice == pytest.approx(0.9, abs=NEAR)
    assert first.took_floor and first.doubles == 0
    assert cough.event.answered is None and cough.doubles == 0 and not cough.floor
    assert "a reply was still due" in found.unscored[0]


def test_another_turn_does_end_it(stage):
    scene, end = question(stage)
    scene.says(end + 0.4, 0.3)
    scene.answers(end + 0.9, 1.5)
    found = score(scene.recording, scene.labels)
    first, second = found.turns
    assert first.voice_to_voice is None and first.took_floor is None and not first.censored
    assert second.voice_to_voice == pytest.approx(0.2, abs=NEAR)
    (note,) = found.unscored
    assert note == "turn 1: the user spoke again 0.40 s after it, unanswered, before 2 s were over"


@pytest.mark.parametrize(("waited", "missed"), [(1.95, False), (2.05, True)])
def test_a_turn_was_missed_only_if_the_user_waited_two_seconds_before_speaking_again(stage, waited, missed):
    scene, end = question(stage)
    later = scene.says(end + waited, 1.0) / RATE
    scene.answers(later + 0.3, 1.0)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].censored is missed and (found.turns[0].voice_to_voice == WINDOW) is missed
    assert bool(found.unscored) is not missed


def test_a_reply_that_came_before_the_user_spoke_again_counts_however_soon_that_was(stage):
    scene, end = question(stage)
    scene.answers(end + 0.3, 0.5)
    scene.says(end + 1.0, 1.0)
    found = score(scene.recording, scene.labels)
    assert found.turns[0].voice_to_voice == pytest.approx(0.3, abs=NEAR) and found.turns[0].took_floor


def test_the_answer_to_a_later_cough_is_the_coughs_and_no_double_of_the_question(stage):
    scene, end = question(stage, seconds=20.0)
    scene.answers(end + 0.3, 1.0)
    scene.says(end + 4.0, 0.3, Kind.TIC, reply=False)
    scene.answers(end + 5.0, 1.0)
    assert [turn.doubles for turn in score(scene.recording, scene.labels).turns] == [0, 1]


@pytest.mark.parametrize(("gap", "doubles"), [(1.4, 0), (1.6, 1)])
def test_replies_are_parted_by_a_second_and_a_half(stage, gap, doubles):
    scene, end = question(stage)
    scene.answers(end + 0.3, 1.0)
    scene.answers(end + 1.3 + gap, 1.0)
    assert only(scene).doubles == doubles


def test_a_body_is_half_as_long_as_the_longest_where_all_are_short(stage):
    scene, end = question(stage)
    scene.answers(end + 0.3, 0.5)
    scene.answers(end + 1.3, 0.8)
    assert only(scene).to_body == pytest.approx(0.3, abs=NEAR)
    scene, end = question(stage)
    scene.answers(end + 0.3, 0.4)
    scene.answers(end + 1.3, 0.95)
    assert only(scene).to_body == pytest.approx(1.3, abs=NEAR)


def test_a_cut_in_that_dies_away_in_scraps_after_the_end_has_not_taken_the_floor(stage):
    scene, end = question(stage)
    scene.answers(end - 0.5, 0.55)
    scene.answers(end + 0.3, 0.05)
    turn = only(scene)
    assert turn.voice_to_voice == pytest.approx(-0.5, abs=NEAR) and turn.took_floor is False


def test_a_reply_is_heard_as_a_takeover_only_until_the_user_speaks_again(stage):
    scene, end = question(stage)
    scene.says(end + 0.5, 1.0)
    scene.answers(end + 0.3, 3.0)
    first = score(scene.recording, scene.labels).turns[0]
    assert first.voice_to_voice == pytest.approx(0.3, abs=NEAR) and first.took_floor is False


def test_a_turn_that_another_follows_was_missed_however_soon_the_recording_ends(stage):
    scene = stage(seconds=5.0)
    scene.says(1.0, 0.5)
    scene.says(3.6, 0.5)
    first, second = score(scene.recording, scene.labels).turns
    assert first.censored and first.body_censored and first.took_floor is False
    assert second.voice_to_voice is None and second.took_floor is None and not second.body_censored


def test_an_aside_that_wants_a_reply_is_a_turn(stage):
    scene = stage(seconds=14.0)
    end = scene.says(1.0, 1.0, Kind.ASIDE, reply=True) / RATE
    scene.answers(end + 0.4, 1.0)
    turn = only(scene)
    assert turn.floor and turn.event is None and turn.voice_to_voice == pytest.approx(0.4, abs=NEAR)


def test_only_what_came_before_the_first_turn_is_unprompted(stage):
    scene = stage(seconds=20.0)
    scene.answers(0.5, 1.0)
    for at in (4.0, 10.0):
        end = scene.says(at, 1.0) / RATE
        scene.answers(end + 0.4, 1.0)
    assert score(scene.recording, scene.labels).unprompted == 1


def asked(scene, at):
    return replace(scene.labels, about={"asked": f"{round(at * RATE)}"})


def test_what_the_harness_asked_the_agent_to_say_is_neither_reply_nor_double_nor_unprompted(stage):
    scene = stage(seconds=24.0)
    scene.answers(1.0, 2.0)
    end = scene.says(5.0, 1.0) / RATE
    scene.answers(end + 0.3, 0.5)
    scene.answers(end + 3.0, 4.0)
    plain = score(scene.recording, scene.labels)
    assert (plain.unprompted, plain.turns[0].doubles) == (1, 1)
    told = replace(scene.labels, about={"asked": f"{round(0.9 * RATE)}, {round((end + 2.9) * RATE)}"})
    found = score(scene.recording, told)
    assert (found.unprompted, found.turns[0].doubles) == (0, 0)
    assert found.turns[0].to_body == pytest.approx(0.3, abs=NEAR)


def test_only_the_first_utterance_soon_after_the_asking_is_put_down_to_it(stage):
    scene = stage(seconds=24.0)
    scene.says(10.0, 1.0, Kind.ASIDE, reply=False)
    for at in (12.0, 15.0):
        scene.answers(at, 1.0)
    assert score(scene.recording, scene.labels).turns[0].doubles == 2
    assert score(scene.recording, asked(scene, 11.9)).turns[0].doubles == 1
    assert score(scene.recording, asked(scene, 6.5)).turns[0].doubles == 2
