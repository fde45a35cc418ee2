"""The same seed draws the same rows in every process: a run that goes on elsewhere must go on as itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the torch extra is not installed")

ROOT = Path(__file__).parents[2]
DRAW = """
import random
from training.drill import direct_row, drill_row
from training.language import Language
from training.skills import registry
from training.text import MIX, cue_row, text_row
language, rng = Language(), random.Random(3)
rows = [text_row(language, name, rng, prompt=True) for name in MIX for _ in range(4)]
rows += [draw(language, rng) for draw in (drill_row, direct_row, cue_row) for _ in range(40)]
print([row.ids for row in rows])
print([registry.conversation(rng, name) for name in registry.SHARES for _ in range(8)])
"""


def _drawn(hash_seed: int) -> str:
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_no_order_of_a_set_decides_what_is_drawn() -> None:
    one = _drawn(1)
    assert len(one) > 10_000
    assert _drawn(2) == one
