"""Everything by one command: what it runs, what runs beside what, and what its ending says."""

import argparse
import json
from types import SimpleNamespace

import pytest

from bench import everything
from bench.command import bench_arguments
from bench.everything import Done, Step, all_command, plan
from bench.gates import load_gates
from pipeline.errors import UserError


def given(out, **changes):
    usual = {"out": out, "full": False, "virtual": True, "seed": 1}
    return argparse.Namespace(**usual | changes)


def told(monkeypatch, statuses):
    """Runs nothing: every command ends with the status that its verb is given, 0 for others."""
    ran = []

    def popen(command, **_):
        ran.append(command[3:])
        return SimpleNamespace(wait=lambda: statuses.get(command[3], 0))

    monkeypatch.setattr(everything.subprocess, "Popen", popen)
    return ran


@pytest.mark.parametrize("full", [False, True])
def test_every_step_is_a_command_that_the_parser_takes(full, tmp_path):
    parser = argparse.ArgumentParser()
    bench_arguments(parser)
    for step in plan(full, 3):
        found = parser.parse_args([*step.arguments, "--out", str(tmp_path)])
        assert found.seed == 3
        clock = getattr(found, "clock", "virtual")
        assert step.alone == (clock == "wall" or step.name == "validate-wall")


def test_ci_runs_what_needs_no_real_time_and_holds_every_gate_of_the_virtual_clock(tmp_path, monkeypatch):
    ran = told(monkeypatch, {})
    assert all_command(given(tmp_path), lambda line: None) == 0
    assert not any("wall" in words for words in ran)
    gated = {words[1].rsplit("/", 1)[1] for words in ran if words[0] == "gate"}
    assert gated == {gate.suite for gate in load_gates() if gate.clock == "virtual"}
    assert (tmp_path / "index.html").exists()
    assert {one["status"] for one in json.loads((tmp_path / "steps.json").read_text("utf-8"))} == {0}


def test_what_follows_the_machines_clock_comes_after_all_that_runs_beside_something(tmp_path, monkeypatch):
    ran = told(monkeypatch, {})
    all_command(given(tmp_path, virtual=False), lambda line: None)
    walls = [place for place, words in enumerate(ran) if "wall" in words]
    virtual = [place for place, words in enumerate(ran) if "virtual" in words or "--virtual" in words]
    assert walls and max(virtual) < min(walls)


def test_a_broken_gate_ends_with_1_and_names_its_log(tmp_path, monkeypatch):
    told(monkeypatch, {"gate": 1})
    said = []
    assert all_command(given(tmp_path), said.append) == 1
    assert any("not good: core (status 1)" in line and "log.txt" in line for line in said)


def test_ctrl_c_in_a_step_ends_all_and_begins_nothing_more(tmp_path, monkeypatch):
    ran = told(monkeypatch, {"run": 130})
    said = []
    assert all_command(given(tmp_path), said.append) == 130
    assert not any(words[0] in ("report", "gate") for words in ran)
    assert "the same command goes on" in said[-1]


def test_ctrl_c_waits_for_a_command_that_is_still_writing_down_what_is_done():
    waits = [KeyboardInterrupt, None]

    def wait():
        if told := waits.pop(0):
            raise told

    with pytest.raises(KeyboardInterrupt):
        everything._ended(SimpleNamespace(wait=wait))
    assert not waits, "it was waited for a second time"


def test_a_log_keeps_what_was_run_and_said(tmp_path, monkeypatch):
    told(monkeypatch, {})
    done = everything._run(Step("core", ("run", "--suite", "core")), tmp_path, lambda line: None)
    command = f"hocket bench run --suite core --out {tmp_path / 'core'}"
    assert done == Done("core", command, 0, done.seconds)
    assert (tmp_path / "core" / "log.txt").read_text("utf-8") == f"\n$ {command}\n"


def test_full_and_virtual_exclude_each_other(tmp_path):
    with pytest.raises(UserError, match="say one of them"):
        all_command(given(tmp_path, full=True), print)
