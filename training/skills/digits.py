"""Digits said again, forward and backward: `digits`, `backwards`.

Three to seven digits, a list with no word around it too. Held out by the ordered list of digits.
"""

import random
from dataclasses import dataclass

from model.numerals import ONES, spell

from .drawing import capital, kept_out
from .question import Measured, Past, Question, Skill

FORWARD = ("repeat", "say", "repeat after me", "please repeat", "repeat these digits", "say after me", "", "")
BACKWARD = ("say {} backwards", "repeat {} backwards", "what is {} backwards", "{} backwards",
            "say {} in reverse", "{} in reverse", "reverse {}", "say backwards {}")  # fmt: skip
SPOKEN = (*FORWARD, *(way.replace("{}", "") for way in BACKWARD))
REPLIES: tuple[str, ...] = ()
PLACES = "abcdefghi"
MARKS = ("digits ", *PLACES)


def indexed(digits: tuple[int, ...]) -> str:
    """ "a4, b7, c1": every digit with its place."""
    return ", ".join(f"{place}{digit}" for place, digit in zip(PLACES, digits, strict=False))


def turned(digits: tuple[int, ...]) -> str:
    """ "c1, b7, a4": the same from the end."""
    return ", ".join(reversed(indexed(digits).split(", ")))


def recited(digits: tuple[int, ...]) -> str:
    """ "Four, seven, one." """
    return capital([", ".join(ONES[digit] for digit in digits) + "."])


@dataclass(frozen=True, slots=True)
class Digits:
    """`numbers`: the digits as they were said."""

    name: str

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            digits = tuple(rng.randrange(10) for _ in range(rng.choice((3, 3, 4, 4, 5, 5, 6, 7))))
            if kept_out(*digits) == test:
                break
        said = " ".join(word for digit in digits for word in spell(digit))
        if self.name == "digits":
            return Question(self.name, (*rng.choice(FORWARD).split(), *said.split()), digits)
        return Question(self.name, tuple(rng.choice(BACKWARD).format(said).split()), digits)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        if self.name == "digits":
            return ["digits " + "".join(map(str, question.numbers))]
        return [indexed(question.numbers), turned(question.numbers)]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return recited(question.numbers if self.name == "digits" else question.numbers[::-1])

    def held(self, question: Question, past: Past) -> str:
        return ""


DIGITS: tuple[Skill, ...] = (Digits("digits"), Digits("backwards"))
