"""pipeline/speaking/think_first.py."""

from __future__ import annotations

import pytest

from pipeline.speaking.strategy import Progress
from pipeline.speaking.think_first import ThinkFirst


@pytest.mark.parametrize(
    ("tokens", "lines", "closed", "may"),
    [(0, 0, False, False), (79, 9, False, False), (80, 0, False, True), (3, 1, True, True)],
)
def test_words_wait_for_a_head_start(tokens: int, lines: int, closed: bool, may: bool) -> None:
    assert ThinkFirst().may_begin(Progress(tokens, lines, closed)) is may
