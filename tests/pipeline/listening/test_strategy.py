"""pipeline/listening/strategy.py: names of strategies, and what brains were trained for."""

from __future__ import annotations

import pytest

from pipeline.listening.strategy import strategy_for
from pipeline.mechanisms import LISTENING
from pipeline.ports import BrainFacts


def brain(can: str, *, confirms: bool = False) -> BrainFacts:
    return BrainFacts("any", "audio", can, obeys_instructions=False, history_turns=1, confirms=confirms)


@pytest.mark.parametrize("wanted", [name for name in LISTENING if name != "auto"])
def test_every_name_of_the_switch_is_a_strategy_of_that_name(wanted: str) -> None:
    assert strategy_for(wanted, brain("yes", confirms=True)).name == wanted


@pytest.mark.parametrize(("can", "name"), [("yes", "interleaved"), ("notes", "notes"), ("no", "off")])
def test_auto_takes_what_the_brain_was_trained_for(can: str, name: str) -> None:
    assert strategy_for("auto", brain(can)).name == name


@pytest.mark.parametrize(("can", "name"), [("yes", "predicted"), ("notes", "predicted"), ("no", "off")])
def test_auto_takes_checked_thoughts_where_the_brain_confirms(can: str, name: str) -> None:
    assert strategy_for("auto", brain(can, confirms=True)).name == name


@pytest.mark.parametrize(("can", "name"), [("yes", "interleaved"), ("notes", "notes"), ("no", "off")])
def test_a_brain_that_cannot_confirm_is_not_made_to_write_everything_again(can: str, name: str) -> None:
    assert strategy_for("predicted", brain(can)).name == name
