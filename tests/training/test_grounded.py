"""A thought is grounded when it cites sound and what it cites was measured."""

import random

import numpy as np
import pytest

from model.cue_summary import FULL
from training.cited import FORMS, Cited, cite, cite_events, read
from training.grounded import check
from training.measure import FAMILIES
from training.pseudo_cues import summary
from training.skills.question import Measured

FOUND = Measured(
    pitch=183.0, pace=5.3, level=-33.2, slope=-3.4, pauses=2, bandwidth=3400.0, snr=8.0,
    events=(("beep", 3),), voices=2,
)  # fmt: skip


def test_every_family_is_written_and_read_back() -> None:
    assert set(FORMS) == set(FAMILIES)
    lines = [cite(family, FOUND) for family in FAMILIES]
    assert lines == [
        "pitch 185 hz: high",
        "pace 5.2 syllables: fast",
        "level -33 db: soft",
        "slope -3.5: falling",
        "pauses 2: pausing",
        "band 3 khz: telephone",
        "snr 10 db: noisy",
        "voices 2: two",
    ]
    assert [found.family for line in lines if (found := read(line))] == list(FAMILIES)
    assert read(cite_events("beep", FOUND)) == Cited("beep", 3.0)
    assert cite_events("knock", FOUND) == "knocks 0"


def test_what_is_written_of_a_clip_is_true_of_it() -> None:
    lines = [*(cite(family, FOUND) for family in FAMILIES), "beeps 3", "knocks 0"]
    verdict = check(["heard: how many beeps", *lines, "3 + 4 = 7"], FOUND)
    assert len(verdict.cited) == 10
    assert verdict.grounded
    assert not verdict.unknown


@pytest.mark.parametrize(
    "line",
    [
        "pitch 200 hz: high",
        "pitch 170 hz: low",
        "pace 6.5 syllables: fast",
        "level -38 db: soft",
        "level -34 db: loud",
        "slope 3: rising",
        "pauses 1: pausing",
        "band 8 khz: close",
        "snr 20 db: noisy",
        "voices 1: one",
        "beeps 4",
        "bells 1",
    ],
)
def test_what_is_not_so_is_false(line: str) -> None:
    verdict = check(["pace 5.5 syllables: fast", line], FOUND)
    assert len(verdict.false) == 1
    assert not verdict.grounded


def test_nothing_cited_is_not_grounded_and_the_unknown_is_neither() -> None:
    assert not check(["heard: two plus two", "2 + 2 = 4"], FOUND).grounded
    verdict = check(["pitch 120 hz: low"], Measured())
    assert len(verdict.unknown) == 1
    assert not verdict.false


@pytest.mark.parametrize("line", ["pitch high", "pitch 180 db: high", "pitch 180 hz: fast", "beeps x", "a 1"])
def test_other_lines_cite_nothing(line: str) -> None:
    assert read(line) is None


def test_a_value_between_the_sides_cannot_be_cited() -> None:
    with pytest.raises(ValueError, match="pitch"):
        cite("pitch", Measured(pitch=160.0))


def test_a_made_up_summary_tells_what_was_measured() -> None:
    for seed in range(50):
        told = dict(zip(FULL, summary(FOUND, 12, random.Random(seed)).tolist(), strict=True))
        assert 160 * 2 ** (told["pitch"] / 2) == pytest.approx(183, rel=0.1)
        assert 4 * told["pace"] == pytest.approx(5.3, rel=0.15)
        assert 15 * told["power"] - 40 == pytest.approx(-33.2, abs=3)
        assert 15 * told["snr"] == pytest.approx(8, abs=5)
        assert (told["beep"], told["clap"], told["pauses"]) == (3, 0, 2)
        assert told["band"] > 0.5 < told["peak"]
        assert np.isfinite(summary(Measured(), 3, random.Random(seed))).all()
