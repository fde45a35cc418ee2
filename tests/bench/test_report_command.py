"""``hocket bench report`` and ``hocket bench compare`` as a person types them."""

import argparse
import json

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.report_command import compare_arguments, compare_command, report_arguments, report_command


def typed(arguments, command, *words):
    parser = argparse.ArgumentParser()
    arguments(parser)
    told = []
    status = command(parser.parse_args([str(word) for word in words]), told.append)
    return status, "\n".join(told)


@pytest.fixture
def one(tmp_path, stage):
    scene = stage(seconds=8.0)
    scene.answers(scene.says(1.0, 1.0) / 24_000 + 0.3, 1.0)
    recordings.save(scene.recording, tmp_path / "conversation.wav")
    manifests.save(scene.labels, tmp_path / "labels.json")
    (tmp_path / "run.json").write_text(json.dumps({"suite": "core", "clock": "wall"}), encoding="utf-8")
    return tmp_path


def test_a_page_is_written_and_named(one):
    status, told = typed(report_arguments, report_command, one, "--sounds", 1, "--megabytes", 1)
    assert status == 0 and str(one / "report.html") in told
    assert (one / "report.html").stat().st_size > 10_000 and (one / "report.json").exists()


def test_a_run_beside_itself_differs_in_nothing(one):
    status, told = typed(compare_arguments, compare_command, one, one, "--html", one / "table.html")
    assert status == 0 and "1 pairs of turns" in told and str(one / "table.html") in told
