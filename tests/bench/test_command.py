"""``hocket bench`` as a person types it."""

import argparse
import json

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.__main__ import run as alone_run
from bench.command import bench_arguments, bench_command
from pipeline.errors import UserError


def typed(*words):
    parser = argparse.ArgumentParser()
    bench_arguments(parser)
    told = []
    status = bench_command(parser.parse_args([str(word) for word in words]), told.append)
    return status, "\n".join(told)


@pytest.fixture
def conversation(tmp_path, stage):
    scene = stage(seconds=20.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.answers(end + 0.412, 2.0)
    from bench.labels import Kind

    scene.says(end + 1.4, 1.0, Kind.BARGE_IN)
    recordings.save(scene.recording, tmp_path / "conversation.wav")
    manifests.save(scene.labels, tmp_path / "labels.json")
    return tmp_path


def test_a_recording_is_scored_turn_by_turn(conversation):
    status, told = typed("score", conversation / "conversation.wav", conversation / "labels.json", "--all")
    assert status == 0
    assert "turn 1 (question) · voice to voice +0.412 s" in told
    assert "turn 2 (barge-in) · no reply · stopped after 1.012 s · overlap" in told
    assert "stop latency" in told


def test_labels_are_found_beside_the_recording_and_a_score_is_written_on_demand(conversation):
    typed("score", conversation / "conversation.wav", "--json", conversation / "score.json")
    told = json.loads((conversation / "score.json").read_text())
    assert told["turns"][0]["voice_to_voice"] == pytest.approx(0.412, abs=0.005)


def test_a_folder_is_scored_as_a_whole(conversation):
    status, told = typed("score", conversation)
    assert status == 0 and "voice to voice" in told
    assert (conversation / "report.json").exists()


def test_a_folder_without_conversations_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no conversation; one is a folder with conversation\.wav"):
        typed("score", tmp_path)


def test_a_recording_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"there is no folder or recording .*nothing\.wav"):
        typed("score", tmp_path / "nothing.wav")


def test_a_folders_report_is_written_where_asked(conversation):
    typed("score", conversation, "--json", conversation / "other.json")
    assert (conversation / "other.json").read_text() == (conversation / "report.json").read_text()


@pytest.mark.parametrize("what", [".", "conversation.wav"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_scored(conversation, what, monkeypatch):
    monkeypatch.setattr("bench.command.report", lambda *given, **more: pytest.fail("it was scored"))
    monkeypatch.setattr("bench.command.alone", lambda *given, **more: pytest.fail("it was scored"))
    with pytest.raises(UserError, match=r"there is no folder .*such for x\.json; make it"):
        typed("score", conversation / what, "--json", conversation / "no" / "such" / "x.json")
    with pytest.raises(UserError, match="is a folder; --json takes a file's name"):
        typed("score", conversation / what, "--json", conversation)


@pytest.mark.parametrize("what", [".", "conversation.wav"])
def test_labels_without_a_turn_are_refused(tmp_path, stage, what):
    scene = stage(seconds=6.0)
    scene.answers(1.0, 2.0)
    recordings.save(scene.recording, tmp_path / "conversation.wav")
    manifests.save(scene.labels, tmp_path / "labels.json")
    with pytest.raises(UserError, match="no turn is labelled, so nothing can be scored"):
        typed("score", tmp_path / what)


def test_ctrl_c_is_one_line_and_its_own_status(monkeypatch, capsys):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.command.main", stopped)
    assert alone_run() == 130
    assert capsys.readouterr().err == "hocket bench: stopped\n"


def test_every_line_of_help_fits_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    for step in ("accuracy", "latency"):
        with pytest.raises(SystemExit):
            typed("think", step, "--help")
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 100 and "fixed 700 ms endpoint" in " ".join(shown.split())
