"""The star: takes one fact, asks the policy, routes its orders, arms its one timer. No ``if`` about turns.

Samples never come here. Whatever is decided, is decided in ``agent.turn``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from agent.turn import State, TurnConfig, advance
from pipeline.channel import Channel, ClosedError
from pipeline.clock import now
from pipeline.events import Fact, Order, SessionClosed, TimerRang
from pipeline.records import Decided
from pipeline.ring import AudioRing
from pipeline.trace import Trace

Routes = Mapping[type[Order], Callable[[Any], None]]
"""For each kind of order, who carries it out. Never blocks."""


class Conductor:
    """Runs the policy of one session."""

    def __init__(
        self, facts: Channel[Fact], ring: AudioRing, routes: Routes, trace: Trace, config: TurnConfig
    ) -> None:
        """``ring``: only its end is read, which relates the capture timeline to the clock."""
        self._facts = facts
        self._ring = ring
        self._routes = routes
        self._trace = trace
        self._config = config
        self._state = State()

    @property
    def state(self) -> State:
        return self._state

    def suit(self, config: TurnConfig) -> None:
        """The policy's settings from the next fact on."""
        self._config = config

    async def run(self) -> None:
        """Conduct until SessionClosed has been carried out."""
        while True:
            fact = await self._next()
            self._trace.record(fact)
            before = self._state.seen(self._ring.end, now())
            self._state, orders = advance(before, fact, now(), self._config)
            if self._state.why and (orders or self._state.why != before.why):
                self._trace.record(Decided(self._state.why))
            for order in orders:
                self._trace.record(order)
                self._routes[type(order)](order)
            if isinstance(fact, SessionClosed):
                return

    async def _next(self) -> Fact:
        """The next fact, or TimerRang when the policy's deadline comes first."""
        waiting = self._facts.get_now() if len(self._facts) else None
        if waiting is not None:
            return waiting
        try:
            async with asyncio.timeout_at(self._state.wake_at):
                return await self._facts.get()
        except TimeoutError:
            return TimerRang()
        except ClosedError:
            return SessionClosed("closed")
