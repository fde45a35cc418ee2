"""pipeline/speaking/adaptive.py."""

from __future__ import annotations

import pytest

from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.strategy import Progress


@pytest.mark.parametrize(
    ("tokens", "lines", "closed", "may"),
    [(0, 0, False, False), (9, 0, False, False), (9, 1, False, True), (0, 0, True, True)],
)
def test_words_may_begin_after_one_finished_line(tokens: int, lines: int, closed: bool, may: bool) -> None:
    assert Adaptive().may_begin(Progress(tokens, lines, closed)) is may
