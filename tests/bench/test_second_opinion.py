"""Two rulers on one recording: where they agree nothing is said, and what they differ by is said exactly."""

import numpy as np
import pytest

from bench.second_opinion import rescore, second_opinion, speech, told


class Loud:
    """A detector by energy, deaf below ``level``."""

    window = 512

    def __init__(self, level=0.01):
        self.level = level

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > self.level)

    def reset(self):
        pass


@pytest.fixture
def talk(stage):
    scene = stage(seconds=20.0)
    scene.says(1.0, 1.0)
    scene.answers(2.5, 1.5)
    scene.says(9.0, 1.0)
    scene.answers(10.7, 1.5)
    return scene


def test_rulers_that_agree_differ_by_no_more_than_a_window(talk):
    found = second_opinion([(talk.recording, talk.labels)], Loud)
    assert (found.turns, found.replied, found.cut_in) == (2, 0, 0)
    assert found.voice_to_voice.n == 2 and abs(found.voice_to_voice.worst) <= found.resolution
    assert found.voice_to_voice.far == 0 and abs(found.user_end.worst) <= found.resolution


def test_a_ruler_that_hears_less_disagrees_and_the_disagreement_is_counted(talk, sound):
    talk.answers(10.2, 0.3, sound(0.3, level=0.02))
    found = second_opinion([(talk.recording, talk.labels)], lambda: Loud(0.03))
    assert found.voice_to_voice.far == 1 and found.voice_to_voice.worst == pytest.approx(0.5, abs=0.04)
    assert "+50" in " ".join(told(found, "loud")) or "+4" in " ".join(told(found, "loud"))


def test_a_reply_that_only_one_of_them_hears_is_counted_and_not_averaged(talk):
    found = second_opinion([(talk.recording, talk.labels)], lambda: Loud(10.0))
    assert found.replied == 2 and found.voice_to_voice is None and found.user_end is None


def test_the_channel_of_speech_is_loud_where_the_detector_hears_and_as_long_as_the_sound(talk):
    channel = speech(talk.recording.agent, talk.recording.rate, Loud())
    loud = np.flatnonzero(channel) / talk.recording.rate
    assert len(channel) == talk.recording.length
    assert loud[0] == pytest.approx(2.5, abs=0.035) and loud[-1] == pytest.approx(12.2, abs=0.035)


def test_the_second_score_is_a_score_like_the_first(talk):
    again = rescore(talk.recording, talk.labels, Loud())
    assert [turn.number for turn in again.turns] == [1, 2] and again.agent_seconds == pytest.approx(
        3.0, abs=0.15
    )
