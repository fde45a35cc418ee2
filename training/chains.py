"""What the words of a sum are worth while they are still being spoken: operands, signs, certain steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .arithmetic import column_line, compute
from .numerals import ONES, TENS
from .tasks import SPOKEN_SIGN, Question

Step: TypeAlias = tuple[int, str, int]
"Left operand, sign, right operand."
_SIGNS = {word: sign for sign, word in SPOKEN_SIGN.items()}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A beginning of a spoken sum."""

    numbers: tuple[int, ...]
    signs: tuple[str, ...]
    "One fewer than the numbers, or as many when the last word is a sign."

    @property
    def complete(self) -> bool:
        """It could end here."""
        return len(self.numbers) >= 2 and len(self.signs) == len(self.numbers) - 1

    def steps(self) -> list[Step]:
        """Every step whose right operand has begun, as if nothing more came."""
        found, left = list[Step](), self.numbers[0] if self.numbers else 0
        for sign, right in zip(self.signs, self.numbers[1:], strict=False):
            found.append((left, sign, right))
            left = compute(left, sign, right)
        return found

    def certain(self) -> list[Step]:
        """Steps whose right operand is closed by the sign after it."""
        return self.steps()[: max(0, len(self.signs) - 1)]


def parse(words: Sequence[str]) -> Parsed:
    """Numbers and signs of `words`; an opening ("what is") is passed over."""
    numbers, signs, tens = list[int](), list[str](), False
    for word in words:
        if word in TENS:
            numbers.append(20 + 10 * TENS.index(word))
        elif word in ONES and tens and 0 < ONES.index(word) < 10:
            numbers[-1] += ONES.index(word)
        elif word in ONES:
            numbers.append(ONES.index(word))
        elif word in _SIGNS and len(numbers) == len(signs) + 1:
            signs.append(_SIGNS[word])
        tens = word in TENS
    return Parsed(tuple(numbers), tuple(signs))


def question_of(words: tuple[str, ...]) -> Question:
    """What is asked by `words` alone: a sum, a product, a chain, or something incomplete."""
    found = parse(words)
    if not found.complete:
        return Question("incomplete", words)
    skill = "times" if "*" in found.signs else "sum" if len(found.numbers) == 2 else "long"
    return Question(skill, words, found.numbers, found.signs)


@dataclass(slots=True)
class Ledger:
    """Steps written so far; a step that turned out to be premature is written again with all after it."""

    written: list[Step] = field(default_factory=list)

    def write(self, known: Sequence[Step]) -> list[str]:
        """The lines that are still missing for `known`."""
        at = 0
        while at < min(len(known), len(self.written)) and known[at] == self.written[at]:
            at += 1
        if at == len(known):
            return []
        self.written = [*known]
        return [column_line(*step) for step in known[at:]]
