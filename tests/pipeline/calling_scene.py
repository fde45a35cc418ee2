"""Drafts that call tools in simulated time: a scripted brain, its tools, and what was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.calls import written
from pipeline.channel import Channel
from pipeline.clock import now, simulate
from pipeline.decoder import DecoderConfig, Decoding
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    Fact,
    RunTool,
    Sample,
    Span,
    StartDraft,
    ToolCalled,
    Turn,
)
from pipeline.ports import Phrase, Piece
from pipeline.prompt import Called, Prompt, ToolCall, ToolSpec
from pipeline.ring import AudioRing
from pipeline.speaking.formulation import Formulating
from pipeline.speaking.no_think import NoThink
from pipeline.speaking.strategy import SpeakingStrategy
from pipeline.tools import Tools
from pipeline.ways import Ways

TURN, DRAFT = Turn(1), Draft(1)
LOOK = written(ToolCall("", "look", "{}"))
ACT = written(ToolCall("", "act", "{}"))


@dataclass(eq=False)
class Clockwork:
    name: str
    effects: bool = False
    takes: float = 0.1
    narration: str | None = None
    timeout: float = 30.0
    confirm: None = None
    begun: list[float] = field(default_factory=list)

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, "Does.", "{}")

    def refused(self, arguments: str) -> str:
        return "" if arguments == "{}" else "cannot be taken"

    async def run(self, arguments: str) -> str:
        self.begun.append(now())
        await asyncio.sleep(self.takes)
        return f"{self.name} {len(self.begun)}"


@dataclass
class Brain:
    """Writes the nth text after n steps, three characters per virtual millisecond."""

    texts: tuple[str, ...]
    prompts: list[Prompt] = field(default_factory=list)

    async def call(self, method: str, *args: Any) -> Any:
        raise AssertionError(method)

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
        prompt = args[0]
        self.prompts.append(prompt)
        steps = sum(isinstance(part, Called) for part in prompt)
        text = self.texts[min(steps, len(self.texts) - 1)]
        cuts = [text[at : at + 3] for at in range(0, len(text), 3)]
        for number, cut in enumerate(cuts):
            await asyncio.sleep(0.001)
            yield Piece(hash(cut) % 1000, cut, -0.01, last=number == len(cuts) - 1)

    async def close(self) -> None:
        return None


@dataclass
class Stage:
    decoding: Decoding
    tools: Tools
    brain: Brain
    facts: list[Fact]
    phrases: list[tuple[float, str]]
    left: float = 0.0

    def start(self) -> None:
        self.decoding.start(StartDraft(TURN, DRAFT, Span(Sample(0), Sample(16_000))))

    def commit(self) -> None:
        self.decoding.commit(TURN, DRAFT, Span(Sample(0), Sample(15_000)))

    def grant(self) -> None:
        """Run every call that was told and not run yet."""
        for fact in self.facts:
            if isinstance(fact, ToolCalled):
                self.tools.start(RunTool(fact.turn, fact.draft, fact.call))

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.phrases if text]

    def called(self) -> list[str]:
        return [fact.call for fact in self.facts if isinstance(fact, ToolCalled)]


def during(
    scene: Callable[[Stage], Awaitable[None]],
    brain: Brain,
    *tools: Clockwork,
    strategy: SpeakingStrategy | None = None,
    config: DecoderConfig | None = None,
    grants: bool = True,
    silent: bool = False,
    alone: bool = False,
) -> Stage:
    """``grants``: what is called is run at once. ``silent``: there are no tools at all. ``alone``: calls
    stand in place of words, and words may be written beside the thought."""

    async def main() -> Stage:
        ring, phrases, facts = AudioRing(), Channel[Phrase](64), list[Fact]()

        def emit(fact: Fact) -> None:
            facts.append(fact)
            if grants and isinstance(fact, ToolCalled):
                asyncio.get_running_loop().call_soon(stage.grant)

        hands = Tools(tools, emit, lambda ran: None)
        formulating = Formulating(brain)
        ways = Ways(
            speaking=strategy or NoThink(), tools=None if silent else hands, left=lambda turn: stage.left,
            formulating=formulating, alone=alone, holds=alone,
        )  # fmt: skip
        decoding = Decoding(
            brain, ring, lambda: Prompt(()), phrases, emit, lambda thought: None,
            threshold=None, config=config or DecoderConfig(), ways=ways,
        )  # fmt: skip
        ring.write(np.linspace(-0.5, 0.5, 32_000, dtype=np.float32))
        stage = Stage(decoding, hands, brain, facts, [])

        async def listen() -> None:
            while True:
                phrase = await phrases.get()
                stage.phrases.append((now(), phrase.text))

        works = [decoding.run(), formulating.run(), hands.run(), listen()]
        lanes = [asyncio.get_running_loop().create_task(work) for work in works]
        await scene(stage)
        for lane in lanes:
            lane.cancel()
        ended = await asyncio.gather(*lanes, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
        return stage

    return simulate(main)


def finished(stage: Stage) -> list[Ending]:
    return [fact.reason for fact in stage.facts if isinstance(fact, DraftFinished)]


async def answered(stage: Stage) -> None:
    stage.start()
    stage.commit()
    await asyncio.sleep(60)
