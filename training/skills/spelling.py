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
        "apple arm baby bag ball banana basket beach bear bed bird boat book bottle bowl box boy bread "
        "bridge brother bus button cake camera candle car cat chair cherry city clock cloud coat coffee "
        "corner cow cup dance desk dinner doctor dog door dream dress drum duck ear egg engine eye face "
        "family farm finger fish flag flower fork forest fox friend fruit garden ghost girl glass goat gold "
        "grape grass hammer hand hat heart hill honey horse house island jacket juice key king kitchen kite "
        "knife lake lamp leaf lemon letter lion market milk mirror money monkey moon mother mountain mouse "
        "music neck needle nest night nose ocean onion orange paper park peach pear pencil pepper piano "
        "picture pillow planet plant plate pocket potato queen rabbit radio rain ribbon ring river road "
        "robot rose salt school sheep ship shirt shoe silver sister snow soap spoon spring star station "
        "stone storm street sugar summer sun table teacher tiger tomato train tree turtle village violin "
        "water whale window winter yellow zebra "
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
