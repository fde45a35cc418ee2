"""The sweep finds what is known: a detector that is right, one that knows nothing, and silence alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from agent.turn_config import TurnConfig
from bench.operating import GRID, NEVER, Policy, Silence, fixed, operating
from bench.operating_command import shipped, write
from pipeline.errors import UserError

STEPS = [round(0.04 + 0.08 * step, 2) for step in range(25)]


def curve(likely, upto=2.0):
    return tuple((at, likely) for at in STEPS if at <= upto)


def talk(count, ending, pausing, lengths=(0.3, 0.6, 1.0)):
    """``count`` conversations of one pause and one end; probabilities are drawn by functions of a number."""
    found = []
    for number in range(count):
        length = lengths[number % len(lengths)]
        found.append(Silence(f"c{number:03d}", curve(pausing(number), length), length))
        found.append(Silence(f"c{number:03d}", curve(ending(number)), None))
    return found


def test_a_policy_waits_for_its_threshold_its_floor_and_its_patience():
    rising = ((0.04, 0.1), (0.12, 0.5), (0.2, 0.9), (0.28, 0.95))
    assert Policy(0.9, 0.0, 1.0).decides(rising) == 0.2
    assert Policy(0.9, 0.25, 1.0).decides(rising) == 0.25  # the score of 0.20 still stands there
    assert Policy(0.9, 0.0, 0.15).decides(rising) == 0.15
    assert Policy(0.99, 0.0, 1.0).decides(rising) == 1.0
    assert Policy(NEVER, 0.0, 0.5).decides(rising) == 0.5
    assert Policy(0.5, 0.0, 0.3).decides(()) == 0.3


def test_a_score_that_falls_back_below_the_threshold_before_the_floor_does_not_count():
    assert Policy(0.8, 0.3, 1.0).decides(((0.04, 0.95), (0.12, 0.2))) == 1.0


def test_a_detector_that_knows_cuts_nothing_off_within_any_budget():
    silences = talk(40, lambda n: 0.99, lambda n: 0.01)
    found = operating(silences, "sure")
    assert found.pauses == found.ends == 40
    assert {known.value for known in found.cut_at.values()} == {0.0}
    assert found.wait_at[0.05].value < 0.1


def test_silence_alone_cuts_off_what_is_longer_than_it_waits():
    found = operating(talk(60, lambda n: 0.99, lambda n: 0.01), "silence", scores=False)
    assert found.cut_at[0.3].value == pytest.approx(2 / 3)  # a third of the pauses is 0.3 s long: not cut off
    assert found.cut_at[0.6].value == pytest.approx(1 / 3)
    assert found.wait_at[0.05].value == pytest.approx(1.0)
    low, high = found.cut_at[0.6].interval.low, found.cut_at[0.6].interval.high
    assert low < 1 / 3 < high and high - low < 0.3


def test_a_detector_that_knows_nothing_is_no_better_than_tossing_coins_though_many_policies_are_tried():
    rng = np.random.default_rng(5)
    drawn = rng.random(400)
    lengths = (0.3, 0.5, 0.7, 0.9, 1.2)
    silences = talk(200, lambda n: drawn[2 * n], lambda n: drawn[2 * n + 1], lengths)
    silence = operating(silences, "silence", scores=False)
    assert silence.cut_at[0.6].value == pytest.approx(0.6)
    # A coin between a short and a long patience lies on the line between them: 50 % at a mean of 0.6 s.
    assert operating(silences, "noise").cut_at[0.6].value > 0.5 - 0.08


def test_a_longer_wait_is_never_told_to_cut_off_much_more():
    rng = np.random.default_rng(6)
    found = operating(talk(90, lambda n: 0.5 + 0.5 * rng.random(), lambda n: 0.7 * rng.random()), "some")
    shares = [known.value for _, known in found.band]
    assert [wait for wait, _ in found.band] == list(GRID)
    assert shares[0] >= shares[-1] and max(np.diff(shares)) < 0.1


def test_waits_at_a_share_are_withheld_for_few_pauses_and_intervals_for_few_conversations():
    found = operating(talk(9, lambda n: 0.99, lambda n: 0.01), "few")
    assert set(found.wait_at.values()) == {None}
    assert found.cut_at[0.3].interval is None


def test_a_curve_needs_a_pause_and_an_end():
    ends = [one for one in talk(20, lambda n: 0.9, lambda n: 0.1) if one.seconds is None]
    with pytest.raises(ValueError, match="labelled pauses in two conversations"):
        operating(ends, "half")


def test_conversations_without_a_pause_leave_none_of_the_halves_without_one():
    found = talk(12, lambda n: 0.99, lambda n: 0.01)
    plain = [Silence(f"b{number:03d}", curve(0.99), None) for number in range(11)]
    spread = [replace(one, conversation=f"{'bc'[n % 2]}x{n // 4}") for n, one in enumerate(found)]
    for silences in (found + plain, spread + plain):
        told = operating(silences, "sure")
        assert told.cut_at[0.3].value == 0.0 and told.cut_in_fact[0.05] == 0.0
    whole = operating(found + plain, "sure").cut_at[0.3].interval
    assert (whole.low, whole.high) == (0.0, 0.0)
    assert operating(spread + plain, "few").cut_at[0.3].interval is None


def test_the_shipped_policy_waits_by_how_sure_the_newest_score_is():
    config = TurnConfig()
    assert shipped(curve(0.95), config) == config.endpoint_sure
    assert shipped(curve(0.6), config) == config.endpoint
    assert shipped(curve(0.1), config) == config.endpoint_unsure
    assert shipped((), config) == config.endpoint
    late = tuple((at, 0.1 if at < 0.7 else 0.95) for at in STEPS)
    assert shipped(late, config) == pytest.approx(0.76)  # the first sure score, never the past


def test_decisions_made_elsewhere_are_summed_alike():
    silences = [Silence("a", (), 0.3), Silence("a", (), 1.0), Silence("a", (), None)]
    assert fixed(silences, [0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_the_folder_gets_a_table_figures_and_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    lines = write(tmp_path / "new", talk(24, lambda n: 0.95, lambda n: 0.2))
    assert "| detector | the head | silence alone |" in lines and "| pauses | 24 | 24 |" in lines
    assert "pauses of 0.3, 0.6, 1 s, from 24 conversations" in "\n".join(lines)
    assert (tmp_path / "new" / "operating.png").stat().st_size > 5000
    figures = json.loads((tmp_path / "new" / "operating.json").read_text(encoding="utf-8"))
    assert len(figures["silences"]) == 48


def test_too_few_silences_are_refused_with_what_to_do(tmp_path):
    few = talk(9, lambda n: 0.9, lambda n: 0.1)
    with pytest.raises(UserError, match=r"9 labelled pauses in 9 .* and 9 ends are too few .* --recordings"):
        write(tmp_path, few)
    alone = [replace(one, conversation="c") for one in talk(30, lambda n: 0.9, lambda n: 0.1)]
    with pytest.raises(UserError, match="in 1 conversations"):
        write(tmp_path, alone)
