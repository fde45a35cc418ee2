"""How others write the words of a closed language: a transcript becomes lines of it, a line a sentence.

A recogniser writes *23 + 5* or *to* where the brain's heard line has *twenty three plus five* or *two*. What
it may have meant is several lines; which of them was said, those decide who heard it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice, product

from .numerals import ONES, spell

MOST = 8
"""Lines that one transcript can be."""
SOUNDS = frozenset(("beep", "bell", "clap", "knock"))
"""In a heard line: something that sounded, and not a word."""

_TOKEN = re.compile(r"\d+(?=(?:st|nd|rd|th)?\b)|[a-z]+(?:'[a-z]+)?|[+\-−*×=]")
_ALIKE = {
    "to": "two", "too": "two", "for": "four", "won": "one", "ate": "eight", "oh": "zero", "o": "zero",
    "+": "plus", "-": "minus", "−": "minus", "*": "times", "×": "times", "x": "times", "by": "times",
}  # fmt: skip
"""Sounds like, or is the sign of."""
_ASKING = frozenset(
    ("what", "what's", "how", "which", "who", "is", "are", "do", "does", "did", "can", "am", "was", "when")
)
_DIGITS = frozenset(ONES[:10])


def lines(transcript: str, known: Collection[str]) -> list[str]:
    """What the transcript can be in words that are ``known``, likeliest first; none where a word is not."""
    choices = list[list[str]]()
    for token in _TOKEN.findall(transcript.lower().replace("’", "'")):
        if token == "=":
            continue
        choices.append([each for each in _meant(token) if all(word in known for word in each.split())])
    if not choices or not all(choices):
        return []
    return list(dict.fromkeys(" ".join(each) for each in islice(product(*choices), MOST)))


def _meant(token: str) -> list[str]:
    """A token as words: as it stands, as digits in a row, as what sounds like it."""
    if token.isdecimal():
        number = [" ".join(spell(int(token)))] if len(token) < 4 else []
        return number + ([" ".join(ONES[int(digit)] for digit in token)] if len(token) > 1 else [])
    return [token, *([_ALIKE[token]] if token in _ALIKE else [])]


def sentences(line: str) -> list[str]:
    """The ways in which a recogniser would write a heard line; none where it holds no word."""
    words = [word for word in line.split() if word not in SOUNDS]
    if not words:
        return []
    mark = "?" if words[0] in _ASKING else "."
    written = ["I" if word == "i" else word for word in words]
    written[0] = written[0].capitalize()
    plain = " ".join(written) + mark
    listed = written[0]
    for before, word, shown in zip(words, words[1:], written[1:], strict=False):
        listed += (", " if before in _DIGITS and word in _DIGITS else " ") + shown
    return list(dict.fromkeys((plain, listed + mark)))
