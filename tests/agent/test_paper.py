"""What pictures are drawn on."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.paper import COLOURS, LANES, NAMES, WRITTEN, Paper
from agent.story import Lane, Mark
from pipeline.errors import UserError


def test_every_sign_has_a_colour_and_a_name_of_its_own() -> None:
    for signs in (COLOURS, NAMES):
        assert set(signs) == set(Mark) and len(set(signs.values())) == len(Mark)
    for lanes in (LANES, WRITTEN):
        assert set(lanes) == set(Lane) and len(set(lanes.values())) == len(Lane)


def test_a_text_is_folded_at_spaces_and_loses_nothing() -> None:
    paper, text = Paper(300, 50), "one two three four five six seven eight nine ten"
    lines = paper.fold(text, 90)
    assert len(lines) > 2 and " ".join(lines) == text
    assert all(paper.length(line) <= 90 for line in lines)


def test_a_framed_text_stays_on_the_paper() -> None:
    paper = Paper(200, 40)
    assert paper.framed(190, 5, "a longer text", "#000000") <= 200


def test_a_folder_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write the picture"):
        Paper(20, 20).save(tmp_path / "none" / "t.png")
