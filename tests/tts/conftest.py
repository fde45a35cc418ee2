"""A stage under test between a script of orders and a sink that pulls 20 ms blocks on the loop's clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from pipeline.channel import Channel
from pipeline.clock import now
from pipeline.ports import PLAYOUT_RATE, Pcm, Phrase, Voice, VoiceChunk, WordTime
from tts.playout import Playout
from tts.speaking import Speaking, SpeakingConfig
from tts.tone import ToneVoice

BLOCK = PLAYOUT_RATE // 50
SCALE = float(1 << 23)


class NoResampler:
    """Fails the test: the voices here speak at the playout rate."""

    def __init__(self, source: int, output: int) -> None:
        raise AssertionError(f"nothing was to be resampled from {source} to {output}")


class CountingVoice:
    """Every sample says which draft and which position of the reply it is; a word lasts 0.2 s.

    The phrase's first word is ``draft/position``. Samples are exact in float32; draft < 32, position < 2**18.
    """

    name = "counting"
    rate = PLAYOUT_RATE

    def __init__(self, *, first: float = 0.0, per_second: float = 0.0, words: bool = True) -> None:
        self.first, self.per_second, self.words = first, per_second, words
        self.spoken: list[str] = []
        self.aborted: list[tuple[float, str]] = []

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        self.spoken.append(text)
        head = text.split()[0]
        draft, base = map(int, head.split("/"))
        at, times = 0, []
        for index, word in enumerate(text.split(" ")):
            times.append(WordTime(at, at + len(word), index * 0.2, (index + 1) * 0.2))
            at += len(word) + 1
        values = (draft << 18) + base + np.arange(round(0.2 * self.rate * len(times)))
        pcm = (values / SCALE).astype(np.float32)
        size = PLAYOUT_RATE // 10
        try:
            if self.first:
                await asyncio.sleep(self.first)
            for start in range(0, len(pcm), size):
                if self.per_second:
                    await asyncio.sleep(self.per_second * size / self.rate)
                yield VoiceChunk(pcm[start : start + size], tuple(times) if start == 0 and self.words else ())
        except (asyncio.CancelledError, GeneratorExit):
            self.aborted.append((now(), text))
            raise

    async def close(self) -> None:
        pass


def decode(pcm: Pcm) -> list[tuple[int, int]]:
    """(draft, position) of every sample that is not silence."""
    values = np.rint(pcm[pcm != 0].astype(np.float64) * SCALE).astype(np.int64)
    return [(int(value >> 18), int(value & (1 << 18) - 1)) for value in values]


class Rig:
    """One speaking stage; everything that happened, with the moment at which it did."""

    def __init__(
        self, voice: Voice | None = None, config: SpeakingConfig | None = None, **options: Any
    ) -> None:
        self.phrases: Channel[Phrase] = Channel(options.pop("size", 64))
        self.playout = Playout()
        self.facts: list[tuple[float, Any]] = []
        self.observed: list[Any] = []
        self.blocks: list[tuple[float, Pcm]] = []
        self.speaking = Speaking(
            voice or ToneVoice(),
            self.phrases,
            self.playout,
            lambda fact: self.facts.append((now(), fact)),
            self.observed.append,
            config or SpeakingConfig(),
            resampler=options.pop("resampler", NoResampler),
        )
        self.pulling = True

    def say(self, turn: int, draft: int, *texts: str, final: bool = True) -> None:
        for number, text in enumerate(texts):
            last = final and number == len(texts) - 1
            self.phrases.put_now(Phrase(turn, draft, number, text, final=last))

    async def play(self, script: Callable[[], Awaitable[None]]) -> None:
        """Run the stage and the sink while the script runs; raise what the stage raises."""
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(self.speaking.run(), name="speaking"),
            loop.create_task(self._sink(), name="sink"),
        ]
        try:
            await script()
            if tasks[0].done():
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _sink(self) -> None:
        due = now()
        while True:
            if self.pulling:
                self.blocks.append((now(), self.playout.pull(BLOCK)))
            due += BLOCK / PLAYOUT_RATE
            await asyncio.sleep(due - now())

    @property
    def sound(self) -> Pcm:
        return np.concatenate([block for _, block in self.blocks]) if self.blocks else np.zeros(0, np.float32)

    def of(self, kind: type) -> list[tuple[float, Any]]:
        return [(at, fact) for at, fact in self.facts if isinstance(fact, kind)]

    def last_sound(self) -> float:
        """When the block with the last sample that is not silence was pulled; -1 if there was none."""
        return max((at for at, block in self.blocks if np.any(block)), default=-1.0)


@pytest.fixture
def rig() -> type[Rig]:
    return Rig


@pytest.fixture
def counting() -> type[CountingVoice]:
    return CountingVoice


@pytest.fixture
def positions() -> Callable[[Pcm], list[tuple[int, int]]]:
    return decode
