"""A thinking stage beside a real-time capture, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from thinker import Thinker, positions

from pipeline.clock import simulate
from pipeline.events import Fact, Sample, Span, Think, Turn
from pipeline.listening.interleaved import Interleaved
from pipeline.listening.strategy import ListeningStrategy
from pipeline.notebook import Notebook, notes_of
from pipeline.ports import FRAME
from pipeline.prompt import Note, Prompt
from pipeline.records import Noted, Speculated, Thought
from pipeline.ring import AudioRing
from pipeline.speculation import Ledger, SpeculationConfig
from pipeline.thinking import Thinking, ThinkingConfig

TURN = Turn(1)


@dataclass
class Scene:
    thinking: Thinking
    brain: Thinker
    ring: AudioRing
    notebook: Notebook
    ledger: Ledger
    facts: list[Fact]
    thoughts: list[Thought]
    noted: list[Noted]

    async def talk(self, seconds: float) -> None:
        """Real-time capture of a ramp, so that every block differs."""
        for _ in range(round(seconds * 50)):
            await asyncio.sleep(0.02)
            self.ring.write(np.arange(self.ring.end, self.ring.end + FRAME, dtype=np.float32) / 1e6)

    def notes(self) -> tuple[Note, ...]:
        return notes_of(self.notebook.of(TURN, Span(Sample(0), Sample(self.ring.end))))

    def moments(self) -> list[float]:
        """When a thought was begun."""
        return [round(at, 2) for at, _ in self.brain.asked]

    def sounds(self) -> list[int]:
        """Positions of sound in each request."""
        return [positions(prompt) for _, prompt in self.brain.asked]


def during(
    scene: Callable[[Scene], Awaitable[None]],
    brain: Thinker | None = None,
    strategy: ListeningStrategy | None = None,
    config: ThinkingConfig | None = None,
    budget: int = 2000,
) -> Scene:
    async def main() -> Scene:
        ring, facts, thoughts, noted = AudioRing(), list[Fact](), list[Thought](), list[Noted]()
        told: list[Speculated] = []
        notebook, engine = Notebook(noted.append), brain or Thinker()
        ledger = Ledger(SpeculationConfig(tokens=budget), 0.0, told.append)
        thinking = Thinking(
            engine, ring, lambda: Prompt(()), notebook, strategy or Interleaved(), ledger, facts.append,
            thoughts.append, config or ThinkingConfig(),
        )  # fmt: skip
        made = Scene(thinking, engine, ring, notebook, ledger, facts, thoughts, noted)
        stage = asyncio.get_running_loop().create_task(thinking.run())
        await scene(made)
        stage.cancel()
        ends = await asyncio.gather(stage, return_exceptions=True)
        assert isinstance(ends[0], asyncio.CancelledError), ends
        assert engine.open == 0
        return made

    return simulate(main)


def begin(scene: Scene, turn: int = 1, start: int = 0) -> None:
    scene.thinking.think(Think(Turn(turn), Span(Sample(start), Sample(start))))
