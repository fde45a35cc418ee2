"""Cases through both ears: what the product would answer, and how sure it would be."""

import pytest

pytest.importorskip("torch")

from pathlib import Path

from fetched_ear import ear_folder

from model.checkpoint import bundled
from pipeline.weighing import SURE
from training.people import cases, table
from training.second import Pair


def test_people_are_answered_through_both_ears_and_counted_by_speaker(recordings: Path) -> None:
    found = Pair(bundled(), ear_folder()).play(cases(recordings / "fsdd", 2, 3))
    assert len(found) == 12 and sum(one.right for one in found) >= 8
    assert all(one.answer.text.startswith("heard: ") and one.answer.finished for one in found)
    assert any(one.answer.heard_logprob == 0.0 for one in found), "both wrote the same"
    rows = table(found, SURE)
    assert sum("as shipped" in row for row in rows) == 5 and rows[-1].startswith(
        "| all | chosen on the others | 12"
    )
