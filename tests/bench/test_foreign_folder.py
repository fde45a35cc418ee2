"""Names from other people's files stay single folders, and words keep their form."""

import json

import pytest

from bench.fdb import Word, chunks
from bench.foreign_folder import slug, words_json


@pytest.mark.parametrize(
    ("name", "told"),
    [("smooth/000", "smooth-000"), ("..", "conversation"), ("/../etc", "etc"), ("a b", "a-b")],
)
def test_a_name_is_one_folder_below(name, told):
    assert slug(name) == told


def test_words_are_written_as_they_are_read(tmp_path):
    words = (Word("one", 0.1, 0.4), Word("zwölf", 0.5, 0.9))
    assert chunks(json.loads(words_json(words)), tmp_path) == words
    assert json.loads(words_json(words))["text"] == "one zwölf"
