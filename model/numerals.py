"""English number words for -999 to 999, as spoken in the United States, and what they are worth."""

from collections.abc import Sequence

ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
HUNDRED = "hundred"
NUMBER_WORDS = frozenset((*ONES, *TENS, HUNDRED))


def spell(number: int) -> list[str]:
    """Lower-case words: 108 is "one hundred eight", -5 "minus five". ValueError beyond 999."""
    if not -1000 < number < 1000:
        raise ValueError(f"only numbers up to 999 can be spelled, not {number}")
    if number < 0:
        return ["minus", *spell(-number)]
    if number >= 100:
        return [ONES[number // 100], HUNDRED, *(spell(number % 100) if number % 100 else [])]
    if number < 20:
        return [ONES[number]]
    return [TENS[number // 10 - 2], *([ONES[number % 10]] if number % 10 else [])]


def numbers_of(words: Sequence[str]) -> list[int]:
    """Every number in `words`, in order; two that follow each other are one only where English says so."""
    found, room = list[int](), 0
    for word in words:
        if word in TENS:
            _add(found, 20 + 10 * TENS.index(word), room)
            room = 10
        elif word in ONES:
            size = ONES.index(word)
            _add(found, size, room if size else 0)
            room = -1 if 0 < size < 10 else 0
        elif word == HUNDRED and room == -1 and found[-1] < 10:
            found[-1] *= 100
            room = 100
        else:
            room = 0
    return found


def in_digits(words: Sequence[str], least: int) -> list[str]:
    """The same words, with every number from `least` on in digits: "two plus 23"."""
    out, at = list[str](), 0
    while at < len(words):
        size = next((n for n in range(4, 0, -1) if tuple(words[at : at + n]) in _SPELLED), 0)
        number = _SPELLED.get(tuple(words[at : at + size]), -1)
        out += [str(number)] if number >= least else words[at : at + max(1, size)]
        at += max(1, size)
    return out


def _add(found: list[int], size: int, room: int) -> None:
    """To the number before it, where less than `room` is free there; else a number of its own."""
    if size < room:
        found[-1] += size
    else:
        found.append(size)


_SPELLED = {tuple(spell(number)): number for number in range(1000)}
