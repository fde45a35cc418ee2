"""model/sampling.py."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from model.sampling import StopTexts, greedy


def test_the_likeliest_token_comes_with_its_log_probability():
    logits = np.log(np.array([0.2, 0.7, 0.1], np.float32)) + 5
    token, logprob = greedy(logits)
    assert token == 1 and logprob == pytest.approx(np.log(0.7), abs=1e-6)


def test_a_far_ahead_token_has_log_probability_zero():
    assert greedy(np.array([1e4, 0, 0], np.float32))[1] == 0.0


@pytest.mark.parametrize(
    ("pieces", "found_at"),
    [
        (["ab", "cd"], None),
        (["a</", "think", ">"], 2),
        (["x", "</think>y"], 1),
        (["</", "thi", "x", "nk>"], None),
    ],
)
def test_a_stop_text_is_found_across_token_borders(pieces, found_at):
    stops = StopTexts(["</think>"])
    hits = [stops.feed(piece) for piece in pieces]
    assert (hits.index(True) if True in hits else None) == found_at


def test_a_stop_text_is_found_however_the_stream_is_cut():
    rng = np.random.default_rng(0)
    text, stop = "47+38: 7+8=15, 85\n</think>\nEighty five.", "</think>\n"
    for _ in range(50):
        cuts = np.unique([0, len(text), *rng.integers(0, len(text), rng.integers(0, 40))])
        stops, seen = StopTexts(["never said, and longer", stop]), ""
        for start, end in itertools.pairwise(cuts):
            seen += text[start:end]
            assert stops.feed(text[start:end]) == (stop in seen)
            if stop in seen:
                break


def test_the_first_of_several_stop_texts_counts_and_empty_ones_never_do():
    stops = StopTexts(["", "b", "long stop"])
    assert [stops.feed(c) for c in "a lb"] == [False, False, False, True]
    assert not StopTexts([]).feed("anything")
