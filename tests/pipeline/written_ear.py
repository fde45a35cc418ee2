"""A recogniser that reads the words off the sound's level, for tests: ``from written_ear import sound``."""

from __future__ import annotations

import numpy as np

from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, EarFacts, Pcm, SpokenWord, Transcript
from pipeline.prompt import Audio

WORDS = ("", "what", "is", "four", "plus", "nine", "the", "lights", "on")
"""A stretch of 0.32 s at level n / 100 is the n-th of these."""
PER_WORD = round(0.32 * CAPTURE_RATE)


def sound(text: str) -> Pcm:
    """A sentence of these words as sound."""
    levels = [WORDS.index(word) / 100 for word in text.split()]
    return np.repeat(np.array(levels, np.float32), PER_WORD)


class WrittenEar:
    """ports.Recogniser. ``asked`` keeps what was asked for: seconds, and whether it was final."""

    def __init__(self, *, streams: bool = True, fails: bool = False) -> None:
        self._streams, self._fails = streams, fails
        self.asked: list[tuple[float, bool]] = []
        self.told_of: list[tuple[str, ...]] = []
        self.closed = False

    def facts(self) -> EarFacts:
        return EarFacts("written ear", self._streams)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        self.asked.append((audio.seconds, final))
        if self._fails:
            raise ModelError("the ear is deaf")
        stretches = [audio.pcm[at : at + PER_WORD] for at in range(0, len(audio.pcm), PER_WORD)]
        heard = [WORDS[round(float(np.median(part)) * 100)] for part in stretches]
        words = tuple(
            SpokenWord(word, place * 0.32, place * 0.32 + 0.32) for place, word in enumerate(heard) if word
        )
        return Transcript(" ".join(word.text for word in words), words, final)

    def told(self, pcm: Pcm, words: tuple[SpokenWord, ...]) -> str:
        self.told_of.append(tuple(word.text for word in words))
        return f"(voice: {len(pcm) / CAPTURE_RATE:.2f} s)"

    def close(self) -> None:
        self.closed = True


class Says(WrittenEar):
    """Hears the same in every sound: what a server may send for words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        return Transcript(self.text, (), final)
