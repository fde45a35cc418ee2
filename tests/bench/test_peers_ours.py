"""What our channel shows is measured from its sound alone."""

import numpy as np
import pytest

from agent.turn import TurnConfig
from bench.peers_ours import SHORTEST, TimelineEdge, arguments, config, heard
from bench.peers_timeline import timeline

SECOND = np.full(16_000, 3000, np.int16)
LINE = timeline(SECOND, SECOND, gap=3.0)
"""Ends at 2 s, barge-in from 5 to 6 s, 8.5 s long."""


def agent(*sounds):
    pcm = np.zeros(round(24_000 * 8.5), np.float32)
    for start, end in sounds:
        pcm[round(24_000 * start) : round(24_000 * end)] = 0.2
    return pcm


def test_the_first_sound_and_the_silence_are_timed():
    found = heard(agent((2.45, 5.25), (7.0, 8.0)), LINE)
    assert found == {
        "e2e": 450,
        "cut_ins": 0,
        "was_speaking": True,
        "stop": 250,
        "back": 2000,
        "over_user": False,
    }


def test_a_voice_that_comes_back_before_the_user_is_through_is_told():
    assert heard(agent((2.45, 5.25), (5.8, 8.0)), LINE)["over_user"]


def test_sound_before_the_end_is_a_cut_in_and_no_answer():
    found = heard(agent((1.5, 1.8)), LINE)
    assert found["cut_ins"] == 1 and found["e2e"] is None and not found["was_speaking"]


@pytest.mark.parametrize("end", [7.2, 8.5])
def test_a_voice_that_goes_on_has_not_stopped(end):
    assert heard(agent((2.5, end)), LINE)["stop"] is None


def test_the_settings_are_what_they_are_called():
    assert config("defaults").turn == TurnConfig()
    assert config("first window").turn == TurnConfig.fixed(SHORTEST)


def test_the_edge_plays_every_frame_once_and_ends():
    class Source:
        def pull(self, count):
            return np.zeros(count, np.float32)

    edge, taken = TimelineEdge(LINE), []
    while not edge.script.finished:
        edge.tick(Source())
        taken.append(edge._taken)
    assert len(taken) == LINE.frames
    assert np.array_equal(np.concatenate(taken), (LINE.pcm[: 320 * LINE.frames] / 32768).astype(np.float32))


def test_the_flags_are_named_as_the_peers_are():
    given = arguments().parse_args(["--wav", "a", "--barge", "b", "--stt-ms", "100", "--tok", "15"])
    assert (given.stt_ms, given.ttft, given.ttfb, given.reps) == (100, 250, 120, 1)
