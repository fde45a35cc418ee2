"""Takes the silence off the front of a phrase, which would only be waited for, and moves its words along.

It must never cut into sound: it stops a little before the first sample that could be heard.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.ports import VoiceChunk, WordTime

AUDIBLE = 0.004
"""Amplitude (-48 dBFS) from which a sample counts as sound."""


class Lead:
    """Streaming; one instance per phrase. ``keep`` seconds of the leading silence stay."""

    def __init__(self, rate: int, keep: float) -> None:
        self._rate = rate
        self._keep = round(keep * rate)
        self._kept = np.zeros(0, np.float32)
        self._words: tuple[WordTime, ...] = ()
        self._skipped = 0
        self._open = False

    def push(self, chunk: VoiceChunk) -> VoiceChunk:
        """The chunk without leading silence; empty, and without words, until sound begins."""
        if self._open:
            return self._shift(chunk)
        self._words += chunk.words
        sound = np.concatenate((self._kept, chunk.pcm))
        loud = np.flatnonzero(np.abs(sound) >= AUDIBLE)
        self._open = loud.size > 0
        onset = int(loud[0]) if self._open else len(sound)
        skip = max(0, onset - self._keep)
        self._skipped += skip
        if not self._open:
            self._kept = sound[skip:]
            return VoiceChunk(sound[:0])
        words, self._words = self._words, ()
        return self._shift(VoiceChunk(sound[skip:], words))

    def _shift(self, chunk: VoiceChunk) -> VoiceChunk:
        by = self._skipped / self._rate
        moved = tuple(
            replace(word, begins=max(0.0, word.begins - by), ends=max(0.0, word.ends - by))
            for word in chunk.words
        )
        return VoiceChunk(chunk.pcm, moved)
