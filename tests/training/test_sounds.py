"""Sounds to be counted are as many as asked, apart from each other, and never under the words."""

import random

import numpy as np
import pytest

from training.audio import RATE, rms
from training.labels import HOP, around
from training.sounds import GAP, KINDS, beside, distractor, place, series


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_has_its_events_where_it_says(kind: str) -> None:
    for seed in range(12):
        count = 1 + seed % 9
        made = series(kind, count, random.Random(seed))
        assert len(made.onsets) == count
        assert np.isfinite(made.pcm).all()
        assert np.abs(made.pcm).max() <= 1 + 1e-6
        assert all(b - a >= GAP * RATE - 1 for a, b in zip(made.onsets, made.onsets[1:], strict=False))
        for at in made.onsets:
            begun = rms(made.pcm[at : at + 480])
            before = rms(made.pcm[max(0, at - 320) : at]) if at >= 320 else 0.0
            assert begun > 1.5 * before


def test_the_same_seed_makes_the_same_and_another_one_does_not() -> None:
    one, same, other = (series("bell", 3, random.Random(seed)).pcm for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert len(one) != len(other) or not np.allclose(one, other)


def test_a_kind_that_nobody_makes_is_refused() -> None:
    with pytest.raises(ValueError, match="beep, bell, clap, knock"):
        series("gong", 1, random.Random(0))


def test_events_stand_around_the_words_and_the_words_stay_whole() -> None:
    words = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    for seed in range(20):
        found = place(words, (("beep", 3), ("knock", 2)), -20.0, random.Random(seed))
        assert len(found.pcm) == len(found.clean)
        assert np.array_equal(found.clean[found.start : found.start + len(words)], words)
        assert np.array_equal(found.pcm[found.start : found.start + len(words)], words)
        assert not found.clean[: found.start].any()
        assert not found.clean[found.start + len(words) :].any()
        assert sorted(kind for kind, _ in found.onsets) == ["beep"] * 3 + ["knock"] * 2
        assert all(not found.start <= at < found.start + len(words) for _, at in found.onsets)
        assert list(found.onsets) == sorted(found.onsets, key=lambda event: event[1])


def test_without_events_only_the_words_are_there_mostly() -> None:
    words = np.full(RATE, 0.1, np.float32)
    lengths = [len(place(words, (), -20.0, random.Random(seed)).pcm) for seed in range(100)]
    assert 60 < lengths.count(RATE) < 100


def test_a_second_voice_speaks_where_it_says() -> None:
    clean = np.zeros(3 * RATE, np.float32)
    clean[RATE : 2 * RATE] = 0.1
    added, ((start, end),) = beside(clean, np.full(RATE, 0.3, np.float32), random.Random(1))
    assert len(added) == len(clean)
    assert not added[:start].any()
    assert not added[end:].any()
    assert 0.03 < rms(added[start:end]) <= 0.101


def test_distractors_are_finite_and_of_full_loudness() -> None:
    for seed in range(15):
        pcm = distractor(random.Random(seed))
        assert np.isfinite(pcm).all()
        assert np.abs(pcm).max() == pytest.approx(1)


def test_frame_labels_say_where_things_begin() -> None:
    out = around(
        20, noise=-55.0, bandwidth=3400.0, onsets=[("bell", 3 * HOP + 5), ("knock", 17 * HOP)],
        others=[(2 * HOP, 5 * HOP - 1)],
    )  # fmt: skip
    assert out[:, 0] == pytest.approx(-1.0)
    assert (out[:, 1] == 1).all()
    assert list(np.flatnonzero(out[:, 2])) == [2, 3, 4]
    assert list(np.flatnonzero(out[:, 4])) == [5, 6]
    assert list(np.flatnonzero(out[:, 6])) == [19]
    assert not out[:, [3, 5]].any()
    quiet = around(2, noise=None, bandwidth=8000.0, onsets=[], others=[])
    assert quiet[0, 0] == pytest.approx(-35 / 15)
    assert quiet[0, 1] == 0
