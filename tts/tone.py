"""A voice for tests, simulations and benchmarks: every word is a tone of its own, at times known exactly.

It is deterministic, needs no library and no thread, and costs what it is told to cost on the loop's clock.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from zlib import crc32

import numpy as np

from pipeline.ports import PLAYOUT_RATE, Pcm, VoiceChunk, WordTime

GAP = 0.04
"""Seconds of silence after every word."""
CHUNK = 0.1
"""Seconds of sound per chunk."""


def word_seconds(word: str) -> float:
    """How long this voice sounds for a word, without the gap after it."""
    return 0.1 + 0.03 * len(word)


class ToneVoice:
    """``first`` seconds pass before an utterance's first chunk, ``per_second`` per second of its sound."""

    def __init__(self, first: float = 0.0, per_second: float = 0.0, *, rate: int = PLAYOUT_RATE) -> None:
        self.name = "tone"
        self.rate = rate
        self._first = first
        self._per_second = per_second

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream the tones of a text; the word times come with the chunk in which the word begins."""
        pcm, words = self._render(text)
        if self._first:
            await asyncio.sleep(self._first)
        size = round(CHUNK * self.rate)
        for start in range(0, len(pcm), size):
            piece = pcm[start : start + size]
            if self._per_second:
                await asyncio.sleep(self._per_second * len(piece) / self.rate)
            span = (start / self.rate, (start + size) / self.rate)
            yield VoiceChunk(piece, tuple(word for word in words if span[0] <= word.begins < span[1]))

    async def close(self) -> None:
        """Nothing to give back."""

    def _render(self, text: str) -> tuple[Pcm, list[WordTime]]:
        pieces: list[Pcm] = []
        words: list[WordTime] = []
        at = 0
        for match in re.finditer(r"\S+", text):
            tone = self._tone(match.group())
            words.append(WordTime(*match.span(), at / self.rate, (at + len(tone)) / self.rate))
            pieces += [tone, np.zeros(round(GAP * self.rate), np.float32)]
            at += len(tone) + len(pieces[-1])
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32), words

    def _tone(self, word: str) -> Pcm:
        """A sine between 200 and 1400 Hz that follows from the word, with 5 ms of rise and fall."""
        count = round(word_seconds(word) * self.rate)
        pitch = 200 + crc32(word.encode()) % 1200
        steps = np.arange(count)
        edge = np.minimum(1.0, (np.minimum(steps, steps[::-1]) + 1) / (0.005 * self.rate))
        return np.asarray(0.4 * np.sin(2 * np.pi * pitch * steps / self.rate) * edge, np.float32)
