"""pipeline/speaking/strategy.py: names of strategies, and what brains can do."""

from __future__ import annotations

import pytest

from pipeline.mechanisms import SPEAKING
from pipeline.ports import BrainFacts
from pipeline.speaking.strategy import Progress, strategy_for

NOTHING, CLOSED = Progress(0, 0, False), Progress(0, 0, True)


def brain(
    *, holds: bool = False, thinks: bool = True, continues: bool = True, speaking: str = ""
) -> BrainFacts:
    return BrainFacts(
        "brain", "audio", "no", True, 1,
        holds=holds, thinks=thinks, continues=continues, speaking=speaking,
    )  # fmt: skip


@pytest.mark.parametrize("wanted", [name for name in SPEAKING if name != "auto"])
@pytest.mark.parametrize("holds", [True, False])
def test_every_name_of_the_switch_is_a_strategy_of_that_name(wanted: str, holds: bool) -> None:
    assert strategy_for(wanted, brain(holds=holds)).name == wanted


@pytest.mark.parametrize(("holds", "name"), [(True, "adaptive"), (False, "think-fully")])
def test_auto_takes_what_the_brain_was_trained_for(holds: bool, name: str) -> None:
    assert strategy_for("auto", brain(holds=holds)).name == name


def test_a_brain_that_cannot_hold_its_tongue_is_asked_whether_it_is_ready() -> None:
    assert strategy_for("adaptive", brain(holds=False)).question
    assert not strategy_for("adaptive", brain(holds=True)).question


@pytest.mark.parametrize("wanted", SPEAKING)
@pytest.mark.parametrize("holds", [True, False])
def test_nothing_waits_beyond_the_end_of_the_thought(wanted: str, holds: bool) -> None:
    assert strategy_for(wanted, brain(holds=holds)).may_begin(CLOSED)


@pytest.mark.parametrize("wanted", SPEAKING)
def test_a_brain_without_thoughts_writes_words_alone_whatever_is_wanted(wanted: str) -> None:
    assert strategy_for(wanted, brain(thinks=False)).name == "no-think"


@pytest.mark.parametrize("wanted", SPEAKING)
def test_a_brain_that_cannot_go_on_from_a_beginning_gets_no_two_generations_side_by_side(wanted: str) -> None:
    assert not strategy_for(wanted, brain(continues=False)).beside


def test_auto_takes_the_way_that_the_brain_says_suits_it() -> None:
    assert strategy_for("auto", brain(holds=True, speaking="think-first")).name == "think-first"
