"""Spelling over a closed list of words: `spell`, `spell backwards` as `unspell`, `letters` (how many).

Every word of the list is trained in each of them: its letters are a fact to know. None is held out, and a
test meets it in other voices alone.
"""
# ruff: noqa: SIM905 - word lists read better as text

import random
from dataclasses import dataclass

from .drawing import said
from .question import Measured, Past, Question, Skill

WORDS = tuple(
    (
        "apple baby banana bear book bottle box bridge bus camera candle cat chair city clock coffee cow "
        "doctor dog door drum duck engine family finger fish flower flute garden goat grape guitar horse "
        "house kitchen lemon lion market mirror money monkey moon music orange paper pear pencil piano "
        "planet plum potato queen rabbit river robot snow summer table tiger train trumpet violin water "
        "window winter yellow zebra "
    ).split()
)
ASKED = {
    "spell": ("spell {}", "spell {}", "how do you spell {}", "can you spell {}", "spell the word {}",
              "please spell {}"),
    "unspell": ("spell {} backwards", "spell the word {} backwards", "how do you spell {} backwards"),
    "letters": ("how many letters are in {}", "how many letters does {} have", "count the letters in {}",
                "how long is the word {}"),
}  # fmt: skip
SPOKEN = (*WORDS, *(way.replace("{}", "") for ways in ASKED.values() for way in ways))
REPLIES = ("It has letters.",)
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
MARKS = (*ALPHABET, *ALPHABET.upper(), *(f", {letter}" for letter in ALPHABET.upper()))


def numbered(word: str) -> str:
    """ "1c, 2a, 3t"."""
    return ", ".join(f"{at}{letter}" for at, letter in enumerate(word, 1))


def turned(word: str) -> str:
    """ "3t, 2a, 1c"."""
    return ", ".join(reversed(numbered(word).split(", ")))


def recited(word: str) -> str:
    """ "C, A, T." """
    return ", ".join(word.upper()) + "."


@dataclass(frozen=True, slots=True)
class Spelling:
    """`facts`: the word."""

    name: str

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        word = rng.choice(WORDS)
        return Question(self.name, tuple(rng.choice(ASKED[self.name]).format(word).split()), facts=(word,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        word = question.facts[0]
        return [numbered(word), turned(word)] if self.name == "unspell" else [numbered(word)]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        word = question.facts[0]
        if self.name == "letters":
            return f"It has {said(len(word))} letters."
        return recited(word if self.name == "spell" else word[::-1])

    def held(self, question: Question, past: Past) -> str:
        return ""


SPELLINGS: tuple[Skill, ...] = tuple(Spelling(name) for name in ASKED)
