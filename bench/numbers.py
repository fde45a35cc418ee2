"""Whole numbers as English words and back, and sums to ask.

The harness's own: it must share no code with what it measures.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUE = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * place for place, word in enumerate(_TENS, 2)
}


def spell(number: int) -> str:
    """The words of 0 to 999: 247 is "two hundred forty seven". Raises ValueError beyond."""
    if not 0 <= number < 1000:
        raise ValueError(f"only 0 to 999 can be spelled, not {number}")
    if number >= 100:
        rest = f" {spell(number % 100)}" if number % 100 else ""
        return f"{_SMALL[number // 100]} hundred{rest}"
    if number < 20:
        return _SMALL[number]
    rest = f" {_SMALL[number % 10]}" if number % 10 else ""
    return _TENS[number // 10 - 2] + rest


def read(words: Iterable[str]) -> list[int]:
    """The numbers in a row of words, in order, each as long as it can be; other words part them.

    "forty seven plus eight" gives 47 and 8, "seven forty" 7 and 40, "a hundred and five" 105.
    """
    found: list[int] = []
    room = 0  # a value below this may still be added to the last number
    before = ""
    for word in (word.lower().strip(".,!?") for word in words):
        value = _VALUE.get(word)
        if value is not None:
            if 0 < value < room:
                found[-1] += value
            else:
                found.append(value)
            room = 10 if value >= 20 else 0
        elif word == "hundred":
            if 0 < _VALUE.get(before, 0) < 10:
                found[-1] *= 100
            else:
                found.append(100)
            room = 100
        elif not (word == "and" and before == "hundred"):
            room = 0
        before = word
    return found


@dataclass(frozen=True, slots=True)
class Sum:
    """A spoken question with one number for an answer."""

    words: tuple[str, ...]
    answer: int

    @property
    def text(self) -> str:
        return " ".join(self.words)


_OPENINGS = ("what is", "how much is", "calculate", "tell me")


def sums(seed: int) -> Iterator[Sum]:
    """Endless two-operand questions with operands and answers of 0 to 99; equal seeds give equal ones."""
    draw = random.Random(f"sums {seed}")
    while True:
        left, right = draw.randint(2, 97), draw.randint(2, 97)
        sign = draw.choice(("plus", "minus"))
        answer = left + right if sign == "plus" else left - right
        if 0 <= answer < 100:
            words = f"{draw.choice(_OPENINGS)} {spell(left)} {sign} {spell(right)}".split()
            yield Sum(tuple(words), answer)
