"""Silence inside replies, from the agent's channel alone."""

import pytest

from bench.load_gaps import silences


def test_a_hole_in_a_reply_counts_and_what_parts_two_replies_does_not(stage):
    scene = stage(20.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + 0.3, 1.0)
    scene.answers(end + 1.6, 1.0)  # 300 ms of nothing inside the reply
    scene.answers(end + 5.0, 1.0)  # 2.4 s later: another reply
    silent, whole = silences(scene.recording, scene.labels)
    assert silent == pytest.approx(0.3, abs=0.005) and whole == pytest.approx(3.3, abs=0.01)


def test_the_closure_of_a_consonant_is_no_hole(stage):
    scene = stage(5.0)
    scene.answers(1.0, 1.0)
    scene.answers(2.1, 1.0)
    assert silences(scene.recording, scene.labels) == (0.0, pytest.approx(2.1, abs=0.01))


def test_a_silence_in_which_the_user_speaks_is_nobodys_hole(stage):
    scene = stage(8.0)
    scene.answers(1.0, 1.0)
    scene.says(2.2, 0.8)
    scene.answers(3.2, 1.0)
    assert silences(scene.recording, scene.labels)[0] == 0.0


def test_an_agent_that_says_nothing_has_no_silences(stage):
    scene = stage(3.0)
    assert silences(scene.recording, scene.labels) == (0.0, 0.0)
