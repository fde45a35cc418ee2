"""Long questions that need thought: chains of four to six numbers, and speakers that no training ever heard.

Data drawn from seeds; nothing here makes a sound. It shares no code with the training that it tests: which
operands and voices are held out is a fact of that training, stated again here and held to it by a test.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

from .numbers import spell

OPERANDS = (4, 4, 5, 5, 6, 6)
"""How many numbers a chain has, as drawn."""
OPENINGS = ("what is", "how much is", "calculate", "tell me", "please compute", "work out")
SPOKEN = {"+": "plus", "-": "minus"}
ACCENTS = (
    "en-US", "en", "en-GB-scotland", "en-GB-x-rp", "en-GB-x-gbclan", "en-GB-x-gbcwmd", "en-US-nyc", "en-029",
)  # fmt: skip
VARIANTS = ("m6", "f4", "klatt3", "Alicia", "zac", "travis", "victor", "aunty")
"""Voices of espeak-ng that are held out of training, in every accent; en-029 is held out itself."""
HUMAN = "flite:rms"
"""A voice made from a person's recordings, held out too."""
HUMAN_SHARE = 0.15
SPEEDS = (92, 150)
"""Words a minute of espeak-ng."""
STRETCHES = (1.0, 1.7)
"""Of flite."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One question."""

    text: str
    numbers: tuple[int, ...]
    signs: tuple[str, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice and how it speaks."""

    name: str
    "``flite:rms`` or ``espeak:gmw/en-029+m6``."
    speed: int
    "Words a minute (espeak-ng)."
    pitch: int
    spread: int
    stretch: float
    "Above 1 is slower (flite)."


def held_out(*operands: int) -> bool:
    """True for the tenth of all operand sets that no training question has."""
    return zlib.crc32(repr(sorted(operands)).encode()) % 10 == 0


def draw_chain(rng: random.Random) -> Chain:
    """Four to six numbers of 0 to 99, held out as a set; no result on the way leaves 0 to 99."""
    while True:
        numbers, signs = [rng.randint(0, 99)], list[str]()
        left = numbers[0]
        for _ in range(rng.choice(OPERANDS) - 1):
            number = rng.randint(0, 20) if rng.random() < 0.6 else rng.randint(0, 99)
            ways = [(sign, after) for sign, after in (("+", left + number), ("-", left - number))
                    if 0 <= after < 100]  # fmt: skip
            if not ways:
                break
            sign, left = rng.choice(ways)
            numbers.append(number)
            signs.append(sign)
        else:
            if held_out(*numbers):
                return Chain(
                    _worded(rng.choice(OPENINGS), numbers, signs), tuple(numbers), tuple(signs), left
                )


def draw_speaker(rng: random.Random) -> Speaker:
    """One of the held-out voices."""
    human = rng.random() < HUMAN_SHARE
    name = HUMAN if human else f"espeak:gmw/{rng.choice(ACCENTS)}+{rng.choice(VARIANTS)}"
    return Speaker(
        name, rng.randint(*SPEEDS), rng.randint(0, 99), rng.randint(10, 90), round(rng.uniform(*STRETCHES), 3)
    )


def _worded(opening: str, numbers: list[int], signs: list[str]) -> str:
    words = [opening, spell(numbers[0])]
    for sign, number in zip(signs, numbers[1:], strict=True):
        words += [SPOKEN[sign], spell(number)]
    return " ".join(words)
