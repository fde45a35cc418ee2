"""A voice for the thinking figures in virtual time: a tone per word, as long as a person takes for one.

Its words are apart by silence, so a recording alone tells when each was heard. Its cost is declared.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from functools import lru_cache

import numpy as np

from pipeline.ports import PLAYOUT_RATE, Pcm, VoiceChunk, WordTime

from .target import FIRST_SOUND, PER_SECOND

GAP = 0.04
"""Seconds of silence after every word."""
CHUNK = 0.1
"""Seconds of sound per chunk."""
HUM = 220.0
"""Hertz."""


def word_seconds(word: str) -> float:
    """Sound of one word: 0.33 s with the gap for one of five letters, as flite's rms speaks numbers."""
    return 0.14 + 0.03 * len(word.strip(".,!?"))


class HumVoice:
    """ports.Voice."""

    name = "hum, 0.33 s a word"
    rate = PLAYOUT_RATE

    def __init__(self, first: float = FIRST_SOUND, per_second: float = PER_SECOND) -> None:
        """``first`` seconds to an utterance's first chunk, ``per_second`` for each second of its sound."""
        self._first, self._per_second = first, per_second

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream one phrase; word times come with the chunk in which the word begins."""
        pcm, words = _render(text)
        await asyncio.sleep(self._first)
        size = round(CHUNK * self.rate)
        for start in range(0, len(pcm), size):
            piece = pcm[start : start + size].copy()  # the line may mark what it takes as read-only
            await asyncio.sleep(self._per_second * len(piece) / self.rate)
            begin, end = start / self.rate, (start + size) / self.rate
            yield VoiceChunk(piece, tuple(word for word in words if begin <= word.begins < end))

    async def close(self) -> None:
        """Nothing to give back."""


def _render(text: str) -> tuple[Pcm, list[WordTime]]:
    pieces, words, at = [np.zeros(0, np.float32)], list[WordTime](), 0
    for match in re.finditer(r"\S+", text):
        tone = _tone(round(word_seconds(match.group()) * PLAYOUT_RATE))
        words.append(WordTime(*match.span(), at / PLAYOUT_RATE, (at + len(tone)) / PLAYOUT_RATE))
        pieces += [tone, np.zeros(round(GAP * PLAYOUT_RATE), np.float32)]
        at += len(tone) + len(pieces[-1])
    return np.concatenate(pieces), words


@lru_cache(maxsize=64)
def _tone(count: int) -> Pcm:
    steps = np.arange(count)
    edge = np.minimum(1.0, (np.minimum(steps, steps[::-1]) + 1) / (0.005 * PLAYOUT_RATE))
    tone: Pcm = np.asarray(0.3 * np.cos(2 * np.pi * HUM * steps / PLAYOUT_RATE) * edge, np.float32)
    tone.setflags(write=False)
    return tone
