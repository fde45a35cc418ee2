"""A voice whose sound says which word of which utterance it is, at a declared cost, failing when told to.

It must never use a thread or a clock other than the loop's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.clock import now
from pipeline.errors import VoiceError
from pipeline.ports import PLAYOUT_RATE, Pcm, VoiceChunk, WordTime

from .stamp import NUMBERS, stamp

GAP = 0.04
"""Seconds of silence after every word."""
CHUNK = 0.1
"""Seconds of sound per chunk."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One phrase as the voice was asked to speak it."""

    serial: int
    "Counted from 0 within the session."
    at: float
    "When the voice was asked."
    text: str
    words: tuple[str, ...]
    lengths: tuple[int, ...]
    "Playout samples of each word's sound."


class StampedVoice:
    """Every word is a stamp of (utterance, word), both modulo NUMBERS."""

    name = "stamped"
    rate = PLAYOUT_RATE

    def __init__(
        self,
        *,
        first: float = 0.03,
        per_second: float = 0.05,
        rush: float = 1.0,
        fails: Mapping[int, str] | None = None,
    ) -> None:
        """``first`` seconds to a first chunk, ``per_second`` for each second of sound; ``rush``: how many
        times as fast its words are spoken.

        ``fails`` maps the number of a call to what goes wrong in it: ``start``, ``middle``,
        ``hang``, or ``mute``: it ends without any sound.
        """
        self.utterances: list[Utterance] = []
        self._first = first
        self._per_second = per_second
        self._rush = rush
        self._fails = dict(fails or {})

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream one phrase; word times come with the chunk in which the word begins."""
        serial = len(self.utterances)
        pcm, words = _render(text, serial, self._rush)
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        lengths = tuple(round((word.ends - word.begins) * self.rate) for word in words)
        texts = tuple(text[start:end] for start, end in spans)
        self.utterances.append(Utterance(serial, now(), text, texts, lengths))
        failure = self._fails.get(serial)
        await asyncio.sleep(self._first)
        if failure == "hang":
            await asyncio.sleep(60)
        if failure == "mute":
            return
        size = round(CHUNK * self.rate)
        for start in range(0, len(pcm), size):
            if failure == "start" or (failure == "middle" and 2 * start >= len(pcm)):
                raise VoiceError("the simulated voice broke")
            piece = pcm[start : start + size]
            await asyncio.sleep(self._per_second * len(piece) / self.rate)
            begin, end = start / self.rate, (start + size) / self.rate
            yield VoiceChunk(piece, tuple(word for word in words if begin <= word.begins < end))

    async def close(self) -> None:
        """Nothing to give back."""


def _render(text: str, serial: int, rush: float) -> tuple[Pcm, list[WordTime]]:
    pieces: list[Pcm] = []
    words: list[WordTime] = []
    at = 0
    for index, match in enumerate(re.finditer(r"\S+", text)):
        count = round((0.1 + 0.03 * len(match.group())) / rush * PLAYOUT_RATE)
        gap = np.zeros(round(GAP * PLAYOUT_RATE), np.float32)
        pieces += [stamp(serial % NUMBERS, index % NUMBERS, count), gap]
        words.append(WordTime(*match.span(), at / PLAYOUT_RATE, (at + count) / PLAYOUT_RATE))
        at += count + len(pieces[-1])
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32), words
