"""How others write the words of a closed language: a transcript becomes lines of it, a line a sentence.

A recogniser writes *23 + 5* or *to* where the brain's heard line has *twenty three plus five* or *two*. What
it may have meant is several lines; which of them was said, those decide who heard it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice, product

from .numerals import ONES, in_digits, spell
from .shapes import EVENTS

MOST = 8
"""Lines that one transcript can be."""

_TOKEN = re.compile(r"\d+|[a-z]+(?:'[a-z]+)?|[+\-−*×=]")
_BETWEEN = re.compile(r"[\s.,;:?!\"…]*")
_OTHER_NUMBER = re.compile(r"\d[.,]\d{3}\b|\d\.\d|\d:\d")
"""Thousands, fractions, times of day: read digit by digit they would be something else."""
_ALIKE = {
    "to": "two", "too": "two", "for": "four", "won": "one", "ate": "eight", "oh": "zero", "o": "zero",
    "+": "plus", "−": "minus", "*": "times", "×": "times", "x": "times",
}  # fmt: skip
"""Sounds like, or is the sign of."""
_ASKING = frozenset(
    ("what", "what's", "how", "which", "who", "is", "are", "do", "does", "did", "can", "am", "was", "when")
)
_DIGITS = frozenset(ONES[:10])
NAMES = frozenset(
    (
        *("i", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("january", "february", "march", "april", "may", "june", "july"),
        *("august", "september", "october", "november", "december"),
        *("anna", "ben", "carl", "dora", "emma", "fred", "gina", "hugo"),
    )
)
"""Words that are written with a capital letter."""


def lines(transcript: str, known: Collection[str]) -> list[str]:
    """What the transcript can be in words that are ``known``, likeliest first; none where a word is not."""
    text = transcript.lower().replace("’", "'")
    if _OTHER_NUMBER.search(text) or not _BETWEEN.fullmatch(_TOKEN.sub(" ", text)):
        return []
    choices = list[list[str]]()
    for token in _TOKEN.findall(text):
        if token == "=":
            continue
        choices.append([each for each in _meant(token) if all(word in known for word in each.split())])
    if not choices or not all(choices):
        return []
    meant = (" ".join(filter(None, each)) for each in islice(product(*choices), MOST))
    return list(dict.fromkeys(filter(None, meant)))


def _meant(token: str) -> list[str]:
    """A token as words: as it stands, as digits in a row, as what sounds like it."""
    if token.isdecimal():
        number = [" ".join(spell(int(token)))] if len(token) < 4 else []
        return number + ([" ".join(ONES[int(digit)] for digit in token)] if len(token) > 1 else [])
    if token == "-":
        return ["minus", ""]  # also between digits that are said one by one
    return [token, *([_ALIKE[token]] if token in _ALIKE else [])]


def sentences(line: str, *, digits: bool = False) -> list[str]:
    """The ways in which a recogniser would write a heard line; none where it holds no word.

    ``digits``: it writes numbers so, if not all of them.
    """
    words = [word for word in line.split() if word not in EVENTS]
    if not words:
        return []
    forms = [words, _listed(words)]
    if digits:
        forms = [_listed(words), in_digits(words, 10), in_digits(words, 0)]
    mark = "?" if words[0] in _ASKING else "."
    return list(dict.fromkeys(_sentence(form) + mark for form in forms))


def _sentence(words: list[str]) -> str:
    shown = [word.capitalize() if word in NAMES else word for word in words]
    return " ".join([shown[0].capitalize(), *shown[1:]])


def _listed(words: list[str]) -> list[str]:
    """Digits in a row with commas between them."""
    follows = [*words[1:], ""]
    return [
        f"{word}," if word in _DIGITS and after in _DIGITS else word
        for word, after in zip(words, follows, strict=True)
    ]
