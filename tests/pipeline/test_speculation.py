"""pipeline/speculation.py: what writing ahead of a turn's end costs and brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import astuple, replace

import pytest

from pipeline.clock import simulate
from pipeline.events import Draft, Turn
from pipeline.mechanisms import Mechanisms
from pipeline.ports import BrainFacts
from pipeline.records import Speculated
from pipeline.speculation import LISTENING, SLOW, Ahead, Ledger, SpeculationConfig, ahead

TURN, A, B = Turn(1), Draft(1), Draft(2)


def told(
    scene: Callable[[Ledger], Awaitable[None]], price: float = 0.0, config: SpeculationConfig | None = None
) -> list[Speculated]:
    found: list[Speculated] = []
    simulate(lambda: scene(Ledger(config or SpeculationConfig(), price, found.append)))
    return found


def write(ledger: Ledger, draft: Draft, tokens: int) -> None:
    for _ in range(tokens):
        ledger.wrote(TURN, draft)


def test_a_draft_begun_before_the_commit_is_a_hit_and_saves_its_own_time() -> None:
    async def scene(ledger: Ledger) -> None:
        ledger.started(TURN, A)
        await asyncio.sleep(0.2)
        write(ledger, A, 30)
        ledger.phrase(TURN, A)
        await asyncio.sleep(0.3)
        ledger.committed(TURN, A)

    (found,) = told(scene)
    assert found.hit and (found.drafts, found.tokens, found.wasted) == (1, 30, 0)
    assert found.saved == pytest.approx(0.2)


def test_tokens_that_the_draft_took_over_were_not_written_for_nothing() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, LISTENING, 40)
        ledger.started(TURN, A)
        ledger.confirmed(TURN, A, 25)
        write(ledger, A, 10)
        ledger.phrase(TURN, A)
        ledger.committed(TURN, A)

    (found,) = told(scene)
    assert (found.tokens, found.wasted) == (50, 15)


def test_tokens_that_another_draft_took_over_are_no_use_to_this_one() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, LISTENING, 40)
        ledger.confirmed(TURN, B, 25)
        ledger.started(TURN, A)
        write(ledger, A, 10)
        ledger.phrase(TURN, A)
        ledger.committed(TURN, A)

    (found,) = told(scene)
    assert (found.tokens, found.wasted) == (50, 40)


def test_a_phrase_that_comes_after_the_commit_saves_the_head_start_only() -> None:
    async def scene(ledger: Ledger) -> None:
        ledger.started(TURN, A)
        await asyncio.sleep(0.5)
        ledger.committed(TURN, A)
        write(ledger, A, 9)
        await asyncio.sleep(1.0)
        ledger.phrase(TURN, A)
        ledger.phrase(TURN, A)

    (found,) = told(scene)
    assert found.hit and found.tokens == 0, "what is written after the commit is no speculation"
    assert found.saved == pytest.approx(0.5)


def test_a_draft_begun_at_the_commit_saves_nothing() -> None:
    async def scene(ledger: Ledger) -> None:
        ledger.committed(TURN, A)
        ledger.started(TURN, A)
        await asyncio.sleep(1.0)
        ledger.phrase(TURN, A)

    (found,) = told(scene)
    assert not found.hit and found.saved == 0.0


def test_tokens_that_live_on_in_a_note_are_not_wasted() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, LISTENING, 20)
        ledger.kept(TURN, LISTENING, 12)
        ledger.started(TURN, A)
        write(ledger, A, 50)
        ledger.kept(TURN, A, 8)
        ledger.started(TURN, B)
        write(ledger, B, 7)
        await asyncio.sleep(0.1)
        ledger.phrase(TURN, B)
        ledger.committed(TURN, B)

    (found,) = told(scene, price=2e6)
    assert (found.drafts, found.tokens, found.wasted) == (2, 77, 8 + 42)
    assert found.cost == pytest.approx(154.0)


def test_a_turn_may_cost_so_many_tokens_and_no_other_turn_pays_for_it() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, A, 9)
        assert ledger.allows(TURN)
        write(ledger, LISTENING, 1)
        assert not ledger.allows(TURN) and ledger.allows(Turn(2))

    assert told(scene, config=SpeculationConfig(tokens=10)) == []


def test_a_turn_may_cost_so_much_money() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, A, 3)
        assert ledger.allows(TURN)
        write(ledger, A, 1)
        assert not ledger.allows(TURN)

    told(scene, price=1e6, config=SpeculationConfig(money=3.5))


def test_without_a_price_no_amount_of_money_is_reached() -> None:
    async def scene(ledger: Ledger) -> None:
        write(ledger, A, 100)
        assert ledger.allows(TURN)

    told(scene, config=SpeculationConfig(money=0.01))


def test_a_commit_taken_back_counts_what_follows_and_is_told_anew() -> None:
    async def scene(ledger: Ledger) -> None:
        ledger.started(TURN, A)
        write(ledger, A, 10)
        await asyncio.sleep(0.1)
        ledger.phrase(TURN, A)
        ledger.committed(TURN, A)
        ledger.reopened(TURN)
        ledger.started(TURN, B)
        write(ledger, B, 5)
        await asyncio.sleep(0.1)
        ledger.phrase(TURN, B)
        ledger.committed(TURN, B)

    first, second = told(scene)
    assert (first.drafts, first.tokens, first.wasted) == (1, 10, 0)
    assert (second.drafts, second.tokens, second.wasted) == (2, 15, 10)


def test_old_turns_are_forgotten() -> None:
    async def scene(ledger: Ledger) -> None:
        for turn in range(1, 200):
            ledger.wrote(Turn(turn), A)
        assert len(ledger._accounts) <= 8
        assert not ledger.allows(Turn(199)) and ledger.allows(Turn(1))

    told(scene, config=SpeculationConfig(tokens=1))


@pytest.mark.parametrize("wrong", [{"tokens": -1}, {"money": -0.1}])
def test_a_negative_budget_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        SpeculationConfig(**wrong)  # type: ignore[arg-type]


# --- how far ahead a brain is asked to work -----------------------------------------------------------------

FREE = BrainFacts("one", "audio", "yes", obeys_instructions=True, history_turns=9)
ALL, BUDGET = Ahead(True, True, True, True, 2000), SpeculationConfig(money=0.01)
NOTHING = (False, False, False, False, 0)


def may(brain: BrainFacts, config: SpeculationConfig | None = None, **off: object) -> Ahead:
    return ahead(brain, config or SpeculationConfig(), Mechanisms(**off))  # type: ignore[arg-type]  # forwarded


def test_a_brain_that_costs_nothing_but_time_works_ahead_as_far_as_the_switches_allow() -> None:
    assert may(FREE) == ALL
    assert may(FREE, speculation=False) == replace(ALL, drafts=False, guesses=False)
    assert may(FREE, listening_thoughts="off") == replace(ALL, thoughts=False)
    assert may(FREE, prefill=False) == replace(ALL, reading=False)


def test_a_paid_brain_is_asked_nothing_ahead_without_a_budget_and_a_price_to_keep_it() -> None:
    paid = replace(FREE, paid=True, price=5.0)
    for found in (may(paid), may(replace(paid, price=0.0), BUDGET)):
        assert astuple(found)[:-1] == NOTHING
    assert "one costs money and no [speculation] money is set for it" in may(paid).why
    assert "its price is not known" in may(replace(paid, price=0.0), BUDGET).why
    assert may(paid, BUDGET) == ALL


def test_a_slow_brain_drafts_in_pauses_only_and_within_ten_seconds_of_its_writing() -> None:
    slow = may(replace(FREE, rate=8.0, first=0.3))
    assert astuple(slow)[:-1] == (True, True, True, False, 80)
    assert slow.why == "one takes 1.8 s to a first phrase: it drafts in pauses only"
    assert may(replace(FREE, rate=8.0), speculation=False).why == "", "what is off is not limited"
    assert may(replace(FREE, rate=0.0, first=1.0)).tokens > 0
    assert may(replace(FREE, rate=8.0), SpeculationConfig(tokens=20)).tokens == 20


def test_slow_is_whatever_has_no_first_phrase_within_the_longest_pause() -> None:
    assert may(replace(FREE, rate=60.0, first=SLOW - 0.21)) == ALL
    assert not may(replace(FREE, rate=60.0, first=SLOW - 0.19)).guesses


def test_a_brain_that_reads_is_not_asked_before_a_pause() -> None:
    assert may(replace(FREE, hears="text via ear")) == replace(ALL, guesses=False)
