"""Silences inside the agent's speech: which are counted, and how long they are."""

from dataclasses import replace

import pytest

from bench.labels import Kind
from bench.score import score

RATE = 24_000
NEAR = 0.0021


def spoken(stage, *gaps, start=6.0):
    """A question long over, then pieces of a second each with these silences between."""
    scene = stage(seconds=30.0)
    scene.says(1.0, 1.0)
    at = start
    for gap in (*gaps, 0.0):
        scene.answers(at, 1.0)
        at += 1.0 + gap
    return scene


def lengths(scene, **labels):
    found = score(scene.recording, replace(scene.labels, **labels))
    return [round(gap.seconds, 2) for gap in found.gaps]


def test_silences_from_120_ms_up_to_another_reply_are_counted(stage):
    assert lengths(spoken(stage, 0.1, 0.14, 0.5, 1.45, 1.55)) == [0.14, 0.5, 1.45]


def test_they_are_as_long_as_they_are_and_where_they_are(stage):
    scene = spoken(stage, 0.437)
    (gap,) = score(scene.recording, scene.labels).gaps
    assert gap.seconds == pytest.approx(0.437, abs=NEAR) and gap.at == pytest.approx(7.0, abs=NEAR)


def test_a_silence_beside_the_users_sound_is_an_answer_to_it_and_not_counted(stage):
    scene = spoken(stage, 0.4, 0.4, 0.4, 0.4)
    scene.says(8.5, 0.3, Kind.TIC, reply=False)
    # The silences begin at 7.0, 8.4, 9.8 and 11.2 s: the second touches the cough, the third follows it
    # within two seconds.
    assert [round(gap.at, 1) for gap in score(scene.recording, scene.labels).gaps] == [7.0, 11.2]


def test_a_silence_that_the_harness_ended_is_not_the_agents(stage):
    scene = spoken(stage, 1.2, 0.4)
    assert lengths(scene, about={"asked": str(round(8.1 * RATE))}) == [0.4]
