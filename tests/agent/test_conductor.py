"""The shell around the policy: facts in order, orders routed, one timer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import numpy as np

from agent.conductor import Conductor
from agent.turn import TurnConfig
from pipeline.channel import Channel
from pipeline.clock import now, simulate
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    Ending,
    EndOfTurnScored,
    Fact,
    PhraseDrafted,
    Sample,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    Think,
    TimerRang,
    Turn,
)
from pipeline.records import Decided
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace


def conduct(script: list[tuple[float, Fact]]) -> tuple[list[tuple[float, Any]], list[Entry]]:
    """Orders with their times, and the trace, of a session that hears these facts at these times."""

    async def main() -> tuple[list[tuple[float, Any]], list[Entry]]:
        facts, ring, trace = Channel[Fact](64), AudioRing(), Trace(None)
        orders, entries = list[tuple[float, Any]](), list[Entry]()
        trace.subscribe(entries.append)

        def take(order: Any) -> None:
            orders.append((round(now() - began, 3), order))

        routes: Any = defaultdict(lambda: take)
        conductor = asyncio.get_running_loop().create_task(
            Conductor(facts, ring, routes, trace, TurnConfig.fixed(0.25, pre_roll=0.2, tail=0.1)).run()
        )
        began = now()
        for at, fact in script:
            await asyncio.sleep(began + at - now())
            ring.write(np.zeros(round((now() - began) * 16_000) - ring.end, np.float32))
            facts.put_now(fact)
        await conductor
        return orders, entries

    return simulate(main)


SPEECH: list[tuple[float, Fact]] = [
    (1.1, SpeechStarted(Sample(16_000))),
    (2.1, SpeechPaused(Sample(32_000))),
    (2.2, PhraseDrafted(Turn(1), Draft(1), 0, "Four.")),
    (2.2, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE)),
    (3.0, SessionClosed("done")),
]


def test_orders_reach_their_stages_at_the_time_of_the_fact() -> None:
    orders, _ = conduct(SPEECH)
    at = {type(order): time for time, order in orders}
    assert at[Think] == 1.1
    assert at[StartDraft] == 2.1


def test_the_policys_deadline_rings_once_and_on_time() -> None:
    orders, entries = conduct(SPEECH)
    at = {type(order): time for time, order in orders}
    assert at[CommitDraft] == 2.25  # 250 ms after sample 32 000, whenever the pause was told
    assert sum(isinstance(e.item, TimerRang) for e in entries) == 1


def test_every_fact_order_and_reason_is_recorded_in_order() -> None:
    orders, entries = conduct(SPEECH)
    kinds = [type(e.item) for e in entries]
    assert [e.item for e in entries if type(e.item) in {type(o) for _, o in orders}] == [o for _, o in orders]
    assert kinds[:3] == [SpeechStarted, Decided, Think]
    assert kinds.count(SessionClosed) == 1


def test_it_ends_with_the_session_and_takes_nothing_after() -> None:
    orders, _ = conduct([(0.5, SessionClosed("at once"))])
    assert orders == []


def test_a_decision_that_orders_nothing_is_told_too_and_only_once() -> None:
    foreseen: list[tuple[float, Fact]] = [
        (1.1, SpeechStarted(Sample(16_000))),
        (2.0, EndOfTurnScored(Sample(31_900), 0.97, "sound")),
        (2.1, SpeechPaused(Sample(32_000))),
        (2.15, EndOfTurnScored(Sample(33_000), 0.97, "sound")),
        (2.2, SessionClosed("done")),
    ]
    _, entries = conduct(foreseen)
    reasons = [entry.item.why for entry in entries if isinstance(entry.item, Decided)]
    assert reasons[1:3] == [
        "drafting before any pause: sound 0.97",
        "pause: the early draft has heard all and stands",
    ]
    assert len(reasons) == len(set(reasons)) == 4
