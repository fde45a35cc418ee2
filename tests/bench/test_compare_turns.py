"""Turns find their partners by what was said, in order; a replaced stimulus is no skipped one."""

import pytest

from bench.compare_turns import align
from bench.labels import Kind, Labels, UserTurn
from pipeline.errors import UserError

RATE = 8000


def labels(*turns):
    """``(kind, text, seconds)`` one after another."""
    found, at = [], 0
    for number, (kind, text, seconds) in enumerate(turns, 1):
        found.append(UserTurn(number, kind, at, at + round(seconds * RATE), text=text))
        at += round((seconds + 1) * RATE)
    return Labels("c", RATE, at, tuple(found))


Q, T = Kind.QUESTION, Kind.TIC
ALL = [(Q, "one", 1.0), (T, "cough", 0.3), (T, "cough", 0.5), (Q, "two", 1.0)]


def test_equal_conversations_pair_turn_by_turn():
    assert align("c", labels(*ALL), labels(*ALL)).pairs == ((1, 1), (2, 2), (3, 3), (4, 4))


def test_a_skipped_turn_shifts_no_other():
    found = align("c", labels(*ALL), labels(ALL[0], *ALL[2:]))
    assert found.pairs == ((1, 1), (3, 2), (4, 3))
    assert found.first == ("turn 2 (tic 'cough')",) and found.second == ()


def test_each_run_may_have_skipped_another():
    found = align("c", labels(ALL[0], ALL[1], ALL[3]), labels(ALL[0], ALL[2], ALL[3]))
    assert found.pairs == ((1, 1), (3, 3)) and len(found.first) == len(found.second) == 1


def test_the_same_words_spoken_otherwise_are_refused():
    with pytest.raises(UserError, match=r"turn 4 of c is another stimulus .* 1\.000 s against .* 1\.100 s"):
        align("c", labels(*ALL), labels(*ALL[:3], (Q, "two", 1.1)))


def test_nothing_in_common_is_refused_and_nothing_at_all_is_not():
    with pytest.raises(UserError, match="turn 1 of c is another stimulus"):
        align("c", labels(ALL[0]), labels(ALL[3]))
    assert align("c", labels(ALL[0]), labels()).pairs == ()
