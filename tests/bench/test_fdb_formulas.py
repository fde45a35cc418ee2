"""The port of Full-Duplex-Bench's formulas gives its published values, defects and all."""

from pathlib import Path

import pytest

from bench.fdb import FdbItem, Task, Word, read_item
from bench.fdb_formulas import (
    fdb_cropped,
    fdb_latency,
    fdb_mean_latency,
    fdb_rate,
    fdb_scores,
    fdb_takeover,
)

AUDIO = Path(__file__).resolve().parents[3] / "shared" / "audio"
SAMPLES = sorted(file.parent for file in AUDIO.glob("fdb__*/**/input.wav"))


def item(task, marks, words):
    return FdbItem(Path(), "1", task, tuple(marks), words=tuple(words))


def said(*spans):
    return [Word("w", start, end) for start, end in spans]


def test_the_published_turn_taking_example_has_a_latency_of_1_35_s():
    words = said((3.36, 3.9), (4.46, 4.69), (10.02, 10.38))
    turn = item(Task.TURN, [Word("[TURN-TAKING]", 2.0100000000000016, 2.4)], words)
    assert fdb_scores(turn) == (1, pytest.approx(1.35))


def test_the_published_interruption_example_has_a_latency_of_4_08_s():
    words = said((17.224, 17.704), (17.904, 18.104), (27.684, 28.124))
    cut = item(Task.INTERRUPTION, [Word("", 10.530666666666667, 13.144)], words)
    assert fdb_scores(cut) == (1, pytest.approx(4.08))


def test_the_published_pause_example_is_a_takeover():
    pause = item(Task.PAUSE, [Word("[PAUSE]", 3.32, 4.0)], said((0.0, 1.64), (1.64, 2.14), (4.18, 4.68)))
    assert fdb_scores(pause) == (1, None)


@pytest.mark.skipif(not SAMPLES, reason="the benchmark's own samples are not here")
def test_its_own_samples_give_the_same_values():
    told = {one.task: fdb_scores(one) for one in (read_item(folder, AUDIO) for folder in SAMPLES)}
    assert told == {
        Task.PAUSE: (1, None), Task.TURN: (1, pytest.approx(1.35)),
        Task.INTERRUPTION: (1, pytest.approx(4.08)),
    }  # fmt: skip


def test_silence_and_a_short_yes_are_no_takeover_and_a_fourth_word_or_a_full_second_is():
    assert fdb_takeover([]) == 0
    assert fdb_takeover(said((1.0, 1.2), (1.2, 1.5), (1.5, 1.99))) == 0
    assert fdb_takeover(said((1.0, 1.1), (1.1, 1.2), (1.2, 1.3), (1.3, 1.4))) == 1
    assert fdb_takeover(said((1.0, 2.0))) == 1


def test_an_always_talking_agent_gets_takeover_1_at_latency_0():
    words = said(*[(0.3 * place, 0.3 * place + 0.3) for place in range(60)])
    assert fdb_scores(item(Task.TURN, [Word("", 5.0, 5.5)], words)) == (1, 0.0)
    assert fdb_scores(item(Task.INTERRUPTION, [Word("", 5.0, 7.45)], words)) == (1, pytest.approx(0.0))


def test_a_never_talking_agent_has_no_takeover_and_no_latency():
    assert fdb_scores(item(Task.TURN, [Word("", 5.0, 5.5)], [])) == (0, None)
    assert fdb_scores(item(Task.INTERRUPTION, [Word("", 5.0, 7.5)], [])) == (0, None)


def test_a_word_under_way_at_the_crop_is_heard_from_there():
    assert fdb_cropped(said((1, 2), (2, 4), (5, 6)), 3.0) == tuple(said((3.0, 4), (5, 6)))


def test_sets_are_means_over_what_counts():
    assert fdb_rate([1, 0, 1, 1]) == 0.75 and fdb_rate([]) is None
    assert fdb_mean_latency([0.0, None, 1.0]) == 0.5 and fdb_mean_latency([None]) is None
    assert fdb_latency(said((1.0, 3.0)), 2.0) == 0.0
