"""EVA's curves give the values of its own tables, and our conversations become its turns."""

import json

import pytest

from bench.eva import EvaTurn, count_score, latency_score, metric, overlap_score, turn_score, yield_score
from bench.eva_export import eva_turns, export_eva
from bench.foreign_folder import keep
from bench.labels import Kind
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("milliseconds", "plain", "tool"),
    [
        (-500, 0, 0), (0, 0.5, 0.5), (200, 0.7, 0.7), (500, 1, 1), (2000, 1, 1), (2750, 0.5, 1),
        (3000, 1 / 3, 1), (3500, 0, 0.75), (4000, 0, 0.5), (5000, 0, 0),
    ],
)  # fmt: skip
def test_the_latency_curve_is_that_of_the_table(milliseconds, plain, tool):
    assert latency_score(milliseconds) == pytest.approx(plain)
    assert latency_score(milliseconds, tool=True) == pytest.approx(tool)


def test_the_other_curves_are_those_of_the_tables():
    assert [overlap_score(value) for value in (0, 500, 1000, 2000, 9000)] == [0.5, 0.375, 0.25, 0, 0]
    assert [count_score(value) for value in (1, 2, 3, 4)] == [0.5, 0.25, 0, 0]
    assert [yield_score(value) for value in (0, 600, 1000, 2000)] == pytest.approx([1, 0.7, 0.5, 0])


def test_a_cut_in_scores_its_worst_part_and_at_most_half():
    brief = turn_score(EvaTurn(((0.0, 2.0),), ((1.5, 1.6), (3.0, 5.0))))
    assert brief.reason == "agent_interrupt" and brief.score == pytest.approx(0.475)
    late = turn_score(EvaTurn(((0.0, 2.0),), ((1.5, 1.6), (12.0, 13.0))))
    assert late.score == 0.0 and late.evidence["post_interrupt_latency_ms"] == pytest.approx(10_000)
    through = turn_score(EvaTurn(((0.0, 2.0),), ((1.5, 3.0),)))
    assert through.score == pytest.approx(0.375) and "post_interrupt_latency_ms" not in through.evidence


def test_an_interruption_by_the_user_scores_the_yield_and_by_both_the_lower():
    user = turn_score(EvaTurn(((5.0, 6.0),), ((6.2, 8.0),), before=5.6))
    assert (user.reason, user.score) == ("user_interrupt", pytest.approx(0.7))
    both = turn_score(EvaTurn(((5.0, 6.0),), ((5.9, 8.0),), before=5.2))
    assert both.reason == "dual_interrupt" and both.score == pytest.approx(0.475)


def test_a_missed_last_turn_makes_the_whole_score_0():
    good = EvaTurn(((0.0, 1.0),), ((2.0, 3.0),))
    assert metric([good])["score"] == 1.0
    missed = metric([good, EvaTurn(((5.0, 6.0),), ())])
    assert missed["score"] == 0.0 and missed["details"]["missed_turn"]
    assert missed["details"]["num_evaluated"] == 1 and missed["sub_metrics"]["on_time_rate"] == 1.0


def test_our_pauses_part_the_user_and_backchannels_are_no_turns(stage):
    scene = stage(seconds=20.0)
    scene.says(1.0, 3.0, pauses=[(2.0, 2.5)])
    scene.answers(4.7, 4.0)
    scene.says(6.0, 0.4, Kind.BACKCHANNEL, reply=False)
    scene.says(8.0, 1.0, Kind.BARGE_IN)
    scene.answers(9.8, 2.0)
    first, second = eva_turns(scene.recording, scene.labels)
    assert first.user == ((1.0, 2.0), (2.5, 4.0)) and first.latency == pytest.approx(700, abs=5)
    assert second.interrupted and second.before == pytest.approx(8.7, abs=0.005)
    assert turn_score(second).score == pytest.approx(0.65, abs=0.005)


def test_export_writes_a_metric_per_conversation_and_a_summary(tmp_path, stage):
    scene = stage(seconds=12.0, name="smooth/000")
    scene.says(1.0, 1.0)
    scene.answers(2.25, 2.0)
    keep(tmp_path / "run" / "a", scene.recording, scene.labels)
    told = []
    assert export_eva(tmp_path / "run", tmp_path / "out", told.append) == 1
    found = json.loads((tmp_path / "out" / "smooth-000" / "metrics.json").read_text())
    assert found["metrics"]["turn_taking"]["score"] == pytest.approx(0.75, abs=0.005)
    assert found["audio_timestamps_user_turns"] == {"1": [[1.0, 2.0]]}
    assert json.loads((tmp_path / "out" / "metrics_summary.json").read_text())["turn_taking"]["n"] == 1
    assert "other stimuli" in "\n".join(told)


def test_a_run_without_turns_is_refused(tmp_path, stage):
    keep(tmp_path / "run", stage(seconds=2.0).recording, stage(seconds=2.0).labels)
    with pytest.raises(UserError, match="no conversation with a turn that a reply is due to"):
        export_eva(tmp_path / "run", tmp_path / "out", lambda line: None)
