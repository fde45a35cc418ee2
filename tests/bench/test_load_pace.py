"""Ticks that come late are seen for what they are, and make a level worthless."""

import numpy as np
import pytest

from bench.load_pace import TICK, Pace, TimedScript, pace
from bench.script import Cue, When
from bench.stimuli import Stimulus


def ticking(late, seconds=2.0, cues=()):
    """A script whose ticks come at their times but for ``late``: seconds behind by number."""
    times = iter(100.0 + TICK * number + late.get(number, 0.0) for number in range(10_000))
    script = TimedScript(cues, seconds, lambda: next(times))
    while not script.finished:
        script.frame(False)
    return script


def test_the_most_punctual_tick_is_the_zero_and_lateness_counts_from_it():
    script = ticking({0: 0.003, 5: 0.030})
    late = script.lateness()
    assert len(late) == 100 and late[0] == pytest.approx(0.003) and late[5] == pytest.approx(0.030)
    assert late[1] == pytest.approx(0.0)


def test_a_level_is_good_while_99_of_100_ticks_are_in_time():
    one_late = pace([ticking({5: 0.5}), ticking({})])
    assert one_late.good and one_late.ticks == 200 and one_late.late == 1
    assert one_late.worst == pytest.approx(0.5)
    often = pace([ticking(dict.fromkeys(range(0, 100, 20), 0.03))])
    assert not often.good and often.late == 5 and often.p99 == pytest.approx(0.03)


def test_nothing_measured_is_not_good():
    assert pace([]) == Pace(0, 0, 0.0, 0.0, 0.0) and not pace([]).good


def test_the_recording_is_as_long_as_planned_whatever_the_agent_does():
    cue = Cue(Stimulus(np.full(1600, 0.3, np.float32)), When.AT, 0.5)
    script = ticking({}, seconds=3.0, cues=[cue])
    assert len(script.lateness()) == 150 and script.placed[0].start == 8000
    chatty = TimedScript([cue], 3.0, lambda: 0.0)
    ticks = 0
    while not chatty.finished:
        chatty.frame(True)
        ticks += 1
    assert ticks == 150 and chatty.placed[0].start == 8000


def test_a_session_that_begins_after_its_planned_time_is_seen_and_its_ticks_are_not_late_for_it():
    clock = [3.0]
    script = TimedScript((), 1.0, lambda: clock[0])
    assert script.begun_late() == 0.0, "nobody planned it"
    script.planned = 0.5
    while not script.finished:
        script.frame(False)
        clock[0] += TICK
    found = pace([script, ticking({})])
    assert found.begun == pytest.approx(2.5) and found.worst == pytest.approx(0.0)
