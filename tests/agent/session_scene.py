"""A room without devices: an edge, a detector and a session in virtual time, for tests of whole sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from agent.line import SessionConfig
from agent.receipt import Receipt
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import DeviceError, ModelError
from pipeline.events import AudioLost
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, Compute, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace
from tts.tone import ToneVoice

T = TypeVar("T")
SAID = "heard: a tone\n"
MISSED = Agent().missed


@dataclass
class Loud:
    """Says that a window holds speech when it is loud."""

    window: int = 512

    def score(self, window: Pcm) -> float:
        return float(np.abs(window).max() > 0.1)

    def reset(self) -> None:
        return None


@dataclass
class Room:
    """An edge: the user makes a sound in these stretches of seconds; what the agent plays is kept."""

    talks: tuple[tuple[float, float], ...] = ()
    seconds: float = 6.0
    echo: str = "none"
    latency: float = 0.0
    breaks_at: float = float("inf")
    gap_at: float = float("inf")
    "Then 200 ms are lost, and what plays from there on is a loudspeaker without echo cancellation."
    does: dict[float, Callable[[], None]] = field(default_factory=dict)
    played: list[Pcm] = field(default_factory=list)

    def report(self) -> EdgeReport:
        return EdgeReport("room", self.echo, self.latency)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        began, waiting = now(), dict(self.does)
        for frame in range(round(self.seconds * 50)):
            at = frame / 50
            await asyncio.sleep(began + at + 0.02 - now())
            if at >= self.breaks_at:
                raise DeviceError("the microphone was unplugged")
            if at == self.gap_at:
                self.echo, self.latency = "open", 0.1
                emit(AudioLost(ring.lose(3200)))
            loud = any(start <= at < end for start, end in self.talks)
            ring.write(np.full(FRAME, 0.5 if loud else 0.0, np.float32))
            self.played.append(source.pull(FRAME * PLAYOUT_RATE // CAPTURE_RATE))
            for moment in [m for m in waiting if m <= at]:
                waiting.pop(moment)()

    def heard_at(self) -> list[float]:
        """Seconds at which something audible was played, per 20 ms."""
        return [i / 50 for i, block in enumerate(self.played) if np.abs(block).max() > 0.01]


@dataclass
class Held:
    """A session that ran."""

    session: AgentSession
    receipt: Receipt | None
    entries: list[Entry]
    error: Exception | None
    seconds: float

    def count(self, kind: type) -> int:
        return sum(isinstance(entry.item, kind) for entry in self.entries)


def build(
    room: Room,
    brain: Compute,
    agent: Agent | None = None,
    config: SessionConfig | None = None,
    ear: Compute | None = None,
) -> AgentSession:
    """A session in that room, not yet started."""
    return AgentSession(
        agent or Agent(), edge=room, brain=brain, voice=ToneVoice(), detector=Loud(), trace=Trace(None),
        config=config or SessionConfig(turn=TurnConfig.fixed(0.25)), ear=ear,
    )  # fmt: skip


def inline(engine: ScriptedEngine) -> InlineCompute:
    """The engine on the loop, at its declared cost."""
    return InlineCompute(engine, engine.cost)


def live(
    scene: Callable[[AgentSession], Awaitable[T]],
    brain: Compute,
    room: Room | None = None,
    agent: Agent | None = None,
    config: SessionConfig | None = None,
) -> T:
    """Play a scene with a live session; it is closed afterwards."""

    async def main() -> T:
        async with build(room or Room(seconds=60.0), brain, agent, config) as session:
            return await scene(session)

    return simulate(main)


def hold(
    room: Room,
    engine: ScriptedEngine | None = None,
    greeting: str | None = None,
    config: SessionConfig | None = None,
    missed: str = MISSED,
) -> Held:
    engine = engine or ScriptedEngine(ByText({}, Answer("Here I am.", SAID)), first=0.01, per_token=0.001)

    async def main() -> Held:
        trace, entries = Trace(None), list[Entry]()
        trace.subscribe(entries.append)
        session = AgentSession(
            Agent(greeting=greeting, missed=missed),
            edge=room, brain=InlineCompute(engine, engine.cost), voice=ToneVoice(),
            detector=Loud(), trace=trace, config=config or SessionConfig(turn=TurnConfig.fixed(0.25)),
        )  # fmt: skip
        for moment, act in list(room.does.items()):
            room.does[moment] = lambda act=act: act(session)  # type: ignore[misc,call-arg]
        began = now()
        try:
            receipt, error = await session.run(), None
        except (DeviceError, ModelError) as problem:
            receipt, error = None, problem
        return Held(session, receipt, entries, error, now() - began)

    return simulate(main)
