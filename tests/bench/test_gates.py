"""Budgets: a bound holds or it does not, and a figure that nobody measured never passes."""

import argparse
import json

import pytest

from bench.gates import BUDGETS, Gate, figures, judge, judge_run, load_gates, table
from bench.gates_command import gate_command, kind_of_run
from bench.suites import SUITES
from pipeline.errors import UserError

REPORT = {"sections": {"smooth": {"p95": 0.4, "stale": 0}, "rough": {"p95": 0.9, "stale": 3}}}


def gate(**given):
    usual = {
        "name": "wait",
        "suite": "core",
        "clock": "virtual",
        "figure": "sections/smooth/p95",
        "why": "slow",
    }
    return Gate(**usual | given)


def test_a_path_finds_one_figure_all_of_them_or_none():
    assert figures(REPORT, "sections/smooth/p95") == [0.4]
    assert figures(REPORT, "sections/*/stale") == [0.0, 3.0]
    assert figures(REPORT, "sections/gone/p95") == [None] == figures(REPORT, "sections")
    assert figures(REPORT, "sections/smooth|rough/p95") == [0.4, 0.9]
    assert figures({"failures": ["x"], "rows": [3]}, "failures/length") == [1.0]
    assert figures({"rows": [3]}, "rows/0") == [3.0] and figures({"rows": [3]}, "rows/1") == [None]
    assert figures({"rows": [{"good": True}, {"good": False}]}, "rows/*/good") == [1.0, 0.0]


def test_a_share_is_a_quotient_and_nothing_out_of_nothing_is_no_figure():
    assert figures({"missed": {"hits": 1, "n": 4}}, "missed/share") == [0.25]
    assert figures({"missed": {"hits": 0, "n": 0}}, "missed/share") == [None]


def test_a_count_that_reports_leave_out_stands_for_what_the_gate_says_where_its_holder_is_there():
    hush = {"most": 0, "absent": 0.0, "figure": "sections/echo/counts/Hush"}
    assert judge(gate(**hush), {"sections": {"echo": {"counts": {}}}}).good
    assert not judge(gate(**hush), {"sections": {"echo": {"counts": {"Hush": 1}}}}).good


def test_one_missing_figure_among_many_fails_the_gate():
    every = gate(most=5, figure="sections/*/stale")
    assert judge(every, REPORT).good
    broken = {"sections": REPORT["sections"] | {"third": {"p95": 0.1, "stale": None}}}
    assert not judge(every, broken).good
    assert not judge(gate(most=5, figure="sections/smooth|third/stale"), REPORT).good
    assert not judge(every, {"sections": {}}).good


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"most": 0.4}, True),
        ({"most": 0.39}, False),
        ({"least": 0.4}, True),
        ({"least": 0.41}, False),
        ({"most": 400, "scale": 1000.0}, True),
        ({"most": 399, "scale": 1000.0}, False),
        ({"most": 0, "figure": "sections/*/stale"}, False),
        ({"least": 0.5, "figure": "sections/*/p95"}, False),
    ],
)
def test_a_bound_holds_for_the_worst_of_its_figures(changes, good):
    assert judge(gate(**changes), REPORT).good is good


def test_a_figure_that_is_not_there_fails_and_says_so():
    verdict = judge(gate(most=1.0, figure="sections/smooth/p99"), REPORT)
    assert (
        not verdict.good and "not measured" in table([verdict])[1] and "FAILED: slow" in table([verdict])[1]
    )
    assert not judge(gate(most=1.0), {"sections": {"smooth": {"p95": float("nan")}}}).good
    shown = table([judge(gate(most=1.0, unit="s", figure="gone"), REPORT)])[1]
    assert "not measured  FAILED" in shown


def test_only_gates_of_the_runs_own_suite_and_clock_are_held_against_it(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
    gates = [gate(most=1.0), gate(most=0.0, clock="wall"), gate(most=0.0, suite="turns")]
    assert [one.good for one in judge_run(tmp_path, gates, "core", "virtual")] == [True]
    with pytest.raises(UserError, match="nothing would be checked"):
        judge_run(tmp_path, gates, "overlap", "virtual")


def test_a_run_over_its_budget_ends_with_status_1(tmp_path):
    (tmp_path / "run.json").write_text('{"suite": "core", "clock": "virtual"}', encoding="utf-8")
    (tmp_path / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
    budgets = tmp_path / "budgets.toml"
    text = (
        '[[gate]]\nname="w"\nsuite="core"\nclock="virtual"\nfigure="sections/smooth/p95"\n'
        'why="slow"\nmost={}\n'
    )
    said = []
    for most, status in (("0.5", 0), ("0.3", 1)):
        budgets.write_text(text.format(most), encoding="utf-8")
        given = argparse.Namespace(what=[tmp_path], budgets=budgets)
        assert gate_command(given, said.append) == status
    assert "core, virtual clock" in said[0] and "FAILED" in said[-1]


def test_a_folder_without_gates_among_several_is_told_and_the_others_are_held(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder in (good, bad):
        folder.mkdir()
        (folder / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
    (good / "run.json").write_text('{"suite": "core", "clock": "virtual"}', encoding="utf-8")
    budgets = tmp_path / "budgets.toml"
    text = '[[gate]]\nname="w"\nsuite="core"\nclock="virtual"\nfigure="sections/smooth/p95"\nwhy="slow"\n'
    for most, folders, status in ((0.5, [bad, good], 2), (0.3, [good, bad], 2), (0.3, [good, good], 1)):
        budgets.write_text(f"{text}most={most}\n", encoding="utf-8")
        said = []
        assert gate_command(argparse.Namespace(what=folders, budgets=budgets), said.append) == status
        assert any(f"{bad}: no gate was held against it" in line for line in said) is (bad in folders)
        assert f"{good}: core, virtual clock" in said


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no ..gate"),
        ("[[gate", "is no TOML"),
        ('[[gate]]\nname="w"', "gate 1 lacks suite"),
        ('[[gate]]\nname="w"\nmist=1', "unknown mist"),
        (
            '[[gate]]\nname="w"\nsuite="core"\nclock="sun"\nfigure="a"\nwhy="b"',
            "clock is 'sun'; accepted are",
        ),
        ('[[gate]]\nname="w"\nsuite="core"\nclock="wall"\nfigure="a"\nwhy="b"', "has no bound"),
        (
            '[[gate]]\nname="w"\nsuite="core"\nclock="wall"\nfigure="a"\nwhy="b"\nmost="1"',
            "which is no number",
        ),
    ],
)
def test_a_budget_file_that_cannot_be_meant_is_refused(tmp_path, text, complaint):
    file = tmp_path / "budgets.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=complaint):
        load_gates(file)


def test_a_folder_without_a_run_or_with_a_broken_one_is_told_apart(tmp_path):
    given = argparse.Namespace(what=[tmp_path], budgets=BUDGETS)
    with pytest.raises(UserError, match="holds no run"):
        gate_command(given, print)
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="does not say which suite"):
        gate_command(given, print)


def test_the_budgets_that_ship_name_suites_that_there_are():
    shipped = load_gates()
    assert {one.suite for one in shipped} <= {*SUITES, "validate", "think", "load"}
    assert len({(one.name, one.suite, one.clock) for one in shipped}) == len(shipped)


def test_answers_in_real_time_alone_have_no_gate(tmp_path):
    (tmp_path / "ablation.json").write_text('{"virtual": {}, "live": [{"item": "a"}]}', encoding="utf-8")
    with pytest.raises(UserError, match="no gate is for what was asked in real time"):
        kind_of_run(tmp_path)
    (tmp_path / "ablation.json").write_text('{"virtual": {"paced": []}}', encoding="utf-8")
    with pytest.raises(UserError, match="no gate is for"):
        kind_of_run(tmp_path)
    (tmp_path / "ablation.json").write_text('{"virtual": {"paced": [{"name": "full"}]}}', encoding="utf-8")
    assert kind_of_run(tmp_path) == ("think", "virtual")
    (tmp_path / "ablation.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="does not say what was asked"):
        kind_of_run(tmp_path)
