"""While the user speaks, the engine is kept warm with exactly the growing turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pipeline.clock import simulate
from pipeline.encoder import EncoderConfig, Encoding
from pipeline.errors import ModelError
from pipeline.events import Fact, Listened, Sample, Span, StageFailed, StopThinking, Think, Turn
from pipeline.ports import FRAME
from pipeline.prompt import Audio, Human, Prompt
from pipeline.ring import AudioRing


@dataclass
class Brain:
    seconds: float = 0.001
    broken: bool = False
    prompts: list[Prompt] = field(default_factory=list)

    async def call(self, method: str, *args: Any) -> int:
        assert method == "prefill"
        await asyncio.sleep(self.seconds)
        if self.broken:
            raise ModelError("out of memory")
        self.prompts.append(args[0])
        return 1

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        raise AssertionError(f"the encoder never streams, not even {method}")

    async def close(self) -> None:
        return None


async def talk(ring: AudioRing, seconds: float) -> None:
    """Real-time capture of a ramp, so that every block differs."""
    for _ in range(round(seconds * 50)):
        await asyncio.sleep(0.02)
        ring.write(np.arange(ring.end, ring.end + FRAME, dtype=np.float32) / 1e6)


def during(scene: Callable[[Encoding, AudioRing], Awaitable[None]], brain: Brain) -> list[Fact]:
    async def main() -> list[Fact]:
        ring, facts = AudioRing(), list[Fact]()
        encoding = Encoding(ring, brain, lambda: Prompt(()), facts.append, EncoderConfig(stride=0.32))
        stage = asyncio.get_running_loop().create_task(encoding.run())
        await scene(encoding, ring)
        stage.cancel()
        await asyncio.gather(stage, return_exceptions=True)
        return facts

    return simulate(main)


def think(turn: int, start: int) -> Think:
    return Think(Turn(turn), Span(Sample(start), Sample(start)))


def test_every_request_holds_the_turn_from_its_start_and_one_stride_more() -> None:
    brain = Brain()

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        await talk(ring, 0.5)
        encoding.think(think(1, 3200))
        await talk(ring, 1.0)

    facts = during(scene, brain)
    sound = np.arange(24_000, dtype=np.float32) / 1e6
    ends = [f.span.end for f in facts if isinstance(f, Listened)]
    assert ends == [3200 + 5120 * k for k in range(1, len(ends) + 1)]
    assert len(ends) == 4
    assert brain.prompts == [Prompt((Human((Audio(sound[3200:end].copy()),)),)) for end in ends]


def test_it_stops_when_told_and_follows_the_next_turn() -> None:
    brain = Brain()

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        encoding.think(think(1, 0))
        await talk(ring, 0.5)
        encoding.stop(StopThinking(Turn(1)))
        await talk(ring, 1.0)
        encoding.think(think(2, 16_000))
        await talk(ring, 0.5)

    facts = [f for f in during(scene, brain) if isinstance(f, Listened)]
    assert [(f.span.start, f.span.end) for f in facts] == [
        (0, 5120),
        (16_000, 21_120),
        (16_000, 26_240),
        (16_000, 31_360),
    ]


def test_stopping_another_turn_changes_nothing() -> None:
    brain = Brain()

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        encoding.think(think(2, 0))
        encoding.stop(StopThinking(Turn(1)))
        await talk(ring, 0.7)

    assert len(during(scene, brain)) == 2


def test_a_slow_engine_is_given_all_that_came_meanwhile_at_once() -> None:
    brain = Brain(seconds=0.5)

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        encoding.think(think(1, 0))
        await talk(ring, 2.0)

    ends = [f.span.end for f in during(scene, brain) if isinstance(f, Listened)]
    assert ends == [5120, 10_240, 20_480]


def test_a_failing_engine_is_a_fact_and_the_stage_lives_on() -> None:
    brain = Brain(broken=True)

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        encoding.think(think(1, 0))
        await talk(ring, 0.5)
        brain.broken = False
        encoding.think(think(2, 8000))
        await talk(ring, 0.5)

    facts = during(scene, brain)
    assert facts[0] == StageFailed("encoder", "out of memory")
    assert isinstance(facts[1], Listened)


def test_a_stride_below_one_position_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.08"):
        EncoderConfig(stride=0.05)


def test_sound_without_end_is_not_read_over_and_over() -> None:
    brain = Brain()

    async def scene(encoding: Encoding, ring: AudioRing) -> None:
        encoding.think(think(1, 0))
        await talk(ring, 70.0)

    ends = [f.span.end for f in during(scene, brain) if isinstance(f, Listened)]
    assert 39 * 16_000 < ends[-1] <= 40 * 16_000
