"""Every invariant on tools bites: a sound conversation passes, and a planted fault is found by its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.events import Remember, RunTool, ToolCalled, ToolReturned
from pipeline.trace import Entry
from sim.doing import CHECKS
from sim.evidence import Evidence
from sim.invariants import violations
from sim.script import Rest, Scenario, Speak
from sim.voice import Utterance
from sim.words import ACT
from sim.world import play

ACTS = (
    Speak(("fetch", "alpha")), Rest(4.0), Speak(("act", "bravo")), Rest(4.0), Speak(("charlie",)), Rest(2.0)
)  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A conversation in which something is looked up and something done, and nothing wrong."""
    return play(Scenario(3, ACTS, shortest=1.0, tools=True))


def rewritten(evidence: Evidence, change: Callable[[float, Any], tuple[float, Any] | None]) -> Evidence:
    """The evidence with every entry changed, or left out."""
    pairs = [pair for e in evidence.entries if (pair := change(e.at, e.item)) is not None]
    pairs.sort(key=lambda pair: pair[0])
    return replace(evidence, entries=tuple(Entry(seq, at, item) for seq, (at, item) in enumerate(pairs)))


def test_a_sound_conversation_passes_and_holds_what_the_planting_needs(sound: Evidence) -> None:
    assert violations(sound) == []
    assert {deed.tool for deed in sound.deeds} == {"fetch", "act"}
    assert {fact.effects for _, fact in sound.of(ToolCalled)} == {True, False}
    assert [step.results[0].name for e in sound.exchanges for step in e.called] == ["fetch", "act"]


def an_effect_in_a_draft(e: Evidence) -> Evidence:
    acts = {fact.call for _, fact in e.of(ToolCalled) if fact.effects}

    def change(at: float, item: Any) -> tuple[float, Any]:
        early = isinstance(item, ToolCalled | RunTool) and item.call in acts
        return (0.0 if early else at), item

    return rewritten(e, change)


def a_deed_before_its_commit(e: Evidence) -> Evidence:
    return replace(e, deeds=tuple(replace(d, begun=0.0) if d.tool == ACT else d for d in e.deeds))


def a_deed_twice(e: Evidence) -> Evidence:
    return replace(e, deeds=(*e.deeds, e.deeds[-1]))


def a_deed_cut_off(e: Evidence) -> Evidence:
    return replace(e, deeds=tuple(replace(deed, ended=None, cut=deed.begun + 0.1) for deed in e.deeds))


def two_effects_in_a_turn(e: Evidence) -> Evidence:
    at, fact = next((at, fact) for at, fact in e.of(ToolCalled) if fact.effects)
    run = next(order for _, order in e.of(RunTool) if order.call == fact.call)
    more = [(at, replace(fact, call="again")), (e.ended, replace(run, call="again"))]
    entries = [(each.at, each.item) for each in e.entries]
    pairs = sorted([*entries, *more], key=lambda pair: pair[0])
    return replace(e, entries=tuple(Entry(seq, at, item) for seq, (at, item) in enumerate(pairs)))


def a_call_that_never_returns(e: Evidence) -> Evidence:
    gone = (ToolReturned, Remember)
    return replace(
        rewritten(e, lambda at, item: None if isinstance(item, gone) else (at, item)), ended=1e3, failure=""
    )


def a_call_at_the_voice(e: Evidence) -> Evidence:
    spoken = replace(e.utterances[0], text="function fetch {}")
    assert isinstance(spoken, Utterance)
    return replace(e, utterances=(spoken, *e.utterances[1:]))


def a_deed_forgotten(e: Evidence) -> Evidence:
    return replace(e, exchanges=tuple(replace(exchange, called=()) for exchange in e.exchanges))


PLANTED = [
    (an_effect_in_a_draft, "no_effect_before_its_commit"),
    (a_deed_before_its_commit, "no_effect_before_its_commit"),
    (a_deed_twice, "an_effect_happens_once"),
    (a_deed_cut_off, "an_effect_comes_to_its_end"),
    (two_effects_in_a_turn, "an_effect_happens_once"),
    (a_call_that_never_returns, "every_call_of_a_reply_returns"),
    (a_call_at_the_voice, "no_call_is_spoken"),
    (a_deed_forgotten, "what_was_done_is_remembered"),
]


@pytest.mark.parametrize(("plant", "name"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_a_planted_fault_is_found(sound: Evidence, plant: Callable[[Evidence], Evidence], name: str) -> None:
    found = {check.__name__ for check in CHECKS if list(check(plant(sound)))}
    assert name in found


def test_every_invariant_has_a_planted_fault() -> None:
    assert {name for _, name in PLANTED} == {check.__name__ for check in CHECKS}
