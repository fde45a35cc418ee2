"""The language of the simulated world: a few words with declared effects, as stamped sound and back.

The user speaks it, the brain hears it. It must never know who speaks when.
"""

from __future__ import annotations

import numpy as np

from pipeline.ports import CAPTURE_RATE, Pcm

from .stamp import read, stamp

PLAIN = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo",
    "lima", "mike", "november",
)  # fmt: skip
"""Words without any effect."""
LONG, MUMBLE, NOTHING, UNSURE, SLOW = "long", "mumble", "nothing", "and", "ponder"
"""A long reply · misheard: the brain asks again · no reply at all · the sentence goes on · long thought."""
FALLING = ("kilo", "lima")
"""Words of PLAIN whose tone falls as at the end of a turn, wherever they stand."""
BACKCHANNEL, STOP, COUGH = "mhm", "stop", "cough"
FETCH, ACT = "fetch", "act"
"""A tool is to look something up · to do something."""
WORDS = (*PLAIN, LONG, MUMBLE, NOTHING, UNSURE, SLOW, BACKCHANNEL, STOP, COUGH, FETCH, ACT)
SECONDS = {BACKCHANNEL: 0.35, STOP: 0.35, COUGH: 0.1}
"""How long some words last; the others last ``PACE``."""
PACE = 0.24
ECHO_FLOOR = 0.1
"""Amplitude below which sound in the microphone is not the user's voice."""


def seconds(words: tuple[str, ...]) -> float:
    """How long a sentence lasts."""
    return sum(SECONDS.get(word, PACE) for word in words)


def speech(words: tuple[str, ...]) -> Pcm:
    """A sentence as sound, float32 at CAPTURE_RATE. Neighbouring words must differ."""
    pieces = [stamp(WORDS.index(word), 0, round(SECONDS.get(word, PACE) * CAPTURE_RATE)) for word in words]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def heard(pcm: Pcm) -> tuple[str, ...]:
    """The words in a piece of sound, cut ones included."""
    marks = [mark for mark in read(pcm, floor=ECHO_FLOOR) if mark.second == 0 and mark.first < len(WORDS)]
    words: list[str] = []
    for mark in marks:
        words.append(WORDS[mark.first])
    return tuple(words)
