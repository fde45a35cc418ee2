"""A folder of conversations becomes figures, from its recordings and labels alone."""

import json

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.report import report, save
from bench.table import lines


def put(folder, scene, scenario):
    folder.mkdir(parents=True)
    from dataclasses import replace

    recordings.save(scene.recording, folder / "conversation.wav")
    manifests.save(replace(scene.labels, conversation=folder.name, scenario=scenario), folder / "labels.json")


@pytest.fixture
def run_folder(tmp_path, stage):
    for number in range(6):
        scene = stage(seconds=24.0)
        for turn in range(2):
            pauses = [(2.0 + 10 * turn, 2.6 + 10 * turn)]
            end = scene.says(1.0 + 10 * turn, 3.0, pauses=pauses) / 24_000
            if turn == 0 and number == 0:
                scene.answers(2.2, 0.3)
            scene.answers(end + 0.3 + 0.02 * number, 1.0)
        put(tmp_path / "smooth" / f"{number:03d}", scene, "smooth")
    scene = stage(seconds=12.0)
    for turn in range(2):
        end = scene.says(0.5 + 5 * turn, 1.0) / 24_000
        scene.answers(end + 0.2, 0.5)
    put(tmp_path / "null-0.20s" / "000", scene, "null-0.20s")
    return tmp_path


def test_every_scenario_gets_its_figures(run_folder):
    found = report(run_folder)
    smooth = found.sections["smooth"].summary
    assert smooth.conversations == 6 and smooth.voice_to_voice.n == 12
    assert smooth.voice_to_voice.p50 == pytest.approx(0.35, abs=0.005)
    assert smooth.pauses[0.6].hits == 1 and smooth.pauses[0.6].n == 12
    assert found.about["windows"]["reply"] == 5.0 and found.about["cores"]


def test_the_report_is_whole_as_json_and_repeats_itself(run_folder):
    told = json.loads(save(report(run_folder), run_folder).read_text())
    again = json.loads(save(report(run_folder), run_folder).read_text())
    assert told["sections"] == again["sections"]
    assert told["sections"]["smooth"]["summary"]["missed"]["n"] == 12
    assert told["about"]["tool"] == "hocket bench"


def test_the_text_shows_what_is_known_and_hides_what_is_too_little(run_folder):
    text = "\n".join(lines(report(run_folder)))
    assert "1 of 12 = 8.3 % (1.5 to 35.4)" in text
    assert "delay 0.20 s: 0." in text and "(n 2)" in text
    assert "p99" in text and "  0 of 12" in text
    (run_folder / "smooth" / "005" / "labels.json").unlink()
    (run_folder / "smooth" / "004" / "labels.json").unlink()
    assert "n 8, too few to tell" in "\n".join(lines(report(run_folder)))
    assert "1 of 8" in "\n".join(lines(report(run_folder), small=True))
