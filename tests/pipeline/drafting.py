"""Drafts whose words are written beside their thought, in virtual time, with a voice that plays them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
from thinker import Thinker

from pipeline.channel import Channel
from pipeline.clock import now, simulate
from pipeline.decoder import DecoderConfig, Decoding
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    EndOfTurnScored,
    Fact,
    Sample,
    Span,
    StartDraft,
    Turn,
)
from pipeline.listening.interleaved import Interleaved
from pipeline.listening.strategy import ListeningStrategy
from pipeline.notebook import Notebook
from pipeline.ports import Phrase
from pipeline.prompt import Prompt, Reply
from pipeline.records import Contradiction, Noted, Speculated, Thought
from pipeline.ring import AudioRing
from pipeline.speaking.formulation import Formulating
from pipeline.speaking.strategy import SpeakingStrategy
from pipeline.speculation import Ledger, SpeculationConfig
from pipeline.ways import Ways

TURN, FIRST = Turn(1), Draft(1)


@dataclass
class Player:
    """A voice that takes up phrases at once and plays them from the commit on: so many seconds per word."""

    phrases: Channel[Phrase]
    per_word: float = 0.3
    made: float = 0.0
    since: float | None = None
    said: list[tuple[float, str]] = field(default_factory=list)
    starved: float = 0.0
    "Seconds without sound before the reply was whole."
    done: float | None = None

    def left(self, turn: int) -> float:
        if self.since is None:
            return self.made
        return max(0.0, self.since + self.made - now())

    def commit(self) -> None:
        self.since = now()

    async def run(self) -> None:
        while True:
            phrase = await self.phrases.get()
            if phrase.final:
                self.done = now()
            elif self.since is not None and self.left(1) == 0.0:
                gap = now() - (self.since + self.made) if self.made else 0.0
                self.starved, self.since = self.starved + gap, now() - self.made
            self.said += [] if phrase.final else [(now(), phrase.text)]
            self.made += self.per_word * len(phrase.text.split())

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.said)


@dataclass
class Stage:
    decoding: Decoding
    brain: Thinker
    ring: AudioRing
    player: Player
    notebook: Notebook
    ledger: Ledger
    facts: list[Fact]
    thoughts: list[tuple[float, Thought]]
    noted: list[Noted]
    told: list[Speculated]
    conflicts: list[Contradiction]

    def start(self, draft: int = 1, turn: int = 1, end: int = 16_000) -> None:
        if turn == 1:
            self.notebook.begin(TURN, Sample(0))
        order = StartDraft(Turn(turn), Draft(draft), Span(Sample(0), Sample(end)))
        self.decoding.start(order)

    def commit(self, draft: int = 1, turn: int = 1) -> None:
        self.decoding.commit(Turn(turn), Draft(draft), Span(Sample(0), Sample(15_000)))
        self.player.commit()

    def words(self) -> list[tuple[float, str, str]]:
        """When each segment was asked for, from which thoughts, after which words."""
        found = []
        for at, prompt in self.brain.of("words"):
            reply = prompt.parts[-1]
            assert isinstance(reply, Reply)
            found.append((round(at, 3), reply.thoughts or "", reply.said))
        return found

    def endings(self) -> list[Ending]:
        return [fact.reason for fact in self.facts if isinstance(fact, DraftFinished)]

    def scores(self) -> list[float]:
        return [fact.probability for fact in self.facts if isinstance(fact, EndOfTurnScored)]


def during(
    scene: Callable[[Stage], Awaitable[None]],
    strategy: SpeakingStrategy,
    brain: Thinker | None = None,
    *,
    holds: bool = True,
    threshold: float | None = -0.1,
    config: DecoderConfig | None = None,
    budget: int = 2000,
    ahead: bool = True,
    per_word: float = 0.3,
    listening: ListeningStrategy | None = None,
) -> Stage:
    """Run a scene beside two lanes of drafting and two of formulating."""

    async def main() -> Stage:
        ring, phrases, engine = AudioRing(), Channel[Phrase](64), brain or Thinker()
        facts, thoughts, noted = list[Fact](), list[tuple[float, Thought]](), list[Noted]()
        told, conflicts, history = list[Speculated](), list[Contradiction](), Prompt(())
        notebook, player = Notebook(noted.append), Player(phrases, per_word)
        ledger = Ledger(SpeculationConfig(tokens=budget), 0.0, told.append)
        formulating = Formulating(engine)
        ways = Ways(
            notebook=notebook, listening=listening or Interleaved(), speaking=strategy,
            formulating=formulating, ledger=ledger, left=player.left, observe=conflicts.append, ahead=ahead,
            holds=holds,
        )  # fmt: skip
        decoding = Decoding(
            engine, ring, lambda: history, phrases, facts.append, lambda t: thoughts.append((now(), t)),
            threshold=threshold, config=config or DecoderConfig(), ways=ways,
        )  # fmt: skip
        ring.write(np.linspace(-0.5, 0.5, 48_000, dtype=np.float32))
        stage = Stage(
            decoding, engine, ring, player, notebook, ledger, facts, thoughts, noted, told, conflicts
        )
        works = [decoding.run(), decoding.run(), formulating.run(), formulating.run(), player.run()]
        lanes = [asyncio.get_running_loop().create_task(work) for work in works]
        await scene(stage)
        for lane in lanes:
            lane.cancel()
        ends = await asyncio.gather(*lanes, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        assert engine.open == 0
        return stage

    return simulate(main)


def lines(text: str) -> int:
    return text.count("\n")


@dataclass
class Staged:
    """A holding brain's answer: so much of it is borne out by so many lines of thought."""

    parts: tuple[str, ...]
    needs: tuple[int, ...]
    "Lines of thought from which each part may be said."

    def __call__(self, thoughts: str) -> str:
        return "".join(
            part for part, need in zip(self.parts, self.needs, strict=True) if lines(thoughts) >= need
        )
