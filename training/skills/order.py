"""Which of numbers is more, and putting them in order: `compare`, `extreme`, `sort`.

Held out by unordered set of numbers. Two numbers are compared by their tens, then by their units, in writing;
of more the one that was chosen is compared with the next.
"""

import random
from dataclasses import dataclass

from .drawing import capital, held_out, listed, said
from .question import Measured, Past, Question, Skill

MORE, LESS = ("more", "larger", "bigger", "greater", "higher"), ("less", "smaller", "lower")
MOST, LEAST = ("largest", "biggest", "highest"), ("smallest", "lowest")
SPOKEN = (
    "which is which number is is than or and of",
    "which number is the what is the put in order from sort",
    *MORE,
    *LESS,
    *MOST,
    *LEAST,
)
REPLIES = ("Yes, is more than.", "No, is less than.", "is the largest of the smallest.")
MARKS = (">", "<", "yes", "no", "more ", "less ")
_SIDE = {"largest": "more", "smallest": "less"}


def compared(side: str, a: int, b: int) -> str:
    """ "more 47 38: 4>3", or with equal tens "less 47 43: 4=4, 7>3": what is asked for, digit by digit."""
    tens, units = (a // 10, b // 10), (a % 10, b % 10)
    if tens[0] != tens[1]:
        return f"{side} {a} {b}: {tens[0]}{'>' if tens[0] > tens[1] else '<'}{tens[1]}"
    return f"{side} {a} {b}: {tens[0]}={tens[1]}, {units[0]}{'>' if units[0] > units[1] else '<'}{units[1]}"


def chosen(side: str, a: int, b: int) -> int:
    """The one that is more, or less."""
    return max(a, b) if side == "more" else min(a, b)


def carried(numbers: list[int], side: str) -> list[str]:
    """A comparison for every number after the first; the one that was chosen goes on."""
    best, lines = numbers[0], list[str]()
    for number in numbers[1:]:
        lines.append(f"{compared(side, best, number)}, {chosen(side, best, number)}")
        best = chosen(side, best, number)
    return lines


def relation(a: int, b: int, more: bool) -> str:
    """The larger one first where `more`."""
    first, second = (max(a, b), min(a, b)) if more else (min(a, b), max(a, b))
    return f"{said(first)} is {'more' if more else 'less'} than {said(second)}."


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers. `facts`: "which" or "is", and "more" or "less"."""

    name: str = "compare"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            a, b = rng.sample(range(100), 2)
            if rng.random() < 0.35:
                b = a // 10 * 10 + rng.randrange(10)
            if a != b and held_out(a, b) == test:
                break
        kind, side = rng.choice(("which", "is")), rng.choice(("more", "less"))
        word = rng.choice(MORE if side == "more" else LESS)
        if kind == "which":
            opening = rng.choice(("which is", "which number is", "what is"))
            text = f"{opening} {word} {said(a)} or {said(b)}"
        else:
            text = f"is {said(a)} {word} than {said(b)}"
        return Question(self.name, tuple(text.split()), (a, b), facts=(kind, side))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        (a, b), side = question.numbers, question.facts[1]
        line = compared(side, a, b)
        if question.facts[0] == "is":
            return [f"{line}, {'yes' if (a > b) == (side == 'more') else 'no'}"]
        return [f"{line}, {chosen(side, a, b)}"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        a, b = question.numbers
        more = question.facts[1] == "more"
        if question.facts[0] == "is":
            yes = (a > b) == more
            return ("Yes, " if yes else "No, ") + _stated(a, b)
        return capital([relation(a, b, more)])

    def held(self, question: Question, past: Past) -> str:
        return ""


def _stated(a: int, b: int) -> str:
    """About `a`, as it is."""
    return f"{said(a)} is {'more' if a > b else 'less'} than {said(b)}."


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest or smallest of three or four. `facts`: "largest" or "smallest"."""

    name: str = "extreme"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        numbers = _some(rng, (3, 3, 4), test)
        side = rng.choice(("largest", "smallest"))
        word = rng.choice(MOST if side == "largest" else LEAST)
        opening = rng.choice(("which is the", "what is the", "which number is the"))
        text = f"{opening} {word} of {_enumerated(numbers)}"
        return Question(self.name, tuple(text.split()), tuple(numbers), facts=(side,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return carried(list(question.numbers), _SIDE[question.facts[0]])

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        most = question.facts[0] == "largest"
        best = max(question.numbers) if most else min(question.numbers)
        return capital([said(best), "is", "the", question.facts[0] + "."])

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Sort:
    """Three or four numbers in order. `facts`: "smallest" or "largest", which comes first."""

    name: str = "sort"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        # four are where it errs: they are practised more often than they are asked for
        numbers = _some(rng, (3, 3, 3, 4) if test else (3, 3, 4, 4), test)
        side = "smallest" if rng.random() < 0.65 else "largest"
        end = " from the " + rng.choice(LEAST if side == "smallest" else MOST)
        if side == "smallest" and rng.random() < 0.6:
            end = ""
        text = (
            f"put {_enumerated(numbers)} in order{end}"
            if rng.random() < 0.6
            else f"sort {_enumerated(numbers)}{end}"
        )
        return Question(self.name, tuple(text.split()), tuple(numbers), facts=(side,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        left, done, side = list(question.numbers), list[int](), _SIDE[question.facts[0]]
        lines = [" ".join(map(str, left))]
        while len(left) > 1:
            lines += carried(left, side)
            done.append(max(left) if side == "more" else min(left))
            left.remove(done[-1])
            lines.append(", ".join(" ".join(map(str, part)) for part in (done, left)))
        return lines

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        found = sorted(question.numbers, reverse=question.facts[0] == "largest")
        return capital([", ".join(map(said, found)) + "."])

    def held(self, question: Question, past: Past) -> str:
        return ""


def _some(rng: random.Random, counts: tuple[int, ...], test: bool) -> list[int]:
    while True:
        numbers = listed(rng, rng.choice(counts), 0, 20 if rng.random() < 0.3 else 99)
        if held_out(*numbers) == test:
            return numbers


def _enumerated(numbers: list[int]) -> str:
    return " ".join([*map(said, numbers[:-1]), "and", said(numbers[-1])])


ORDERS: tuple[Skill, ...] = (Compare(), Extreme(), Sort())
