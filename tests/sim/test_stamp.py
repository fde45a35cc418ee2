from __future__ import annotations

import random

import numpy as np
import pytest

from sim.stamp import Mark, read, stamp
from sim.words import WORDS, heard, speech


@pytest.mark.parametrize("gain", [1.0, 0.3, 0.01])
@pytest.mark.parametrize(("first", "second"), [(0, 0), (63, 63), (5, 40), (40, 5)])
def test_numbers_are_read_back_at_any_gain(first: int, second: int, gain: float) -> None:
    silence = np.zeros(777, np.float32)
    found = read(np.concatenate((silence, gain * stamp(first, second, 4800), silence)))
    assert [(mark.first, mark.second) for mark in found] == [(first, second)]
    assert found[0].start == 777
    assert 777 + 4800 - 2 * 138 < found[0].end <= 777 + 4800


def test_a_fade_leaves_the_numbers_readable() -> None:
    sound = stamp(7, 9, 2400) * np.linspace(1, 0, 2400, dtype=np.float32)
    assert [(mark.first, mark.second) for mark in read(sound)] == [(7, 9)]


def test_neighbours_are_told_apart_and_a_repeat_after_a_cut_is_seen_twice() -> None:
    sound = np.concatenate((stamp(1, 2, 1000), stamp(3, 4, 1000)[:500], stamp(3, 4, 1000)[333:]))
    assert [(mark.first, mark.second) for mark in read(sound)] == [(1, 2), (3, 4), (3, 4)]


def test_random_cuts_never_invent_a_number() -> None:
    chance = random.Random(1)
    for _ in range(200):
        a, b = ((chance.randrange(64), chance.randrange(64)) for _ in range(2))
        cut = [stamp(*n, 3000)[chance.randrange(1500) :][: chance.randrange(20, 1400)] for n in (a, b)]
        assert {(mark.first, mark.second) for mark in read(np.concatenate(cut))} <= {a, b}


def test_silence_and_nothing_hold_no_marks() -> None:
    assert read(np.zeros(0, np.float32)) == read(np.zeros(9, np.float32)) == []
    assert read(stamp(3, 3, 20)) == []
    assert read(stamp(3, 3, 40)) == [Mark(0, 36, 3, 3)]


def test_a_sentence_is_heard_as_it_was_spoken_and_cut_words_are_heard_too() -> None:
    assert heard(speech(WORDS)) == WORDS
    sound = speech(("alpha", "bravo", "charlie"))
    assert heard(sound[1000:-1000]) == ("alpha", "bravo", "charlie")
    assert heard(sound[:3000]) == ("alpha",)
