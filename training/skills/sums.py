"""Sums, products and chains of them: `sum`, `hundreds`, `times`, `product`, `chain`, `long`, `mixed`.

Operands are held out by unordered set; in training neither a whole set nor a single column step is a held-out
one. Small tables (0..12) are facts to know, so none of them is held out. Times goes before plus and minus.
"""

import random
from dataclasses import dataclass

from model.numerals import spell
from training.arithmetic import column_line, compute
from training.chains import Step, reduced

from .drawing import capital, held_out
from .question import Measured, Past, Question, Skill

SPOKEN_SIGN = {"+": "plus", "-": "minus", "*": "times"}
OPENINGS = (
    "what is",
    "what's",
    "how much is",
    "calculate",
    "tell me",
    "please compute",
    "work out",
    "",
    "",
)
TEEN_TY = (*range(13, 20), *range(30, 100, 10))
SPOKEN = (*OPENINGS, *SPOKEN_SIGN.values())
REPLIES = ("that is",)
MARKS = ("below",)


def operand(rng: random.Random, oversample: bool) -> int:
    """Oversampling favours what is often misheard: 1 to 20, teen against ty, and "one"."""
    kind = rng.random()
    if not oversample:
        return rng.randint(0, 12) if kind < 0.4 else rng.randint(0, 99)
    if kind < 0.38:
        return rng.randint(0, 99)
    if kind < 0.68:
        return rng.randint(0, 20)
    if kind < 0.95:
        return int(rng.choice(TEEN_TY))
    return int(rng.choice((1, 21, 31, 41, 51, 61, 71, 81, 91)))


def worded(numbers: tuple[int, ...], signs: tuple[str, ...]) -> list[str]:
    """The words of a sum."""
    words = spell(numbers[0])
    for sign, number in zip(signs, numbers[1:], strict=True):
        words += [SPOKEN_SIGN[sign], *spell(number)]
    return words


def asked(skill: str, rng: random.Random, numbers: tuple[int, ...], signs: tuple[str, ...]) -> Question:
    """The question with any opening."""
    words = (*rng.choice(OPENINGS).split(), *worded(numbers, signs))
    return Question(skill, words, numbers, signs)


def steps_of(question: Question) -> list[Step]:
    """Every step in the order in which it is worked out."""
    return reduced(question.numbers, question.signs)[0]


def result_of(question: Question) -> int:
    """What it comes to."""
    return reduced(question.numbers, question.signs)[1]


def allowed(numbers: tuple[int, ...], signs: tuple[str, ...], *, test: bool, most: int = 199) -> bool:
    """Within range on the way, and trained or held out as wanted."""
    steps, _ = reduced(numbers, signs)
    if any(not 0 <= compute(*step) <= most for step in steps):
        return False
    if test:
        return held_out(*numbers)
    return not held_out(*numbers) and not any(
        held_out(a, b) for a, sign, b in steps if sign != "*" or max(a, b) > 12
    )


@dataclass(frozen=True, slots=True)
class Sums:
    """Any of these families; they differ in what is drawn alone."""

    name: str

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        """Until one is allowed."""
        while True:
            numbers, signs = _DRAWS[self.name](rng, not test)
            if self.name == "times" or _below(self.name, numbers, signs, test=test):
                break
            if allowed(numbers, signs, test=test, most=999 if self.name in ("hundreds", "product") else 199):
                break
        return asked(self.name, rng, numbers, signs)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return [column_line(*step) for step in steps_of(question)]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        end = ["is", *spell(result_of(question))]
        if len(question.numbers) > 2:
            return " ".join([self.held(question, past), "that", *end]) + "."
        return capital([*worded(question.numbers, question.signs), *end]) + "."

    def held(self, question: Question, past: Past) -> str:
        """Of a chain the restatement is sure; of two operands nothing yet."""
        return capital(worded(question.numbers, question.signs)) + "," if len(question.numbers) > 2 else ""


def _below(name: str, numbers: tuple[int, ...], signs: tuple[str, ...], *, test: bool) -> bool:
    return name == "sum" and signs == ("-",) and numbers[0] < numbers[1] and held_out(*numbers) == test


Drawn = tuple[tuple[int, ...], tuple[str, ...]]


def _sum(rng: random.Random, over: bool) -> Drawn:
    """Two operands of 0..99 with + or -; one in fifteen goes below zero."""
    a, b = operand(rng, over), operand(rng, over)
    sign = rng.choice("+-")
    if sign == "-" and a < b and rng.random() > 0.13:
        a, b = b, a
    return (a, b), (sign,)


def _hundreds(rng: random.Random, over: bool) -> Drawn:
    """An operand of three digits, another of any size; the result has at most three."""
    numbers = [rng.randint(100, 999), rng.choice((rng.randint(1, 99), rng.randint(100, 800)))]
    if rng.random() < 0.3:
        numbers.reverse()
    return (numbers[0], numbers[1]), (rng.choice("+-"),)


def _times(rng: random.Random, over: bool) -> Drawn:
    return (rng.randint(0, 12), rng.randint(0, 12)), ("*",)


def _product(rng: random.Random, over: bool) -> Drawn:
    """Two digits by one."""
    pair = [rng.randint(13, 99), rng.randint(2, 9)]
    rng.shuffle(pair)
    return (pair[0], pair[1]), ("*",)


def _chain(rng: random.Random, over: bool) -> Drawn:
    """Three operands, small ones."""
    signs = (rng.choice("+-"), rng.choice("+-"))
    return (rng.randint(0, 30), rng.randint(0, 20), rng.randint(0, 20)), signs


def _long(rng: random.Random, over: bool) -> Drawn:
    """Three to six operands of 0..99, mostly small; mostly nothing on the way leaves 0..99."""
    most = 99 if rng.random() < 0.7 else 199
    while True:
        numbers = [operand(rng, over) if rng.random() < 0.6 else rng.randint(0, 99)]
        signs, left = list[str](), numbers[0]
        for _ in range(rng.choice((2, 3, 3, 4, 4, 5, 5))):
            number = rng.randint(0, 20) if rng.random() < 0.6 else operand(rng, over)
            ways = [(sign, left + rise) for sign, rise in (("+", number), ("-", -number))]
            ways = [(sign, after) for sign, after in ways if 0 <= after <= most]
            if not ways or (over and held_out(left, number)):
                break
            sign, left = rng.choice(ways)
            numbers.append(number)
            signs.append(sign)
        else:
            return tuple(numbers), tuple(signs)


def _mixed(rng: random.Random, over: bool) -> Drawn:
    """Three to five operands, one product of small ones among them."""
    count = rng.choice((3, 3, 4, 5))
    at = rng.randrange(count - 1)
    numbers = [rng.randint(0, 40) if rng.random() < 0.7 else operand(rng, over) for _ in range(count)]
    numbers[at], numbers[at + 1] = rng.randint(2, 12), rng.randint(2, 9)
    signs = [rng.choice("+-") for _ in range(count - 1)]
    signs[at] = "*"
    return tuple(numbers), tuple(signs)


_DRAWS = {
    "sum": _sum,
    "hundreds": _hundreds,
    "times": _times,
    "product": _product,
    "chain": _chain,
    "long": _long,
    "mixed": _mixed,
}
SUMS: tuple[Skill, ...] = tuple(Sums(name) for name in _DRAWS)
NAMES = tuple(sorted(_DRAWS))
