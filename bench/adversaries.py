"""Agents that play to the figures: a harness is worth believing when each of them scores badly somewhere.

Sources of playout without a session, like ``nulls``. They are told by the script where the user's speech lies
(never a real agent's privilege), so that each plays its trick perfectly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm, PlayoutSource

from .script import Placed, Script

EARLY = 0.150
"""Seconds before the user's end at which the clamp-gamer begins: a score that clamps at 0 would praise it."""
HMM = (0.05, 0.25)
"""When the filler's sound begins after the user's end, and how long it lasts."""
CONTENT = 2.5
"""Seconds after the user's end at which the filler has something to say."""
REFUSAL = "I am sorry, I cannot help with that."


class Trick(Protocol):
    """Where an adversary's sounds begin for one thing that the user says."""

    def __call__(self, placed: Placed) -> Sequence[tuple[int, Pcm]]:
        """Positions at PLAYOUT_RATE and the sound from there."""
        ...


class Trickster:
    """A playout source that sounds its trick for every stimulus."""

    def __init__(self, script: Script, trick: Trick) -> None:
        self._script, self._trick = script, trick
        self._seen = 0
        self._sounds: list[tuple[int, Pcm]] = []
        self._at = 0

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE."""
        out = np.zeros(count, np.float32)
        for placed in self._script.placed[self._seen :]:
            self._sounds += self._trick(placed)
            self._seen += 1
        for begin, sound in self._sounds:
            start = begin - self._at
            low, high = max(start, 0), min(start + len(sound), count)
            if low < high:
                out[low:high] = sound[low - start : high - start]
        self._at += count
        self._sounds = [(begin, sound) for begin, sound in self._sounds if begin + len(sound) > self._at]
        return out


class AlwaysTalking:
    """Never stops: sentences of ``sentence`` seconds with ``breath`` seconds between them; 0: none at all."""

    def __init__(self, sentence: float = 2.0, breath: float = 0.0) -> None:
        self._sentence, self._breath = round(sentence * PLAYOUT_RATE), round(breath * PLAYOUT_RATE)
        self._at = 0

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE."""
        places = np.arange(self._at, self._at + count)
        self._at += count
        speaking = places % (self._sentence + self._breath) < self._sentence
        return np.where(speaking, _babble(places), 0.0).astype(np.float32)


class NeverTalking:
    """Says nothing, ever."""

    def pull(self, count: int) -> Pcm:
        """Silence, ``count`` samples."""
        return np.zeros(count, np.float32)


def filler(placed: Placed) -> Sequence[tuple[int, Pcm]]:
    """An instant "hmm", and the answer much later."""
    end = _out(placed.end)
    hmm, answer = babble(HMM[1]), babble(2.0)
    return [(end + round(HMM[0] * PLAYOUT_RATE), hmm), (end + round(CONTENT * PLAYOUT_RATE), answer)]


def clamp_gaming(placed: Placed) -> Sequence[tuple[int, Pcm]]:
    """Begins before the user ends."""
    return [(_out(placed.end) - round(EARLY * PLAYOUT_RATE), babble(1.5))]


def refusing(speech: Pcm, after: float = 0.3) -> Trick:
    """Says the same at once to whatever it is told, asked or not; ``speech`` at PLAYOUT_RATE."""

    def trick(placed: Placed) -> Sequence[tuple[int, Pcm]]:
        return [(_out(placed.end) + round(after * PLAYOUT_RATE), speech)]

    return trick


@dataclass(frozen=True, slots=True)
class Adversary:
    """One of them, and where it must be caught."""

    name: str
    make: Callable[[Script], PlayoutSource]
    caught: str
    "The figure that shows it."


ADVERSARIES = (
    Adversary("always talking", lambda script: AlwaysTalking(), "missed replies, overlap, stops censored"),
    Adversary("talking in sentences", lambda script: AlwaysTalking(2.0, 0.4), "cut-ins, overlap"),
    Adversary("never talking", lambda script: NeverTalking(), "missed replies"),
    Adversary("filler", lambda script: Trickster(script, filler), "time to the reply's body"),
    Adversary("clamp gaming", lambda script: Trickster(script, clamp_gaming), "cut-ins, overlap"),
    Adversary(
        "always refusing", lambda script: Trickster(script, refusing(babble(1.6))),
        "right answers; replies where none is due",
    ),
)  # fmt: skip


def babble(seconds: float) -> Pcm:
    """Sound that is loud from its first sample to its last, at PLAYOUT_RATE."""
    return _babble(np.arange(round(seconds * PLAYOUT_RATE)))


def _babble(places: np.ndarray) -> Pcm:
    tone = np.cos(2 * np.pi * 220.0 * places / PLAYOUT_RATE)
    return np.asarray(0.2 * tone, np.float32)


def _out(capture: int) -> int:
    return capture * PLAYOUT_RATE // CAPTURE_RATE
