"""Drafts: written at once, given up at a token border, voiced only when they heard everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pipeline.channel import Channel
from pipeline.clock import simulate
from pipeline.decoder import DecoderConfig, Decoding
from pipeline.errors import BugError, ModelError
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    EndOfTurnScored,
    Fact,
    Sample,
    Span,
    StageFailed,
    StartDraft,
    Turn,
)
from pipeline.ports import Phrase, Piece
from pipeline.prompt import Audio, Heard, Human, Prompt, Reply, Text
from pipeline.records import Thought
from pipeline.ring import AudioRing

SUM = "heard: two plus two\n2+2=4\n</think>\nTwo plus two is four."


@dataclass
class Brain:
    """Says a text character by character, one virtual millisecond each, with one log-probability."""

    text: str = SUM
    logprob: float = -0.001
    fails_at: int | None = None
    hangs: int = 0
    "So many generations never give a token."
    prompts: list[Prompt] = field(default_factory=list)
    closed: int = 0

    async def call(self, method: str, *args: Any) -> Any:
        raise AssertionError(f"the decoder only streams, not {method}")

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
        assert method == "generate"
        self.prompts.append(args[0])
        try:
            if len(self.prompts) <= self.hangs:
                await asyncio.get_running_loop().create_future()
            for i, letter in enumerate(self.text):
                await asyncio.sleep(0.001)
                if i == self.fails_at:
                    raise ModelError("the engine fell over")
                yield Piece(i, letter, self.logprob, last=i == len(self.text) - 1)
        finally:
            self.closed += 1

    async def close(self) -> None:
        return None


@dataclass
class Stage:
    decoding: Decoding
    brain: Brain
    ring: AudioRing
    phrases: Channel[Phrase]
    facts: list[Fact]
    thoughts: list[Thought]
    history: list[Prompt]

    def spoken(self) -> list[str]:
        return [self.phrases.get_now().text for _ in range(len(self.phrases))]


def during(
    scene: Callable[[Stage], Awaitable[None]], brain: Brain | None = None, threshold: float | None = -0.1
) -> Stage:
    """Run a scene beside two lanes of the stage, in virtual time."""

    async def main() -> Stage:
        ring, phrases = AudioRing(), Channel[Phrase](64)
        facts, thoughts, history = list[Fact](), list[Thought](), [Prompt(())]
        engine = brain or Brain()
        decoding = Decoding(
            engine, ring, lambda: history[0], phrases, facts.append, thoughts.append,
            threshold=threshold, config=DecoderConfig(),
        )  # fmt: skip
        ring.write(np.linspace(-0.5, 0.5, 32_000, dtype=np.float32))
        stage = Stage(decoding, engine, ring, phrases, facts, thoughts, history)
        lanes = [asyncio.get_running_loop().create_task(decoding.run()) for _ in range(2)]
        await scene(stage)
        for lane in lanes:
            lane.cancel()
        ends = await asyncio.gather(*lanes, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        return stage

    return simulate(main)


def order(draft: int, turn: int = 1, start: int = 0, end: int = 16_000) -> StartDraft:
    return StartDraft(Turn(turn), Draft(draft), Span(Sample(start), Sample(end)))


def test_a_draft_becomes_thoughts_phrases_and_a_score() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(1)

    stage = during(scene)
    assert "".join(t.text for t in stage.thoughts).strip() == "heard: two plus two\n2+2=4"
    assert stage.spoken() == ["Two plus two is four.", ""]
    assert EndOfTurnScored(Sample(16_000), 0.95) in stage.facts
    assert stage.facts[-1] == DraftFinished(Turn(1), Draft(1), Ending.COMPLETE)


def test_the_prompt_is_the_history_then_exactly_the_listened_sound() -> None:
    async def scene(stage: Stage) -> None:
        stage.history[0] = Prompt((Human((Text("hi"),)), Heard("Hello.")))
        stage.decoding.start(order(1, start=1600, end=4800))
        await asyncio.sleep(1)

    stage = during(scene)
    sound = Audio(np.linspace(-0.5, 0.5, 32_000, dtype=np.float32)[1600:4800].copy())
    assert stage.brain.prompts == [Prompt((Human((Text("hi"),)), Heard("Hello."), Human((sound,)), Reply()))]


def test_a_draft_waits_for_sound_that_is_still_being_captured() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1, end=32_320))
        await asyncio.sleep(0.1)
        assert not stage.brain.prompts
        stage.ring.write(np.zeros(320, np.float32))
        await asyncio.sleep(1)

    assert len(during(scene).brain.prompts) == 1


def test_a_dropped_draft_stops_at_the_next_token_and_frees_the_engine() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(0.005)
        stage.decoding.drop(Draft(1))
        await asyncio.sleep(0.003)
        assert stage.brain.closed == 1

    stage = during(scene)
    assert not stage.spoken()
    assert stage.facts[-1] == DraftFinished(Turn(1), Draft(1), Ending.DROPPED)


def test_a_newer_draft_replaces_an_uncommitted_one() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(0.01)
        stage.decoding.start(order(2, end=20_000))
        await asyncio.sleep(1)

    stage = during(scene)
    endings = [f for f in stage.facts if isinstance(f, DraftFinished)]
    assert endings == [
        DraftFinished(Turn(1), Draft(1), Ending.DROPPED), DraftFinished(Turn(1), Draft(2), Ending.COMPLETE)
    ]  # fmt: skip


def test_a_committed_reply_is_written_on_while_the_next_turn_is_drafted() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(0.005)
        stage.decoding.commit(Turn(1), Draft(1), Span(Sample(100), Sample(15_000)))
        stage.decoding.start(order(2, turn=2, start=16_000, end=32_000))
        await asyncio.sleep(1)

    stage = during(scene)
    assert sum(isinstance(f, DraftFinished) and f.reason is Ending.COMPLETE for f in stage.facts) == 2


def test_a_draft_that_missed_words_cannot_be_committed() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1, end=16_000))
        await asyncio.sleep(1)
        with pytest.raises(BugError, match="the user spoke"):
            stage.decoding.commit(Turn(1), Draft(1), Span(Sample(0), Sample(16_001)))
        stage.decoding.commit(Turn(1), Draft(1), Span(Sample(0), Sample(14_000)))

    during(scene)


def test_a_draft_of_another_history_cannot_be_committed() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(1)
        stage.history[0] = Prompt((Human((Text("hi"),)), Heard("Hello.")))
        with pytest.raises(BugError, match="another history"):
            stage.decoding.commit(Turn(1), Draft(1), Span(Sample(0), Sample(14_000)))

    during(scene)


def test_a_dropped_draft_cannot_be_committed() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        stage.decoding.drop(Draft(1))
        with pytest.raises(BugError, match="not alive"):
            stage.decoding.commit(Turn(1), Draft(1), Span(Sample(0), Sample(14_000)))

    during(scene)


def test_an_unsure_brain_asks_again_then_shows_what_it_heard() -> None:
    async def scene(stage: Stage) -> None:
        for turn in (1, 2, 3):
            stage.decoding.start(order(turn, turn=turn))
            await asyncio.sleep(1)
            stage.decoding.commit(Turn(turn), Draft(turn), Span(Sample(0), Sample(14_000)))
            stage.decoding.remember(Turn(turn))
            if turn == 2:
                stage.brain.logprob = -0.001

    stage = during(scene, Brain(logprob=-0.5))
    assert [text for text in stage.spoken() if text] == [
        DecoderConfig().ask_again,
        "I heard: two plus two. Ask me a sum, a word to spell, or how your voice sounds.",
        "Two plus two is four.",
    ]


def test_a_brain_that_cannot_tell_its_doubt_is_believed() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(1)

    assert during(scene, Brain(logprob=-0.5), threshold=None).spoken()[0] == "Two plus two is four."


def test_a_failing_engine_fails_the_draft_and_not_the_stage() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(1)
        stage.brain.fails_at = None
        stage.decoding.start(order(2))
        await asyncio.sleep(1)

    stage = during(scene, Brain(fails_at=3))
    assert StageFailed("brain", "the engine fell over") in stage.facts
    endings = [f.reason for f in stage.facts if isinstance(f, DraftFinished)]
    assert endings == [Ending.FAILED, Ending.COMPLETE]


def test_hush_ends_the_writing_of_the_reply() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(0.005)
        stage.decoding.commit(Turn(1), Draft(1), Span(Sample(0), Sample(14_000)))
        stage.decoding.hush(Turn(1))
        await asyncio.sleep(0.01)

    assert during(scene).facts[-1] == DraftFinished(Turn(1), Draft(1), Ending.DROPPED)


def test_typed_words_follow_the_sound_in_the_prompt() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1, start=0, end=0), "two plus two")
        await asyncio.sleep(1)

    assert during(scene).brain.prompts[0] == Prompt((Human((Text("two plus two"),)), Reply()))


def test_a_hung_engine_costs_its_own_drafts_and_no_later_ones() -> None:
    async def scene(stage: Stage) -> None:
        for draft in (1, 2):
            stage.decoding.start(order(draft, turn=draft))
            stage.decoding.commit(Turn(draft), Draft(draft), None)
        await asyncio.sleep(20)
        stage.decoding.start(order(3, turn=3))
        await asyncio.sleep(1)

    stage = during(scene, Brain(hangs=2))
    endings = [f.reason for f in stage.facts if isinstance(f, DraftFinished)]
    assert endings == [Ending.FAILED, Ending.FAILED, Ending.COMPLETE]
    assert sum(isinstance(f, StageFailed) for f in stage.facts) == 2


def test_a_dropped_draft_does_not_wait_for_its_first_token() -> None:
    async def scene(stage: Stage) -> None:
        stage.decoding.start(order(1))
        await asyncio.sleep(0.1)
        stage.decoding.start(order(2))
        await asyncio.sleep(0.01)
        assert stage.brain.closed == 1
        await asyncio.sleep(1)

    endings = [f.reason for f in during(scene, Brain(hangs=1)).facts if isinstance(f, DraftFinished)]
    assert endings == [Ending.DROPPED, Ending.COMPLETE]
