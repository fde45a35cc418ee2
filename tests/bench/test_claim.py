"""A folder keeps to one set of settings, whoever goes on with it and wherever."""

import json

import pytest

from bench.claim import claim_file, held_on, note_host, of_conversations, of_people
from pipeline.errors import UserError

TOLD = {"seed": 1, "endpoint": None, "contents": {"people": "ab"}, "target": {"brain": "b", "weights": "w"}}


def test_what_differs_is_said(tmp_path):
    file = tmp_path / "run.json"
    claim_file(file, TOLD, "a run with other settings")
    claim_file(file, TOLD, "a run with other settings")
    other = TOLD | {"seed": 2, "target": {"brain": "b", "weights": "v"}}
    said = (
        r'holds a run with other settings \(run.json: seed is 1 there and 2 now; target weights is "w" there'
    )
    with pytest.raises(UserError, match=said):
        claim_file(file, other, "a run with other settings")
    with pytest.raises(UserError, match='contents people is "ab" there and not told now'):
        claim_file(file, TOLD | {"contents": {}}, "a run")
    assert json.loads(file.read_text()) == TOLD


def test_a_folder_of_an_older_version_takes_on_what_it_does_not_tell_and_keeps_to_it(tmp_path):
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"seed": 1, "endpoint": None, "target": {"brain": "b"}}))
    claim_file(file, TOLD, "a run")
    with pytest.raises(UserError, match="target weights"):
        claim_file(file, TOLD | {"target": {"brain": "b", "weights": "v"}}, "a run")


def test_a_claim_that_cannot_be_read_is_one_clear_error(tmp_path):
    file = tmp_path / "run.json"
    for text in ("{", "[]"):
        file.write_text(text)
        with pytest.raises(UserError, match="name another folder with --out"):
            claim_file(file, TOLD, "a run")


def test_every_machine_and_commit_is_noted_once_and_is_no_setting(tmp_path, monkeypatch):
    file = tmp_path / "run.json"
    note_host(file)
    assert not file.exists(), "nobody has claimed the folder"
    claim_file(file, TOLD, "a run")
    for commit, load in (("aaaa", 0.1), ("aaaa", 0.9), ("bbbb", 0.2)):
        here = {"commit": commit, "host": "h", "version": "1", "load": [load]}
        monkeypatch.setattr("bench.claim.about_host", lambda here=here: here)
        note_host(file)
        claim_file(file, TOLD, "a run")
    told = held_on(json.loads(file.read_text()))
    assert len(told) == 2 and "commit aaaa, on h" in told[0] and "commit bbbb, on h" in told[1]


def test_a_folder_counts_by_what_is_in_it(tmp_path):
    sound, manifest = tmp_path / "a.wav", tmp_path / "a.json"
    sound.write_bytes(bytes(100))
    manifest.write_text("{}")
    first = of_people(tmp_path)
    (tmp_path / "notes.txt").write_text("no part of it")
    assert of_people(tmp_path) == first
    manifest.write_text('{"kind": "question"}')
    second = of_people(tmp_path)
    sound.write_bytes(bytes(99) + b"x")
    third = of_people(tmp_path)
    sound.rename(tmp_path / "b.wav")
    assert len({first, second, third, of_people(tmp_path)}) == 4


def test_a_report_in_a_folder_of_conversations_is_no_part_of_its_digest(tmp_path):
    (tmp_path / "c").mkdir()
    for name in ("labels.json", "conversation.wav"):
        (tmp_path / "c" / name).write_text("x")
    first = of_conversations(tmp_path)
    (tmp_path / "report.json").write_text("y")
    assert of_conversations(tmp_path) == first
    (tmp_path / "c").rename(tmp_path / "d")
    assert of_conversations(tmp_path) != first
