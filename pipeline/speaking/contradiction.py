"""How far words that were said on an unfinished thought differ from what the whole thought answers. Pure.

VERA (arXiv 2509.26542) names this as the price of speaking while thinking: the narrator says what the
reasoner did not. It is measured here on words, because a user hears words.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W_]+(?:['’.,]\w+)*", re.UNICODE)


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return [word.casefold() for word in _WORD.findall(text)]


def contradiction(said: str, meant: str) -> float:
    """Share of the words said that the whole answer does not have in this order; 0 for no words.

    ``meant`` may go on after what was said: an answer that is not finished contradicts nothing.
    """
    spoken = words(said)
    if not spoken:
        return 0.0
    matcher = SequenceMatcher(None, spoken, words(meant), autojunk=False)
    return 1.0 - sum(block.size for block in matcher.get_matching_blocks()) / len(spoken)


def rest_of(said: str, meant: str) -> str | None:
    """What follows in the answer after the words said; None where it does not begin with them."""
    if not meant.startswith(said):
        return None
    rest = meant[len(said) :]
    whole = _WORD.match(meant, _last_word(said)) if said else None
    return None if whole is not None and whole.end() > len(said) else rest


def _last_word(text: str) -> int:
    """Where the last word of a text begins."""
    return max((word.start() for word in _WORD.finditer(text)), default=len(text))


_NUMBERS = frozenset(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
     "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
     "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand"]
)  # fmt: skip


_SIGNS = frozenset(["plus", "minus", "times", "is", ""])
"""What may follow a lone *one* that is a number; the empty word stands for the end."""


def conflicts(said: str, meant: str, *, asked: str = "") -> bool:
    """True when a number was said that the whole answer does not have: that must be taken back aloud.

    A number is a run of digits or English number words and counts as a whole: *ninety one* is not *ninety
    five*, although the answer may have a *thirty one*. Those of the question, ``asked``, may be said in any
    case. The last run of ``said`` may go on in the answer. Other wording may differ without being wrong; a
    lone *one* before another word is more often a pronoun than a number.
    """
    told = _numbers(said)
    known = [*_numbers(meant), *_numbers(asked)]
    for place, number in enumerate(told):
        open_end = place == len(told) - 1 and words(said)[-1:] == [number[-1]]
        if not any(number == each or (open_end and each[: len(number)] == number) for each in known):
            return True
    return False


def _numbers(text: str) -> list[tuple[str, ...]]:
    """Maximal runs of number words, and digits, in order."""
    runs: list[tuple[str, ...]] = []
    run: tuple[str, ...] = ()
    for word in [*words(text), ""]:
        if word in _NUMBERS or word[:1].isdigit():
            run += (word,)
        elif run:
            if run != ("one",) or word in _SIGNS:
                runs.append(run)
            run = ()
    return runs
