"""pipeline/speaking/strategy.py: names of strategies, and what brains can do."""

from __future__ import annotations

import pytest

from pipeline.mechanisms import SPEAKING
from pipeline.speaking.strategy import Progress, strategy_for

NOTHING, CLOSED = Progress(0, 0, False), Progress(0, 0, True)


@pytest.mark.parametrize("wanted", [name for name in SPEAKING if name != "auto"])
@pytest.mark.parametrize("holds", [True, False])
def test_every_name_of_the_switch_is_a_strategy_of_that_name(wanted: str, holds: bool) -> None:
    assert strategy_for(wanted, holds=holds).name == wanted


@pytest.mark.parametrize(("holds", "name"), [(True, "adaptive"), (False, "think-fully")])
def test_auto_takes_what_the_brain_was_trained_for(holds: bool, name: str) -> None:
    assert strategy_for("auto", holds=holds).name == name


def test_a_brain_that_cannot_hold_its_tongue_is_asked_whether_it_is_ready() -> None:
    assert strategy_for("adaptive", holds=False).question
    assert not strategy_for("adaptive", holds=True).question


@pytest.mark.parametrize("wanted", SPEAKING)
@pytest.mark.parametrize("holds", [True, False])
def test_nothing_waits_beyond_the_end_of_the_thought(wanted: str, holds: bool) -> None:
    assert strategy_for(wanted, holds=holds).may_begin(CLOSED)
