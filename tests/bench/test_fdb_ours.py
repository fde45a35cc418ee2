"""Our measures of the same events: signed, and an agent that games the benchmark's formulas fails them."""

import pytest

from bench.fdb_ours import ours, together
from bench.labels import Kind


def measured(scene):
    return ours(scene.recording, scene.labels)


def test_an_early_reply_is_negative_and_counted_where_theirs_is_zero(stage):
    scene = stage(seconds=10.0)
    scene.says(1.0, 2.0)
    scene.answers(2.8, 2.0)
    found = measured(scene)
    assert found.offset == pytest.approx(-0.2, abs=0.005)
    assert found.early and found.taken and not found.censored


def test_an_always_talking_agent_has_no_reply_never_stops_and_takes_the_pause(stage):
    turn, cut, pause = stage(seconds=12.0), stage(seconds=14.0), stage(seconds=8.0)
    turn.says(2.0, 2.0)
    cut.says(1.0, 1.0)
    cut.says(5.0, 2.0, Kind.BARGE_IN)
    pause.says(1.0, 4.0, pauses=[(2.5, 3.3)])
    for scene in (turn, cut, pause):
        scene.answers(0.0, scene.seconds)
    assert measured(turn).taken is False and measured(turn).censored
    over = measured(cut)
    assert over.taken is False and over.stop.censored and over.stop.latency == 2.0
    assert measured(pause).taken is True


def test_a_never_talking_agent_misses_the_turn_and_leaves_the_pause_alone(stage):
    turn, pause = stage(seconds=12.0), stage(seconds=12.0)
    turn.says(1.0, 2.0)
    pause.says(1.0, 4.0, pauses=[(2.5, 3.3)])
    assert measured(turn).taken is False and measured(turn).offset == 5.0
    assert measured(pause).taken is False


def test_starting_after_the_pause_but_under_the_user_takes_it_too(stage):
    scene = stage(seconds=10.0)
    scene.says(1.0, 4.0, pauses=[(2.5, 3.3)])
    scene.answers(3.6, 2.0)
    assert measured(scene).taken is True


def test_a_blip_is_a_reply_in_time_but_no_takeover(stage):
    scene = stage(seconds=12.0)
    scene.says(1.0, 2.0)
    scene.answers(3.5, 0.1)
    found = measured(scene)
    assert found.taken is False and found.offset == pytest.approx(0.5, abs=0.005)


def test_stopping_is_timed_from_the_users_onset(stage):
    scene = stage(seconds=14.0)
    scene.says(1.0, 1.0)
    scene.answers(2.5, 3.2)
    scene.says(5.0, 2.0, Kind.BARGE_IN)
    scene.answers(7.6, 2.0)
    found = measured(scene)
    assert found.stop.latency == pytest.approx(0.7, abs=0.005)
    assert found.taken and found.offset == pytest.approx(0.6, abs=0.005)


def test_sets_keep_the_tail_and_the_censored(stage):
    events = {}
    for place, delay in enumerate((0.2, 0.4, None)):
        scene = stage(seconds=12.0)
        scene.says(1.0, 2.0)
        if delay is not None:
            scene.answers(3.0 + delay, 2.0)
        events[str(place)] = measured(scene)
    many = together(events)
    assert (many.taken.hits, many.taken.n) == (2, 3)
    assert many.offset.n == 3 and many.offset.censored == 1 and many.offset.most == 5.0
    assert many.offset.p50 == pytest.approx(0.4, abs=0.005)
    assert many.stop is None
