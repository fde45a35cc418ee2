"""Rows that only practise reading what sound alone can tell."""

import random

import pytest

pytest.importorskip("torch", reason="the torch extra is not installed")

from training.cited import read
from training.language import Language
from training.text import cue_row

LANGUAGE = Language()


def test_a_cue_row_asks_what_its_lines_cite_and_the_citing_carries_loss() -> None:
    rng, families = random.Random(4), set[str]()
    for _ in range(120):
        row = cue_row(LANGUAGE, rng)
        text = LANGUAGE.tokenizer.decode([i for i, w in zip(row.ids, row.weights, strict=True) if w])
        assert "heard: " in text
        cited = [one for line in text.split("\n") if (one := read(line))]
        assert cited, text
        families |= {one.family for one in cited}
        assert row.ends, "no summary of cues stands at the newest sound"
    assert {"pitch", "pace", "loudness", "ending", "pauses", "line", "noise", "voices"} <= families
    assert {"beep", "bell", "clap", "knock"} <= families
