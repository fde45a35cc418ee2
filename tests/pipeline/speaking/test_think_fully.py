"""pipeline/speaking/think_fully.py."""

from __future__ import annotations

import pytest

from pipeline.speaking.strategy import Progress
from pipeline.speaking.think_fully import ThinkFully


@pytest.mark.parametrize(
    ("tokens", "lines", "closed", "may"),
    [(99, 9, False, False), (99, 9, True, True)],
)
def test_words_wait_for_the_whole_thought(tokens: int, lines: int, closed: bool, may: bool) -> None:
    assert ThinkFully().may_begin(Progress(tokens, lines, closed)) is may
