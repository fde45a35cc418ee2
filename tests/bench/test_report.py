"""A folder of conversations becomes figures, from its recordings and labels alone."""

import json
from dataclasses import asdict, replace

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.edge import Punctuality
from bench.explain import UNKNOWN
from bench.explain_table import explained_lines
from bench.html_about import facts_of, troubles_of
from bench.kinds import KNOWN, SCRIPTED, UNTOLD
from bench.report import report, save
from bench.session_run import ITEM, Outcome
from bench.table import lines
from pipeline.errors import UserError


def put(folder, scene, scenario, **about):
    folder.mkdir(parents=True)
    recordings.save(scene.recording, folder / "conversation.wav")
    told = replace(scene.labels, conversation=folder.name, scenario=scenario, about=about)
    manifests.save(told, folder / "labels.json")


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
    put(tmp_path / "null-0.20s" / "000", scene, "null-0.20s", actor="null")
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


def test_two_kinds_of_brain_in_one_folder_stand_apart(tmp_path, stage):
    for number, actor in enumerate(("brain", "scripted")):
        scene = stage(seconds=8.0)
        scene.answers(scene.says(1.0, 1.0) / 24_000 + 0.3 + number, 1.0)
        put(tmp_path / f"{number}", scene, "smooth", actor=actor, brain="bundled")
    found = report(tmp_path)
    assert list(found.sections) == ["smooth (real)", "smooth (scripted)"]
    assert [one.summary.voice_to_voice.n for one in found.sections.values()] == [1, 1]
    assert set(found.kinds) == {"real", SCRIPTED}


def test_what_was_not_held_or_cannot_be_read_is_missing_with_its_reason(run_folder):
    (run_folder / "smooth" / "008").mkdir()
    (run_folder / "smooth" / "008" / "missing.json").write_text('{"error": "no answer"}', encoding="utf-8")
    (run_folder / "smooth" / "009").mkdir()
    (run_folder / "smooth" / "009" / "missing.json").write_text("{", encoding="utf-8")
    (run_folder / "smooth" / "000" / "trace.jsonl").write_text("garbage\n", encoding="utf-8")
    told = report(run_folder).missing
    assert "smooth/008: no answer" in told
    assert any(line.startswith("smooth/009: was not held") for line in told)
    assert any(line.startswith("the trace of smooth/000: ") for line in told)
    (run_folder / "smooth" / "001" / "labels.json").write_text("{", encoding="utf-8")
    found = report(run_folder)
    assert len(found.conversations) == 6 and any("smooth/001" in line for line in found.missing)


def test_what_is_still_to_be_held_and_half_a_conversation_are_missing_too(run_folder):
    names = ["smooth/000", "smooth/007", "smooth/008"]
    (run_folder / "planned.json").write_text(json.dumps(names), encoding="utf-8")
    (run_folder / "smooth" / "000" / ITEM).write_text("{}", encoding="utf-8")
    (run_folder / "smooth" / "008").mkdir()
    (run_folder / "smooth" / "008" / "missing.json").write_text('{"error": "no answer"}', encoding="utf-8")
    (run_folder / "smooth" / "001" / "labels.json").unlink()
    (run_folder / "smooth" / "002" / "conversation.wav").unlink()
    assert report(run_folder).missing == (
        "smooth/001: conversation.wav without labels.json",
        "smooth/002: labels.json without conversation.wav",
        "smooth/007: not held yet; the same command goes on with it",
        "smooth/008: no answer",
    )


def test_a_broken_file_of_the_run_is_one_clear_error(run_folder):
    (run_folder / "run.json").write_text('{"suite"', encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.json cannot be read as JSON"):
        report(run_folder)


def test_a_folder_in_which_nothing_can_be_scored_is_one_clear_error(run_folder):
    for labels in run_folder.rglob("labels.json"):
        labels.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"nothing in .* can be scored: null-0\.20s/000: .* is not JSON"):
        report(run_folder)


def test_every_conversation_is_named_with_the_hash_of_what_was_said(run_folder):
    one, two = report(run_folder).conversations[:2]
    again = report(run_folder).conversations[0]
    assert one == again and len(one.user_sha256) == 64
    assert one.kind == KNOWN and two.kind == UNTOLD and one.explained_by == ""
    same = [each for each in report(run_folder).conversations if each.scenario == "smooth"]
    assert len({each.stimuli_sha256 for each in same}) == 1, "all six were asked the same"
    assert one.stimuli_sha256 != two.stimuli_sha256


def test_a_recording_without_a_trace_says_what_is_not_known(run_folder):
    text = " ".join("\n".join(explained_lines(report(run_folder))).split())
    assert UNKNOWN in text and "6 of 6 conversations have no trace" in text
    assert "voice to voice" not in text.replace(UNKNOWN, ""), "no figure stands where nothing is known"


def test_the_commit_or_the_version_and_the_buffers_of_our_own_runs_are_told(run_folder):
    about = report(run_folder).about
    assert about["schema"] == 2 and "commit" in about and about["version"] and about["host"]
    assert about["buffers_ms"] == {}, "recordings by others do not say"
    told = {"clock": "wall", "target": {"brain": "bundled"}}
    (run_folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    assert report(run_folder).about["buffers_ms"]["playout"] == 20


def test_a_report_says_where_it_was_held_and_by_what_it_was_scored(run_folder, monkeypatch):
    held = [{"commit": commit, "host": "there", "version": "1"} for commit in ("aaaa", "bbbb")]
    (run_folder / "run.json").write_text(json.dumps({"suite": "core", "seed": 1, "held_on": held}))
    monkeypatch.setattr("bench.report.about_host", lambda: {"commit": "cccc", "host": "here", "version": "2"})
    told = dict(facts_of(report(run_folder)))
    assert told["held on"].count("on there") == 2
    assert "commit aaaa" in told["held on"] and "commit bbbb" in told["held on"]
    assert "commit cccc, on here" in told["scored by"] and "cccc" not in told["held on"]


def end(folder, error, unasked=0):
    told = Outcome("smooth", 0, 1, 6.0, Punctuality(), error=error, unasked=unasked)
    (folder / ITEM).write_text(json.dumps(asdict(told)))


def breaking(stage):
    """Answered, then asked again half a second before the recording ends."""
    scene = stage(seconds=8.5)
    scene.answers(scene.says(1.0, 1.0) / 24_000 + 0.3, 1.0)
    scene.says(7.0, 1.0)
    return scene


def test_a_session_that_failed_missed_the_turn_it_left_open_and_says_what_it_was_never_asked(tmp_path, stage):
    put(tmp_path / "000", breaking(stage), "smooth")
    end(tmp_path / "000", "ModelError: it broke", unasked=3)
    found = report(tmp_path)
    (one,) = found.sections.values()
    assert (one.summary.missed.hits, one.summary.missed.n, one.unasked) == (1, 2, 3)
    assert one.summary.voice_to_voice.most == 5.0 and one.summary.took_floor.n == 2
    assert not one.summary.unscored
    shown = list(lines(found, small=True))
    assert any(line.strip() == "3 turns were never asked: their conversations had ended" for line in shown)
    assert any("3 turns were never asked" in line for line in troubles_of(found))


def test_a_recording_that_just_ends_too_soon_has_missed_nothing(tmp_path, stage):
    for name, error in (("000", ""), ("001", None)):
        put(tmp_path / name, breaking(stage), "smooth")
        if error is not None:
            end(tmp_path / name, error)
    (one,) = report(tmp_path).sections.values()
    assert (one.summary.missed.hits, one.summary.missed.n, one.unasked) == (0, 2, 0)
    assert len(one.summary.unscored) == 2


def test_a_failed_session_that_was_asked_nothing_at_all_still_stands_in_the_table(tmp_path, stage):
    put(tmp_path / "000", stage(seconds=2.0), "smooth")
    end(tmp_path / "000", "ModelError: it broke", unasked=5)
    shown = list(lines(report(tmp_path)))
    assert any(line.startswith("smooth") and "5 turns were never asked" in line for line in shown)
