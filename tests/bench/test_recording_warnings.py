"""Recordings that can be scored and should be doubted: one warning per case, none for a good one."""

from dataclasses import replace

import numpy as np
import pytest

from bench.labels import Kind
from bench.recording_warnings import absent, warnings
from bench.score import score

RATE = 24_000


@pytest.fixture
def scene(stage):
    made = stage(seconds=16.0, floor=-60.0)
    for at in (1.0, 8.0):
        end = made.says(at, 1.5) / RATE
        made.answers(end + 0.4, 1.5)
    return made


def test_a_good_recording_is_not_doubted(scene):
    assert warnings(scene.recording, scene.labels) == ()
    assert score(scene.recording, scene.labels).warnings == ()


@pytest.mark.parametrize(("side", "name"), [("user", "user"), ("agent", "agent")])
def test_clipping_is_told_with_its_side_count_and_place(scene, side, name):
    channel = getattr(scene, side)
    channel[36_000:36_007] = 1.0
    channel[40_000:40_003] = -1.0
    (told,) = score(scene.recording, scene.labels).warnings
    assert told.startswith(f"the {name}'s channel is clipped in 10 samples, first at 1.50 s")


def test_a_loud_peak_that_touches_the_range_once_is_not_clipped(scene):
    scene.user[36_000:36_002] = 1.0
    scene.user[37_000], scene.user[37_001], scene.user[37_002] = 1.0, -1.0, 1.0
    assert warnings(scene.recording, scene.labels) == ()


def test_a_silent_agent_is_told_as_zeros_or_as_faint(scene):
    scene.agent[:] = np.random.default_rng(3).normal(0, 1e-4, len(scene.agent))
    assert "is never audible" in score(scene.recording, scene.labels).warnings[0]
    scene.agent[:] = 0
    (told,) = score(scene.recording, scene.labels).warnings
    assert "nothing but zeros" in told and "channel 1 holds the agent as played" in told


def test_an_agent_that_nobody_asked_may_be_silent(stage):
    alone = stage(seconds=5.0)
    alone.agent[:] = 0
    assert warnings(alone.recording, alone.labels) == ()
    alone.says(1.0, 1.0, Kind.TIC, reply=False)
    assert warnings(alone.recording, alone.labels) == ()


def test_the_users_voice_in_the_agents_channel_is_told(scene):
    scene.agent += 0.3 * scene.user
    (told,) = score(scene.recording, scene.labels).warnings
    assert "holds the user's voice in 2 of 2 turns (first in turn 1)" in told


def test_an_agent_that_talks_over_the_user_is_no_leak(scene):
    scene.answers(0.5, 14.0)
    assert warnings(scene.recording, scene.labels) == ()


def test_only_sounds_that_need_not_be_loud_may_be_absent(scene):
    scene.says(12.0, 0.5, Kind.NOISE, reply=False)
    assert absent(scene.recording, scene.labels) == frozenset()
    scene.user[round(12.0 * RATE) :] *= 0.001
    assert absent(scene.recording, scene.labels) == {3}
    assert absent(scene.recording, replace(scene.labels, turns=scene.labels.turns[:2])) == frozenset()


def test_a_knock_of_20_ms_is_there(scene):
    scene.says(12.0, 0.5, Kind.NOISE, reply=False)
    scene.user[round(12.02 * RATE) :] *= 0.001
    assert absent(scene.recording, scene.labels) == frozenset()
