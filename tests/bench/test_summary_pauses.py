"""Operating points of one recording: what had begun by a budget, wrongly and rightly."""

from bench.labels import Kind
from bench.score import PauseScore, TurnScore
from bench.summary_pauses import by_length, operating


def turn(pauses=(), wait=None):
    return TurnScore(1, Kind.QUESTION, wait, wait, wait == 5.0, False, pauses, None, None, 0.0, 0)


def pause(seconds, onset=None, sounded=0.0):
    cut = onset is not None
    return PauseScore(seconds, cut, cut and onset < seconds, onset, sounded)


def told(points):
    return [(one.budget, one.cut.hits, one.cut.n, one.answered.hits, one.answered.n) for one in points]


def test_a_budget_asks_only_pauses_that_are_long_enough():
    turns = [turn((pause(0.2999), pause(0.6, 0.5), pause(1.0, 0.25), pause(1.0, 1.2)), 0.4), turn((), 0.9)]
    assert told(operating(turns)) == [(0.3, 1, 4, 0, 2), (0.6, 2, 3, 1, 2), (1.0, 1, 2, 2, 2)]


def test_what_is_exactly_at_the_budget_is_inside_and_early_replies_count_as_answers():
    turns = [turn((pause(0.6, 0.3),), 0.3), turn((), -0.2), turn((), 5.0)]
    assert told(operating(turns)) == [(0.3, 1, 1, 2, 3), (0.6, 1, 1, 2, 3)]


def test_without_pauses_there_is_no_operating_point():
    assert operating([turn((), 0.4)]) == ()


def test_lengths_are_rounded_to_tenths_and_each_question_is_asked_by_itself():
    turns = [turn((pause(0.62, 0.1, 0.5), pause(0.58, 0.7), pause(1.04, None, 0.4)))]
    for pick, found in (
        (lambda one: one.cut, [(0.6, 2, 2), (1.0, 0, 1)]),
        (lambda one: one.inside, [(0.6, 1, 2), (1.0, 0, 1)]),
        (lambda one: one.heard, [(0.6, 1, 2), (1.0, 1, 1)]),
    ):
        assert [(length, one.hits, one.n) for length, one in by_length(turns, pick).items()] == found
