"""A detector that remembers says exactly what the one inside would say."""

import numpy as np

from bench.think_detector import Remembering


class Counting:
    """Its score depends on all it has heard since its reset."""

    window = 4

    def __init__(self):
        self.heard = 0.0
        self.asked = 0

    def score(self, window):
        self.asked += 1
        self.heard = 0.5 * self.heard + float(window.sum())
        return self.heard

    def reset(self):
        self.heard = 0.0


def windows(*values):
    return [np.full(4, value, np.float32) for value in values]


def plain(sound):
    inner = Counting()
    return [inner.score(window) for window in sound]


def run(detector, sound):
    detector.reset()
    return [detector.score(window) for window in sound]


def test_the_same_sound_is_scored_once():
    detector, sound = Remembering(Counting), windows(1, 2, 3)
    assert run(detector, sound) == run(detector, sound) == plain(sound)
    assert detector.recalled == 3


def test_where_the_sound_differs_the_real_detector_hears_it_all():
    detector = Remembering(Counting)
    for sound in (windows(1, 2, 3), windows(1, 2, 5, 6), windows(1, 2, 5, 6, 7), windows(9), windows(9, 1)):
        assert run(detector, sound) == plain(sound)


def test_going_on_after_a_shorter_session_is_right_too():
    detector = Remembering(Counting)
    run(detector, windows(1, 2, 3, 4))
    run(detector, windows(1, 2))
    assert run(detector, windows(1, 2, 3, 4, 5)) == plain(windows(1, 2, 3, 4, 5))
