"""Hesitations: what began in one, what began after it, and what merely sounded in it."""

import pytest

from bench.score import score

RATE = 24_000
NEAR = 0.0011


def hesitant(stage, *, pauses=((2.0, 2.6), (3.5, 4.5)), seconds=5.0):
    scene = stage(seconds=14.0)
    scene.says(1.0, seconds, pauses=pauses)
    return scene


def told(scene):
    (turn,) = score(scene.recording, scene.labels).turns
    return turn


def test_an_agent_that_talks_through_a_pause_it_did_not_begin_in_is_heard_there_and_cut_nothing(stage):
    scene = hesitant(stage)
    scene.answers(0.3, 4.0)
    first, second = told(scene).pauses
    assert (first.cut, first.inside, first.heard) == (False, False, True)
    assert first.sounded == pytest.approx(0.6, abs=NEAR)
    assert second.sounded == pytest.approx(0.8, abs=NEAR) and second.heard and not second.cut


def test_what_began_under_the_words_before_a_pause_cuts_into_the_turn_and_not_into_the_pause(stage):
    scene = hesitant(stage)
    scene.answers(1.5, 0.8)
    turn = told(scene)
    first, second = turn.pauses
    assert turn.cut_in and turn.interruptions == 1
    assert (first.cut, first.heard, second.heard) == (False, True, False)
    assert first.sounded == pytest.approx(0.3, abs=NEAR) and first.onset is None


def test_the_beginning_is_timed_from_the_pause_it_is_put_down_to(stage):
    scene = hesitant(stage)
    scene.answers(2.25, 0.3)
    scene.answers(4.7, 0.2)
    first, second = told(scene).pauses
    assert (first.cut, first.inside) == (True, True)
    assert first.onset == pytest.approx(0.25, abs=NEAR)
    assert (second.cut, second.inside, second.heard) == (True, False, False)
    assert second.onset == pytest.approx(1.2, abs=NEAR)


def test_the_first_of_two_beginnings_counts(stage):
    scene = hesitant(stage, pauses=((2.0, 4.0),))
    scene.answers(2.4, 0.2)
    scene.answers(3.2, 0.2)
    (pause,) = told(scene).pauses
    assert pause.onset == pytest.approx(0.4, abs=NEAR)


@pytest.mark.parametrize(("inside", "heard"), [(0.02, False), (0.04, True)])
def test_a_last_breath_that_reaches_into_the_pause_is_not_heard_there(stage, inside, heard):
    scene = hesitant(stage, pauses=((2.0, 2.6),))
    scene.answers(0.5, 1.5 + inside)
    (pause,) = told(scene).pauses
    assert pause.heard is heard and pause.sounded == pytest.approx(inside, abs=NEAR)


def test_silence_in_the_agents_speech_is_not_counted_as_sounding(stage):
    scene = hesitant(stage, pauses=((2.0, 3.0),))
    scene.answers(0.5, 1.7)
    scene.answers(2.35, 2.0)
    (pause,) = told(scene).pauses
    assert pause.sounded == pytest.approx(0.2 + 0.65, abs=2 * NEAR)


def test_overlap_leaves_the_users_pauses_out(stage):
    scene = hesitant(stage, pauses=((2.0, 2.6), (3.5, 4.5)))
    scene.answers(1.8, 2.2)
    assert told(scene).overlap == pytest.approx(0.2 + 0.9, abs=2 * NEAR)
