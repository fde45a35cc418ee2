"""What the words of a sum are worth while they are still being spoken: operands, signs, certain steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from model.numerals import NUMBER_WORDS, numbers_of

from .arithmetic import column_line, compute
from .skills.question import Question

Step: TypeAlias = tuple[int, str, int]
"Left operand, sign, right operand."
_SIGNS = {"plus": "+", "minus": "-", "times": "*"}


def reduced(numbers: Sequence[int], signs: Sequence[str]) -> tuple[list[Step], int]:
    """Every step in the order in which its operands come, times before plus and minus, and the result.

    A last sign without an operand after it is left out.
    """
    steps = list[Step]()
    left, waiting, term = 0, "", numbers[0] if numbers else 0

    def close() -> None:
        nonlocal left
        if waiting:
            steps.append((left, waiting, term))
        left = compute(left, waiting, term) if waiting else term

    for sign, number in zip(signs, numbers[1:], strict=False):
        if sign == "*":
            steps.append((term, sign, number))
            term *= number
        else:
            close()
            waiting, term = sign, number
    close()
    return steps, left


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
        return reduced(self.numbers, self.signs)[0]

    def certain(self) -> list[Step]:
        """Steps that no later word can change: the sign after the right operand is known, and is no times
        before a plus or minus."""
        closed = len(self.signs)
        if closed == 0:
            return []
        steps = reduced(self.numbers[:closed], self.signs[: closed - 1])[0]
        waits = self.signs[-1] == "*" and bool(steps) and steps[-1][1] != "*"
        return steps[:-1] if waits else steps


def parse(words: Sequence[str]) -> Parsed:
    """Numbers and signs of `words`; an opening ("what is") is passed over."""
    numbers, signs, run = list[int](), list[str](), list[str]()
    for word in words:
        if word in NUMBER_WORDS:
            run.append(word)
            continue
        numbers += numbers_of(run)
        run = []
        if word in _SIGNS and len(numbers) == len(signs) + 1:
            signs.append(_SIGNS[word])
    return Parsed((*numbers, *numbers_of(run)), tuple(signs))


def question_of(words: tuple[str, ...]) -> Question:
    """What is asked by `words` alone: a sum, a product, a chain, or something incomplete."""
    found = parse(words)
    if not found.complete:
        return Question("incomplete", words)
    if len(found.numbers) > 2:
        skill = "mixed" if "*" in found.signs else "long"
    elif "*" in found.signs:
        skill = "times" if max(found.numbers) <= 12 else "product"
    else:
        skill = "hundreds" if max(found.numbers) > 99 else "sum"
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
