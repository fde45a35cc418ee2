"""What two runs found never meets in one figure, and two conversations never count as one."""

import json
from dataclasses import replace

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.html_page import write_page
from bench.report import report
from pipeline.errors import UserError


def put(folder, stage, *, name="", wait=0.3, **about):
    """A conversation of two turns."""
    scene = stage(seconds=16.0)
    for turn in range(2):
        end = scene.says(1.0 + 8 * turn, 1.0) / 24_000
        scene.answers(end + wait, 0.8)
    folder.mkdir(parents=True)
    recordings.save(scene.recording, folder / "conversation.wav")
    told = replace(scene.labels, conversation=name or folder.name, scenario="smooth", about=about)
    manifests.save(told, folder / "labels.json")


def claimed(folder, **settings):
    folder.mkdir(exist_ok=True)
    told = {"suite": "core", "clock": "virtual"} | settings
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")


def test_a_folder_above_two_runs_is_refused_with_their_names(tmp_path, stage):
    for clock in ("virtual", "wall"):
        put(tmp_path / clock / "smooth" / "000", stage, name="smooth/000", clock=clock)
        claimed(tmp_path / clock, clock=clock)
    told = "holds several runs.*virtual .core, virtual clock.; .*wall .core, wall clock.; name one of them"
    for ask in (report, write_page):
        with pytest.raises(UserError, match=told):
            ask(tmp_path)
    assert not (tmp_path / "report.json").exists()
    assert report(tmp_path / "wall").sections["smooth"].summary.turns == 2


def test_a_run_below_a_run_is_refused(tmp_path, stage):
    put(tmp_path / "smooth" / "000", stage)
    claimed(tmp_path)
    put(tmp_path / "older" / "smooth" / "000", stage)
    claimed(tmp_path / "older")
    with pytest.raises(UserError, match="name one of them"):
        report(tmp_path)


@pytest.mark.parametrize("what", ["clock", "brain", "target", "endpoint"])
def test_conversations_that_were_held_otherwise_are_refused_without_a_run_too(tmp_path, stage, what):
    put(tmp_path / "a", stage, **{what: "one"})
    put(tmp_path / "b", stage, **{what: "two"})
    with pytest.raises(UserError, match=rf"a \({what}: one\); .*b \({what}: two\); name one of them"):
        report(tmp_path)


def test_others_recordings_lie_together_as_they_please(tmp_path, stage):
    put(tmp_path / "a", stage, source="theirs", voice="one")
    put(tmp_path / "b", stage, source="theirs", voice="two")
    assert report(tmp_path).sections["smooth"].summary.voice_to_voice.n == 4


def test_equal_names_in_two_folders_are_two_conversations(tmp_path, stage):
    for number in range(6):
        put(tmp_path / f"day{number}" / "000", stage, name="000", wait=0.2 + 0.1 * number)
    found = report(tmp_path)
    assert [one.conversation for one in found.conversations] == [f"day{number}/000" for number in range(6)]
    wait = found.sections["smooth"].summary.voice_to_voice
    assert wait.n == 12 and wait.p50_interval is not None
    assert wait.p50_interval.high - wait.p50_interval.low > 0.05, "one cluster could not vary"
