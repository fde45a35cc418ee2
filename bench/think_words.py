"""What a spoken reply claims: its answer, the numbers it repeats, whether it refused. Pure.

The harness's own reading of English numbers; it shares no code with what it measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .numbers import read

CLAIMING = frozenset({"is", "equals", "makes", "be", "are"})
"""Words after which a number is an answer."""
REFUSING = (
    "sorry", "did not catch", "only a part", "i heard", "practice brain", "ask me again", "say that again",
)  # fmt: skip
CORRECTING = "correct that"
_SIGNS = {"plus": "+", "minus": "-"}
_STOPS = ".,!?;:…"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row of heard words comes to."""

    answer: int | None
    "The last number said, where it was said to be the answer; else None."
    first: int | None
    "Index of the first word of the first answer given, right or wrong."
    last: int | None
    "Of the last one."
    refused: bool
    numbers: tuple[int, ...]
    "Repeated before the (corrected) answer."
    signs: tuple[str, ...]
    corrected: bool


def claim(words: Sequence[str]) -> Claim:
    """Read a reply, word by word as it was heard.

    A number that follows "is" (or the like) at once is an answer, and so is one that stands all alone.
    """
    text = " ".join(words).casefold()
    refused = any(mark in text for mark in REFUSING)
    found = numbers_at(words)
    answers = [at for at, _ in found if at and _bare(words[at - 1]) in CLAIMING]
    if not answers and len(found) == 1 and not any(_bare(word) in _SIGNS for word in words):
        answers = [found[0][0]]
    if refused:
        answers = []
    ended = bool(answers) and found[-1][0] == answers[-1]
    start = _corrected_from(words)
    upto = answers[-1] if answers else len(words)
    repeated = [(at, value) for at, value in found if start <= at < upto]
    signs = [_SIGNS[_bare(word)] for word in words[start:upto] if _bare(word) in _SIGNS]
    return Claim(
        found[-1][1] if ended else None,
        answers[0] if answers else None,
        answers[-1] if answers else None,
        refused,
        tuple(value for _, value in repeated),
        tuple(signs),
        CORRECTING in text,
    )


def numbers_at(words: Sequence[str]) -> list[tuple[int, int]]:
    """Every number with the index of its first word; a mark after a word ends its number."""
    found, row = list[tuple[int, int]](), list[str]()
    for at, word in enumerate(words):
        values = read([*row, word])
        if len(values) > len(read(row)):
            found.append((at, values[-1]))
        elif values:
            found[-1] = (found[-1][0], values[-1])
        row.append(word)
        if word and word[-1] in _STOPS:
            row = []
    return found


def _corrected_from(words: Sequence[str]) -> int:
    """Index of the first word after the last "correct that", or 0."""
    bare = [_bare(word) for word in words]
    pairs = [at for at in range(1, len(bare)) if bare[at - 1 : at + 1] == CORRECTING.split()]
    return pairs[-1] + 1 if pairs else 0


def _bare(word: str) -> str:
    return word.casefold().strip(_STOPS)
