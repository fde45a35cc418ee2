"""Full-Duplex-Bench's folders are read as they are, and what is wrong in one is named."""

import json

import pytest

from bench.fdb import Task, Word, find, read_item
from pipeline.errors import UserError


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / f"{name}.json").write_text(text)
    return folder


def test_a_pause_item_has_its_pauses_and_not_the_words_around_them(tmp_path):
    marks = [{"text": "so", "timestamp": [0, 1]}, {"text": "[PAUSE]", "timestamp": [3.32, 4.0]}]
    item = read_item(put(tmp_path / "a" / "1", pause=marks), tmp_path)
    assert (item.name, item.task, item.marks) == ("a/1", Task.PAUSE, (Word("[PAUSE]", 3.32, 4.0),))
    assert item.words is None


def test_an_interruption_carries_its_texts(tmp_path):
    told = [{"context": "Books?", "interrupt": "Something else.", "timestamp": [10.5, 13.144]}]
    item = read_item(put(tmp_path / "1", interrupt=told), tmp_path)
    assert (item.task, item.context) == (Task.INTERRUPTION, "Books?")
    assert item.marks == (Word("Something else.", 10.5, 13.144),)


def test_the_users_words_are_those_of_whoever_speaks_first(tmp_path):
    reply = {"speaker": 0, "item": [{"text": "I", "timestamp": [2.01, 2.4]}]}
    asks = {"speaker": 1, "item": [{"text": "Is", "timestamp": [0.0, 0.54]}]}
    marks = [{"text": "[TURN-TAKING]", "timestamp": [2.01, 2.4]}]
    item = read_item(put(tmp_path / "1", turn_taking=marks, transcription=[reply, asks]), tmp_path)
    assert item.spoken == (Word("Is", 0.0, 0.54),)


def test_a_last_word_without_an_end_ends_where_it_begins(tmp_path):
    chunks = {"text": "", "chunks": [{"text": "a", "timestamp": [1.0, None]}]}
    marks = [{"text": "[PAUSE]", "timestamp": [3.0, 4.0]}]
    assert read_item(put(tmp_path / "1", pause=marks, output=chunks), tmp_path).words == (
        Word("a", 1.0, 1.0),
    )


@pytest.mark.parametrize("subset", ["user_interruption", "user_backchannel", "talking_to_other"])
def test_the_subset_of_v15_is_the_nearest_folders_name(tmp_path, subset):
    told = {"context_text": "c", "current_turn_text": "t", "timestamps": [5.0, 6.0]}
    item = read_item(put(tmp_path / "background_speech" / f"v1.5_{subset}" / "7", metadata=told), tmp_path)
    assert (item.task, item.context, item.marks) == (Task(subset), "c", (Word("t", 5.0, 6.0),))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has none of pause.json"),
        ({"pause": "{"}, "cannot be read as JSON"),
        ({"pause": {}}, "is not a list of objects"),
        ({"pause": []}, "annotates nothing"),
        ({"turn_taking": [{"timestamp": ["2", 3]}]}, "accepted are two seconds"),
        ({"turn_taking": [{"timestamp": [3, 2]}]}, "not after its end"),
        ({"turn_taking": [{"timestamp": [float("nan"), 2]}]}, "accepted are two seconds"),
        ({"pause": [{"text": "[PAUSE]", "timestamp": [1, 2]}], "output": []}, "lacks its words"),
        (
            {"pause": [{"text": "[PAUSE]", "timestamp": [1, 2]}], "transcription": [{}]},
            "speaker has no words",
        ),
        ({"metadata": {"timestamps": [1, 2]}}, "says its subset"),
    ],
)
def test_what_is_out_of_form_is_one_clear_error(tmp_path, files, said):
    with pytest.raises(UserError, match=said):
        read_item(put(tmp_path / "1", **files), tmp_path)


def test_a_folder_without_items_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no item of Full-Duplex-Bench"):
        find(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        find(tmp_path / "gone")
