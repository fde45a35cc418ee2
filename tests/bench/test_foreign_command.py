"""``hocket bench import`` and ``export`` as a person types them."""

import argparse
import json
from dataclasses import replace

import pytest

from bench.foreign_command import export_arguments, export_command, import_arguments, import_command
from bench.foreign_folder import keep
from bench.labels import Kind
from bench.report import report
from pipeline.errors import UserError


def typed(verb, *words):
    parser = argparse.ArgumentParser()
    (import_arguments if verb == "import" else export_arguments)(parser)
    told = []
    does = import_command if verb == "import" else export_command
    return does(parser.parse_args([str(word) for word in words]), told.append), "\n".join(told)


@pytest.fixture
def run(tmp_path, stage):
    scene = stage(seconds=20.0, name="smooth/000")
    scene.says(1.0, 1.0)
    scene.answers(2.4, 4.0)
    scene.says(5.0, 1.0, Kind.BARGE_IN)
    scene.answers(6.9, 2.0)
    keep(tmp_path / "run" / "smooth" / "000", scene.recording, scene.labels)
    return tmp_path


def test_a_run_goes_out_as_fdb_and_back_in_to_be_scored(run):
    assert typed("export", "--format", "fdb", run / "run", run / "fdb")[0] == 0
    status, told = typed("import", "fdb", run / "fdb", "--out", run / "back")
    assert status == 0 and "fdb-interrupt" in told and "ours  takeover 1 of 1" in told
    summary = report(run / "back").sections["fdb-interrupt"].summary
    assert summary.voice_to_voice.n == 2 and summary.stop.p50 == pytest.approx(1.4, abs=0.005)


def test_a_run_goes_out_by_taus_definitions(run):
    status, told = typed("export", "--format", "tau", run / "run", run / "tau")
    found = json.loads((run / "tau" / "interaction_metrics.json").read_text())
    assert status == 0 and "L_Y 1.400" in told
    assert found["overall"]["yield_rate"] == 1.0
    # the interruption is talked over at its end, so its reply is no response of theirs
    assert found["domains"]["conversation"]["response_latency_mean"] == pytest.approx(0.4, abs=0.005)


def test_a_run_goes_out_by_evas_curve(run):
    status, told = typed("export", "--format", "eva", run / "run", run / "eva")
    assert status == 0 and "EVA's turn-taking: mean" in told


def test_a_fault_shows_in_the_exit_status(run):
    typed("export", "--format", "fdb", run / "run", run / "fdb")
    next((run / "fdb").rglob("output.wav")).parent.joinpath("x").mkdir()
    (next((run / "fdb").rglob("x")) / "input.wav").write_bytes(b"")
    assert typed("import", "fdb", run / "fdb", "--out", run / "back")[0] == 1


def test_help_says_what_is_not_covered(capsys):
    for kind in ("fdb", "tau"):
        with pytest.raises(SystemExit):
            typed("import", kind, "--help")
        assert "Not covered:" in capsys.readouterr().out


def about(run, name, scene, **told):
    labels = replace(scene.labels, conversation=name, about=told)
    keep(run / "run" / name, scene.recording, labels)


@pytest.mark.parametrize("layout", ["fdb", "tau", "eva"])
def test_what_only_measures_the_harness_is_left_out_of_every_layout_and_counted(run, stage, layout):
    plain = typed("export", "--format", layout, run / "run", run / "plain")[1]
    scene = stage(seconds=20.0)
    scene.says(1.0, 1.0)
    scene.answers(5.5, 4.0)
    about(run, "null", scene, actor="null")
    about(run, "scripted", scene, actor="scripted", brain="x")
    about(run, "scripted2", scene, actor="scripted", brain="x")
    status, told = typed("export", "--format", layout, run / "run", run / "mixed")
    assert status == 0
    first, _, rest = told.partition("\n")
    why = "no agent in them (1 of kind 'known delay', 2 of kind 'scripted')"
    assert first == f"3 conversations left out: {why}"
    assert rest == plain.replace("plain", "mixed")
    names = sorted(file.relative_to(run / "mixed") for file in (run / "mixed").rglob("*"))
    assert names == sorted(file.relative_to(run / "plain") for file in (run / "plain").rglob("*"))


@pytest.mark.parametrize("layout", ["fdb", "tau", "eva"])
def test_a_run_without_an_agent_is_refused(tmp_path, stage, layout):
    scene = stage(seconds=20.0)
    scene.says(1.0, 1.0)
    about(tmp_path, "null", scene, actor="null")
    with pytest.raises(UserError, match="no conversation with an agent, only 1 of kind 'known delay'"):
        typed("export", "--format", layout, tmp_path / "run", tmp_path / "out")


def test_nothing_is_exported_among_a_runs_conversations(run):
    (run / "run" / "run.json").write_text("{}")
    with pytest.raises(UserError, match=r"holds a run of ours \(run\.json\)"):
        typed("export", "--format", "tau", run / "run", run / "run")


def test_folders_that_cannot_be_are_named(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        typed("export", "--format", "tau", tmp_path / "gone", tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written to"):
        typed("import", "fdb", tmp_path, "--out", tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no conversation"):
        typed("export", "--format", "tau", tmp_path / "empty", tmp_path / "out")
