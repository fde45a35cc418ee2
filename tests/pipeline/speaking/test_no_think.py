"""pipeline/speaking/no_think.py."""

from __future__ import annotations

import pytest

from pipeline.speaking.no_think import NoThink
from pipeline.speaking.strategy import Progress


@pytest.mark.parametrize(
    ("tokens", "lines", "closed", "may"),
    [(0, 0, False, True)],
)
def test_words_wait_for_nothing(tokens: int, lines: int, closed: bool, may: bool) -> None:
    assert NoThink().may_begin(Progress(tokens, lines, closed)) is may
