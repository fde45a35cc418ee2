"""A policy that is told facts at given seconds, for tests: its timer rings by itself."""

from __future__ import annotations

from agent.turn import Agent, State, TurnConfig, User, advance
from pipeline.events import (
    Draft,
    Fact,
    Order,
    PhraseDrafted,
    PlaybackReached,
    PlaybackStarted,
    Sample,
    SpeechPaused,
    SpeechStarted,
    TimerRang,
    Turn,
)

RATE = 16_000


def at(seconds: float) -> Sample:
    return Sample(round(seconds * RATE))


class Scene:
    """A policy that is told facts at given seconds; its timer rings by itself. Sample 0 is at second 0."""

    def __init__(self, **settings: object) -> None:
        self.config = TurnConfig(**settings)  # type: ignore[arg-type]  # forwarded as they are
        self.state = State().anchored(0, 0.0)
        self.now = 0.0
        self.log: list[tuple[float, Order]] = []

    def tell(self, now: float, *facts: Fact) -> list[Order]:
        """Let the time come, then these facts. Returns what they and the timers before them brought about."""
        told = len(self.log)
        self.until(now)
        for fact in facts:
            self._advance(fact)
        return [order for _, order in self.log[told:]]

    def until(self, now: float) -> list[Order]:
        told = len(self.log)
        while self.state.wake_at is not None and self.state.wake_at <= now:
            self.now = self.state.wake_at
            self._advance(TimerRang())
        self.now = now
        return [order for _, order in self.log[told:]]

    def _advance(self, fact: Fact) -> None:
        # The shell tells the ring's end with every fact; here the sound card keeps perfect time.
        anchored = self.state.anchored(at(self.now), self.now)
        self.state, orders = advance(anchored, fact, self.now, self.config)
        self.log += [(self.now, order) for order in orders]

    @property
    def where(self) -> tuple[User, Agent]:
        return self.state.user, self.state.agent

    @property
    def why(self) -> str:
        return self.state.why

    def when(self, kind: type[Order]) -> float:
        return next(time for time, order in self.log if isinstance(order, kind))

    # A user turn from 1.0 to 2.0 s whose pause is told at 2.1, and what follows.

    def turn_is_due(self) -> Scene:
        self.tell(1.1, SpeechStarted(at(1)))
        self.tell(2.1, SpeechPaused(at(2)))
        self.tell(2.2, PhraseDrafted(Turn(1), Draft(1), 0, "Twelve."))
        self.until(2.0 + self.config.endpoint)
        assert self.where == (User.QUIET, Agent.DUE)
        return self

    def speaks(self) -> Scene:
        self.turn_is_due().tell(3.0, PlaybackStarted(Turn(1)))
        return self

    def is_talked_over(self) -> Scene:
        self.speaks().tell(4.1, PlaybackReached(Turn(1), 0, 24_000), SpeechStarted(at(4)))
        return self

    def is_held(self) -> Scene:
        self.is_talked_over().until(4.2)
        assert self.where == (User.TALKING, Agent.HELD)
        return self

    def judges(self) -> Scene:
        self.is_held().tell(4.5, SpeechPaused(at(4.35)))
        assert self.where == (User.PAUSED, Agent.HELD)
        return self
