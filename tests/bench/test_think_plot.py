"""Pictures are drawn from what was measured, and not at all from too little."""

from dataclasses import replace

import pytest

from bench.ablation import first_sound, first_word
from bench.think_edge import PATIENCE
from bench.think_plot import accuracy_plot, places, waiting_plot
from bench.think_score import Answered
from pipeline.errors import UserError

pytest.importorskip("matplotlib")
ANSWER = Answered(
    right=True, refused=False, silent=False, repeated=True, first_sound=0.3, first_answer=5.0,
    last_answer=5.0, user=60, agent=30, exposed=10, late=0, notes=0, draft_notes=0, hit=True, ahead=100,
    wasted=25, saved=0.1, starved=0, gap=0.04, gap_before_answer=0.0, contradiction=0.0, corrected=False,
    turns=1, commit=0.2, aligned=True, said="",
)  # fmt: skip


def arm(count, **changes):
    return {f"q{number}": replace(ANSWER, **changes) for number in range(count)}


def found(count):
    return {
        ("everything", 0.02): arm(count),
        ("think-fully", 0.02): arm(count, first_sound=2.8, first_answer=7.5),
        ("no-think", 0.02): arm(count, right=False), ("no prefill", 0.02): arm(count),
    }  # fmt: skip


def test_a_place_is_the_median_wait_and_the_share_of_right_answers():
    (one,) = places({("everything", 0.02): arm(20) | {"late": None}}, 0.02, first_sound)
    assert one.wait == 0.3 and one.count == 21
    assert one.right == pytest.approx(100 * 20 / 21) and one.right_by.low < one.right < one.right_by.high


def test_what_never_came_was_waited_for_the_longest():
    (one,) = places({("everything", 0.02): arm(20, first_answer=None)}, 0.02, first_word)
    assert one.wait == PATIENCE


def test_both_pictures_are_drawn(tmp_path):
    assert accuracy_plot(found(20), 0.02, tmp_path / "a.png")
    assert waiting_plot({"everything": [0.3, 0.2, None] * 5}, "live", tmp_path / "w.png")
    for name in ("a.png", "w.png"):
        assert (tmp_path / name).stat().st_size > 10_000


def test_the_picture_says_how_many_were_asked_where_arms_differ(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr("bench.think_plot.drawn", lambda title, *_, **__: titles.append(title))
    accuracy_plot(found(20), 0.02, tmp_path / "a.png")
    accuracy_plot(found(20) | {("no-think", 0.02): arm(30)}, 0.02, tmp_path / "a.png")
    assert "n 20, " in titles[0] and "n 20 to 30, " in titles[1]


def test_too_little_is_not_drawn(tmp_path):
    assert not accuracy_plot(found(9), 0.02, tmp_path / "a.png")
    assert not accuracy_plot(found(20), 0.0, tmp_path / "a.png")
    assert not waiting_plot({"everything": [0.3] * 9}, "live", tmp_path / "w.png")
    assert not waiting_plot({"everything": [None] * 20}, "live", tmp_path / "w.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be_written_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="choose another folder"):
        waiting_plot({"everything": [0.3] * 12}, "live", tmp_path / "none" / "w.png")
