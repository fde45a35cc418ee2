"""What is kept out of training, and small helps for drawing and wording."""

import itertools
import random
import zlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from model.numerals import spell

T = TypeVar("T")


def held_out(*operands: int) -> bool:
    """True for a tenth of all unordered operand sets: they are for tests only."""
    return zlib.crc32(repr(sorted(operands)).encode()) % 10 == 0


def kept_out(*facts: object) -> bool:
    """True for a tenth of all (ordered) facts of a family: they are for tests only."""
    return zlib.crc32(repr(facts).encode()) % 10 == 0


def capital(words: Iterable[str]) -> str:
    """The words as the beginning of a sentence."""
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def said(number: int) -> str:
    """The words of a number."""
    return " ".join(spell(number))


def listed(rng: random.Random, count: int, least: int, most: int) -> list[int]:
    """Different numbers whose words, said one after the other, cannot be taken for fewer."""
    while True:
        found = rng.sample(range(least, most + 1), count)
        if not any(joins(a, b) for a, b in itertools.pairwise(found)):
            return found


def joins(first: int, second: int) -> bool:
    """ "twenty", "five" could be "twenty five"."""
    return first >= 20 and first % 10 == 0 and 0 < second < 10


def pick(rng: random.Random, ways: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of them."""
    return rng.choices(ways, weights)[0]
