"""Turns that mean something only after others: going on from a result, backwards, which one, say again.

What they need is read from the replies that were heard, except `said`, which hears the turn before anew.
After nothing that fits they say so. Whether a column step is held out is known only together with the turn
before: `registry.allowed` tells.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from model.numerals import ONES, numbers_of
from training.arithmetic import column_line, compute
from training.chains import Step

from . import dates, order, sums
from .digits import indexed, recited, turned
from .drawing import capital, said
from .question import Measured, Past, Question, Skill

NO_NUMBER = "I have no number yet. Ask me a whole sum."
NOTHING = "There is nothing to go on from."
MUTE = "I have not said anything yet."
UNASKED = "You have not said anything yet."
MISSED = "I did not catch it."
TOO_FAR = "That goes too far for me."
NUMERIC = (*sums.NAMES, "countsum", "addto", "both")
"Skills whose replies end with a result."
BEFORE = {
    "addto": NUMERIC,
    "both": NUMERIC,
    "flip": ("digits", "backwards", "spell", "unspell"),
    "which": ("compare",),
    "next": ("day", "month", "next"),
}
"Turns that make sense before each; of the others, any."
WAYS = {
    "flip": ("and backwards", "now backwards", "and in reverse", "backwards please"),
    "both": ("add the last two results", "add both results", "what are both results together"),
    "again": ("say that again", "repeat that", "what did you say", "please say that again", "once more",
              "pardon"),
    "said": ("what did i say", "what did i just say", "repeat what i said", "what did you hear me say"),
    "earlier": ("what did you say before that", "and before that", "say the one before"),
    "next": ("and the one after", "and after that", "and the next one", "and the one before that"),
    "which": ("which one is larger", "which one is smaller", "which one was more", "which one was less",
              "and which is larger", "and which is smaller"),
}  # fmt: skip
SPOKEN = (*(way for ways in WAYS.values() for way in ways), "and now then add plus minus times two three")
REPLIES = (NO_NUMBER, NOTHING, MUTE, UNASKED, MISSED, TOO_FAR, "You")
MARKS = ("before:", " said:", "nothing", "no number", "too far")


def last(past: Past) -> tuple[Question, str] | None:
    """The newest turn."""
    return past[-1] if past else None


def result_in(turn: tuple[Question, str] | None) -> int | None:
    """The number that a whole reply ends with; None where it has none, or one below zero."""
    found = _result(turn)
    return None if found is None or found < 0 else found


def _result(turn: tuple[Question, str] | None) -> int | None:
    if turn is None or turn[0].skill not in NUMERIC or " is " not in turn[1] or not turn[1].endswith("."):
        return None
    words = turn[1].rsplit(" is ", 1)[1].removesuffix(".").split()
    found = numbers_of(words)
    if len(found) != 1:
        return None
    return -found[0] if words[0] == "minus" else found[0]


def _lacks(turns: Sequence[tuple[Question, str] | None]) -> str:
    """Why nobody can go on from these: a mark, empty where one can. Below zero there is a number, and it
    goes too far."""
    found = [_result(turn) for turn in turns]
    if None in found:
        return "no number"
    return "too far" if any((number or 0) < 0 for number in found) else ""


_SAID = {"no number": NO_NUMBER, "too far": TOO_FAR}


@dataclass(frozen=True, slots=True)
class AddTo:
    """A result goes on by one or two steps, from left to right. `numbers` and `signs`: of the steps."""

    name: str = "addto"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        signs = (rng.choice("++--*"), *rng.choice(("", "", "", "+", "-")))
        numbers = tuple(
            rng.randint(2, 5) if sign == "*" else rng.randint(0, 20) if rng.random() < 0.7 else
            rng.randint(0, 60) for sign in signs
        )  # fmt: skip
        words = rng.choice(("and", "and", "", "now", "and then")).split()
        for sign, number in zip(signs, numbers, strict=True):
            words += [sums.SPOKEN_SIGN[sign], *said(number).split()]
        return Question(self.name, tuple(words), numbers, signs)

    def steps(self, question: Question, past: Past) -> list[Step]:
        """None where there is nothing to go on from; fewer than are asked for where one has no line. The last
        may go beyond 999."""
        left, steps = result_in(last(past)), list[Step]()
        for sign, number in zip(question.signs, question.numbers, strict=True):
            if left is None or not 0 <= left <= 999 or (sign == "*" and left > 99):
                break
            steps.append((left, sign, number))
            left = compute(left, sign, number)
        return steps

    def _too_far(self, question: Question, steps: list[Step]) -> bool:
        return len(steps) < len(question.signs) or compute(*steps[-1]) > 999

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        if lacks := _lacks([last(past)]):
            return [lacks]
        steps = self.steps(question, past)
        lines = [column_line(*step) for step in steps]
        return [*lines, "too far"] if self._too_far(question, steps) else lines

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        if lacks := _lacks([last(past)]):
            return _SAID[lacks]
        steps = self.steps(question, past)
        if self._too_far(question, steps):
            return TOO_FAR
        end = f"is {said(compute(*steps[-1]))}."
        sure = self.held(question, past)
        return f"{sure} that {end}" if sure else f"{self._restated(steps)} {end}"

    def held(self, question: Question, past: Past) -> str:
        if result_in(last(past)) is None:
            return ""
        steps = self.steps(question, past)
        return "" if len(steps) < 2 or self._too_far(question, steps) else self._restated(steps) + ","

    def _restated(self, steps: list[Step]) -> str:
        words = [said(steps[0][0])]
        for _, sign, number in steps:
            words += [sums.SPOKEN_SIGN[sign], said(number)]
        return capital(words)


@dataclass(frozen=True, slots=True)
class Both:
    """The results of the last two turns together."""

    name: str = "both"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        return Question(self.name, tuple(rng.choice(WAYS[self.name]).split()))

    def steps(self, question: Question, past: Past) -> list[Step]:
        """None where two results are missing; together they may be more than 999."""
        one, other = map(result_in, self._last_two(past))
        return [] if one is None or other is None else [(one, "+", other)]

    def _last_two(self, past: Past) -> list[tuple[Question, str] | None]:
        return [None, None, *past][-2:]

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        steps = self.steps(question, past)
        too_far = ["too far"] if steps and compute(*steps[0]) > 999 else []
        return [*(column_line(*step) for step in steps), *too_far] or [_lacks(self._last_two(past))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        steps = self.steps(question, past)
        if not steps:
            return _SAID[_lacks(self._last_two(past))]
        a, _, b = steps[0]
        if a + b > 999:
            return TOO_FAR
        return capital([said(a), "plus", said(b), "is", said(a + b) + "."])

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Flip:
    """The digits or letters of the last reply from the end."""

    name: str = "flip"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        return Question(self.name, tuple(rng.choice(WAYS[self.name]).split()))

    def parts(self, past: Past) -> list[str] | None:
        """What was recited, as digits or lower-case letters."""
        turn = last(past)
        if turn is None or turn[0].skill not in (*BEFORE["flip"], "flip") or not turn[1].endswith("."):
            return None
        words = turn[1].removesuffix(".").lower().split(", ")
        if all(word in ONES[:10] for word in words):
            return [str(ONES.index(word)) for word in words]
        return words if all(len(word) == 1 for word in words) else None

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        parts = self.parts(past)
        if parts is None:
            return ["nothing"]
        if parts[0].isdigit():
            digits = tuple(map(int, parts))
            return [indexed(digits), turned(digits)]
        numbered = [f"{at}{letter}" for at, letter in enumerate(parts, 1)]
        return [", ".join(numbered), ", ".join(reversed(numbered))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        parts = self.parts(past)
        if parts is None:
            return NOTHING
        if parts[0].isdigit():
            return recited(tuple(map(int, reversed(parts))))
        return ", ".join(reversed(parts)).upper() + "."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Which:
    """Of the two numbers that were just compared. `facts`: "more" or "less"."""

    name: str = "which"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        text = rng.choice(WAYS[self.name])
        side = "more" if text.endswith(("larger", "more")) else "less"
        return Question(self.name, tuple(text.split()), facts=(side,))

    def pair(self, past: Past) -> tuple[int, int] | None:
        turn = last(past)
        if turn is None or turn[0].skill != "compare" or not turn[1].endswith("."):
            return None
        first, _, second = turn[1].lower().removesuffix(".").partition(" than ")
        found = numbers_of(first.split()), numbers_of(second.split())
        return (found[0][0], found[1][0]) if all(len(numbers) == 1 for numbers in found) else None

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        pair = self.pair(past)
        if pair is None:
            return ["nothing"]
        side = question.facts[0]
        return [f"{order.compared(side, *pair)}, {order.chosen(side, *pair)}"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        pair = self.pair(past)
        return NOTHING if pair is None else capital([order.relation(*pair, question.facts[0] == "more")])

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Next:
    """The day or month after (or before) the one just named. `facts`: "after" or "before"."""

    name: str = "next"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        text = rng.choice(WAYS[self.name])
        side = "before" if "before" in text else "after"
        return Question(self.name, tuple(text.split()), facts=(side,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        turn = last(past)
        name = turn[1].removesuffix(".").rsplit(" ", 1)[-1].lower() if turn and turn[1].endswith(".") else ""
        for names in (dates.DAYS, dates.MONTHS):
            if turn and turn[0].skill in BEFORE["next"] and name in names:
                return [", ".join(dates.walked(names, name, 1, question.facts[0] == "after"))]
        return ["nothing"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        line = self.lines(question, measured, past)[0]
        return NOTHING if line == "nothing" else f"That is {line.rsplit(' ', 1)[1].capitalize()}."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Again:
    """What was said before, by either side: `again`, `earlier` (two turns back), `said` (by the user)."""

    name: str

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        return Question(self.name, tuple(rng.choice(WAYS[self.name]).split()))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        if self.name != "said":
            return []
        before = last(past)
        if before is None:
            return ["nothing"]
        return [" ".join(["before:", *_words(before[0])])]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        if self.name == "said":
            before = last(past)
            if before is None:
                return UNASKED
            if before[0].skill == "unclear":
                return MISSED
            return " ".join(["You said:", *before[0].words]) + "."
        spoken = [reply for _, reply in past if reply]
        back = 1 if self.name == "again" else 2
        return spoken[-back] if len(spoken) >= back else MUTE if back == 1 else NOTHING

    def held(self, question: Question, past: Past) -> str:
        return ""


def _words(question: Question) -> tuple[str, ...]:
    return ("unclear",) if question.skill == "unclear" else question.words


FOLLOWS: tuple[Skill, ...] = (
    AddTo(),
    Both(),
    Flip(),
    Which(),
    Next(),
    Again("again"),
    Again("said"),
    Again("earlier"),
)
