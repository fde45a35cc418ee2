"""The same stubs that the peers' scripts have, behind our ports: the same words, the same delays.

For a comparison of runtimes only. The brain hears nothing and thinks nothing; the voice is a sine.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.errors import BugError, UserError
from pipeline.ports import PLAYOUT_RATE, BrainFacts, Compute, Limits, Piece, VoiceChunk, WordTime
from pipeline.prompt import Prompt, Reply

TEXT = "Sure thing. " + "This is a rather long answer that keeps going on for a while. " * 6
"""What the peers' stub says, to the letter."""
PER_LETTER = 0.06
"""Seconds of sound per character, as in the scripts."""
CHUNK = 0.02
STEP = 0.005
"""Seconds between chunks of CHUNK: four times as fast as real time."""
_LEVEL = 8000 / 32768


class StubBrain:
    """ports.Engine: ``first`` seconds to a generation's first word, ``per_token`` to each later one.

    A token is a word with the space after it, as in the scripts. The mark that ends a thought comes with the
    first word, because the peers' stub has no thoughts.
    """

    def __init__(self, first: float, per_token: float) -> None:
        self._first, self._per_token = first, per_token
        self._owed = 0.0

    def facts(self) -> BrainFacts:
        return BrainFacts("stub", "audio", "no", False, 1, "It says the same to everybody.")

    def prefill(self, prompt: Prompt, session: str = "") -> int:
        """Nothing to read."""
        return 0

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        """What is left of TEXT after the open reply's words. Raises BugError without an open reply."""
        reply = prompt.parts[-1] if prompt.parts else None
        if not isinstance(reply, Reply):
            raise BugError("generate needs a prompt that ends with an open Reply")
        texts, seen = tokens(TEXT.removeprefix(reply.said), thinking=reply.thinking), ""
        for number, text in enumerate(texts):
            self._owed += self._per_token if number else self._first
            seen += text
            last = number + 1 in (len(texts), limits.max_tokens) or any(stop in seen for stop in limits.stop)
            yield Piece(number, text, -0.001, last)
            if last:
                return

    def cost(self, _method: str, _result: Any) -> float:
        """Declared seconds of the work since it was last asked."""
        owed, self._owed = self._owed, 0.0
        return owed

    def close(self) -> None:
        """Holds nothing."""


class Joined:
    """ports.Compute: one brain's words and another's ears, so that an end of turn is judged by a real model.

    The peers bring their own models for that; their stubs replace only the language model and the voice.
    """

    def __init__(self, words: Compute, ears: Compute) -> None:
        self._words, self._ears = words, ears

    async def call(self, method: str, *args: Any) -> Any:
        """``facts`` are of both; what reads sound goes to the ears. UserError where they cannot judge."""
        if method != "facts":
            return await self._ears.call(method, *args)
        words, ears = await self._words.call(method), await self._ears.call(method)
        if not ears.judges:
            raise UserError(f"the brain {ears.name} has no heads that judge sound; leave out --ears")
        return replace(words, judges=ears.judges)

    def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """Words only."""
        return self._words.stream(method, *args)

    async def close(self) -> None:
        """Both."""
        await self._words.close()
        await self._ears.close()


def tokens(text: str, *, thinking: bool) -> list[str]:
    """Words with the space after them; an open thought is closed in front of the first."""
    words = re.findall(r"\S+\s*", text)
    return [f"</think>\n{words[0]}" if words else "</think>", *words[1:]] if thinking else words


class StubVoice:
    """ports.Voice: ``first`` seconds before an utterance's sound, then a sine as long as the text."""

    def __init__(self, first: float) -> None:
        self.name = "sine"
        self.rate = PLAYOUT_RATE
        self._first = first

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream the sine; the word times come with the first chunk."""
        await asyncio.sleep(self._first)
        words = tuple(
            WordTime(*word.span(), word.start() * PER_LETTER, word.end() * PER_LETTER)
            for word in re.finditer(r"\S+", text)
        )
        size = round(CHUNK * self.rate)
        for number in range(max(1, int(len(text) * PER_LETTER / CHUNK))):
            at = np.arange(number * size, (number + 1) * size) / self.rate
            sound = (_LEVEL * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
            yield VoiceChunk(sound, words if number == 0 else ())
            await asyncio.sleep(STEP)

    async def close(self) -> None:
        """Nothing to give back."""
