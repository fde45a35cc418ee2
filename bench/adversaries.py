"""Agents that play to the figures: a harness is worth believing when each of them scores badly somewhere.

Sources of playout without a session, like ``nulls``. They are told by the script where the user's speech lies
(never a real agent's privilege), so that each plays its trick perfectly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm, PlayoutSource

from .labels import Kind
from .score_scene import FLOOR
from .script import Placed, Script

EARLY = 0.150
"""Seconds before the user's end at which the clamp-gamer begins: a score that clamps at 0 would praise it."""
HMM = (0.05, 0.25)
"""When the filler's sound begins after the user's end, and how long it lasts."""
CONTENT = 2.5
"""Seconds after the user's end at which the filler has something to say."""
REFUSAL = "I am sorry, I cannot help with that."
BLIP = 0.033
"""Seconds of the sound with which the blipper claims to have answered."""
REACTION = 0.150
"""Seconds from the user's onset to the silence of an agent that gives way."""
FLINCH = 0.6
"""Seconds for which the flinching agent falls silent at whatever it hears."""
PROMPT = 0.3
"""Seconds after which a mannered agent answers, and for how long it then speaks."""
SPEECH = 2.5


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


def blip(placed: Placed) -> Sequence[tuple[int, Pcm]]:
    """A click of the tongue at once, and nothing after it."""
    return [(_out(placed.end) + round(HMM[0] * PLAYOUT_RATE), babble(BLIP))]


Manners = Callable[[Kind], float]
"""For how many seconds an agent falls silent when it hears something of a kind; infinite: for good."""


class Mannered:
    """Answers what wants an answer, soon and at length, and gives way as its manners say."""

    def __init__(self, script: Script, manners: Manners) -> None:
        self._script, self._manners = script, manners
        self._seen = 0
        self._spoken: list[tuple[int, int]] = []
        self._at = 0

    def pull(self, count: int) -> Pcm:
        """Exactly ``count`` samples at PLAYOUT_RATE."""
        for placed in self._script.placed[self._seen :]:
            self._hear(placed)
            self._seen += 1
        out = np.zeros(count, np.float32)
        for start, end in self._spoken:
            low, high = max(start, self._at), min(end, self._at + count)
            if low < high:
                out[low - self._at : high - self._at] = _babble(np.arange(low, high))
        self._at += count
        self._spoken = [(start, end) for start, end in self._spoken if end > self._at]
        return out

    def _hear(self, placed: Placed) -> None:
        silent = _out(placed.start) + round(REACTION * PLAYOUT_RATE)
        seconds = self._manners(placed.stimulus.kind)
        if seconds:
            back = silent + seconds * PLAYOUT_RATE
            kept = [(start, min(end, silent)) for start, end in self._spoken]
            kept += [(int(max(start, back)), end) for start, end in self._spoken if end > back]
            self._spoken = [(start, end) for start, end in kept if start < end]
        if placed.stimulus.reply:
            start = _out(placed.end) + round(PROMPT * PLAYOUT_RATE)
            self._spoken.append((start, start + round(SPEECH * PLAYOUT_RATE)))


def honest(kind: Kind) -> float:
    """Gives way for good to who takes the floor, and to nothing else."""
    return math.inf if kind in FLOOR else 0.0


def flinching(kind: Kind) -> float:
    """Gives way for good to who takes the floor, and for a moment to whatever else sounds."""
    return math.inf if kind in FLOOR else FLINCH


def deaf(kind: Kind) -> float:
    """Gives way to nobody."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Adversary:
    """One of them, and where it must be caught."""

    name: str
    make: Callable[[Script], PlayoutSource]
    caught: str
    "The figure that shows it."


ADVERSARIES = (
    Adversary("always talking", lambda script: AlwaysTalking(), "missed replies, yield rate, overlap"),
    Adversary(
        "talking in sentences", lambda script: AlwaysTalking(2.0, 0.4), "cut-ins, selectivity, false holds"
    ),
    Adversary("never talking", lambda script: NeverTalking(), "missed replies"),
    Adversary("filler", lambda script: Trickster(script, filler), "time to the reply's body"),
    Adversary("clamp gaming", lambda script: Trickster(script, clamp_gaming), "cut-ins, overlap"),
    Adversary(
        "always refusing", lambda script: Trickster(script, refusing(babble(1.6))),
        "right answers; replies where none is due",
    ),
    Adversary("blip", lambda script: Trickster(script, blip), "takeover, time to the reply's body, blips"),
    Adversary("flinching", lambda script: Mannered(script, flinching), "selectivity, false holds, penalty"),
    Adversary("never yielding", lambda script: Mannered(script, deaf), "yield rate, stops censored, penalty"),
)  # fmt: skip


def babble(seconds: float) -> Pcm:
    """Sound that is loud from its first sample to its last, at PLAYOUT_RATE."""
    return _babble(np.arange(round(seconds * PLAYOUT_RATE)))


def _babble(places: np.ndarray) -> Pcm:
    tone = np.cos(2 * np.pi * 220.0 * places / PLAYOUT_RATE)
    return np.asarray(0.2 * tone, np.float32)


def _out(capture: int) -> int:
    return capture * PLAYOUT_RATE // CAPTURE_RATE
