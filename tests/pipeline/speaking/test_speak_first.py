"""pipeline/speaking/speak_first.py."""

from __future__ import annotations

import pytest

from pipeline.speaking.speak_first import SpeakFirst
from pipeline.speaking.strategy import Progress


@pytest.mark.parametrize(
    ("tokens", "lines", "closed", "may"),
    [(0, 0, False, True)],
)
def test_words_begin_at_once(tokens: int, lines: int, closed: bool, may: bool) -> None:
    assert SpeakFirst().may_begin(Progress(tokens, lines, closed)) is may
