"""Weekdays, months, hours and how many of one are in another: `day`, `month`, `hour`, `lasts`, `month days`.

A tenth of all (start, distance, direction) is held out of `day`, `month` and `hour`; of `lasts` the products
that `sums` holds out, which are few, and a tenth of all others. How long a month is, is a fact to know:
`monthdays` holds none out.
"""

import random
from dataclasses import dataclass

from training.arithmetic import column_line, compute

from .drawing import held_out, kept_out, said
from .question import Measured, Past, Question, Skill

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
HELD = {("minutes", "hours"): 60, ("seconds", "minutes"): 60, ("hours", "days"): 24, ("days", "weeks"): 7,
        ("months", "years"): 12}  # fmt: skip
"How many of the first are in one of the second."
MOST = {7: 99, 12: 12}
"How many of the second are asked for at most; 9 of the others. Replies to few questions are learnt by heart."
SINGULAR = {"minutes": "minute", "hours": "hour", "days": "day", "weeks": "week", "years": "year",
            "months": "month", "seconds": "second"}  # fmt: skip
SPOKEN = (
    *DAYS,
    *MONTHS,
    "what day is it days after before comes day",
    "what month comes months month is it",
    "if today is what day is tomorrow yesterday was",
    "what time is it hours hour o'clock after before",
    "how many are in how many days does have has",
    *SINGULAR,
    *SINGULAR.values(),
)
REPLIES = (
    *(name.capitalize() for name in (*DAYS, *MONTHS)),
    "That is o'clock.",
    *(f"That is {name.capitalize()}." for name in (*DAYS, *MONTHS)),
    *SINGULAR,
    *SINGULAR.values(),
    "has days.",
)
MARKS: tuple[str, ...] = ()


def walked(names: tuple[str, ...], start: str, count: int, after: bool) -> list[str]:
    """ "0 monday", "1 tuesday" …: one name after the other, or backward."""
    at, step = names.index(start), 1 if after else -1
    return [f"{i} {names[(at + step * i) % len(names)]}" for i in range(count + 1)]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days or months. `facts`: the start, how many, "after" or "before"."""

    name: str

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        names, most = (DAYS, 10) if self.name == "day" else (MONTHS, 8)
        while True:
            start, after = rng.choice(names), rng.random() < 0.6
            count = 1 if rng.random() < 0.15 else rng.randint(2, most)
            if kept_out(start, count, after) == test:
                break
        side = "after" if after else "before"
        many = f"{said(count)} {self.name if count == 1 else self.name + 's'}"
        ways = [f"what {self.name} comes {many} {side} {start}", f"what {self.name} is {many} {side} {start}"]
        if self.name == "day":
            ways.append(f"what day is it {many} {side} {start}")
        if count == 1:
            ways.append(f"what {self.name} comes {side} {start}")
        if count == 1 and self.name == "day":
            word = "tomorrow" if after else "yesterday"
            ways.append(f"if today is {start} what day {'is' if after else 'was'} {word}")
        return Question(self.name, tuple(rng.choice(ways).split()), facts=(start, str(count), side))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        start, count, side = question.facts
        names = DAYS if self.name == "day" else MONTHS
        return [", ".join(walked(names, start, int(count), side == "after"))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        found = self.lines(question, measured, past)[0].rsplit(" ", 1)[1]
        return f"That is {found.capitalize()}."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Hour:
    """On a clock of twelve hours. `facts`: the hour, how many, "after" or "before"."""

    name: str = "hour"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            start, count, after = rng.randint(1, 12), rng.randint(1, 11), rng.random() < 0.6
            if kept_out("hour", start, count, after) == test and (test or self._fair(start, count, after)):
                break
        side, unit = "after" if after else "before", "hour" if count == 1 else "hours"
        clock = rng.choice(("", " o'clock"))
        text = f"what time is it {said(count)} {unit} {side} {said(start)}{clock}"
        return Question(self.name, tuple(text.split()), facts=(str(start), str(count), side))

    def _fair(self, start: int, count: int, after: bool) -> bool:
        """No column step is held out of sums."""
        question = Question(self.name, (), facts=(str(start), str(count), "after" if after else "before"))
        steps = [line.split(":")[0] for line in self.lines(question, Measured(), ())]
        return not any(held_out(*map(int, step.replace("-", "+").split("+"))) for step in steps)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        start, count = int(question.facts[0]), int(question.facts[1])
        if question.facts[2] == "after":
            steps = [(start, "+", count)]
        else:
            steps = [(start, "+", 12), (start + 12, "-", count)]
        found = compute(*steps[-1])  # what is above 12, and nothing else, tells that 12 too many were counted
        return [column_line(*step) for step in (*steps, *([(found, "-", 12)] if found > 12 else []))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        found = int(self.lines(question, measured, past)[-1].rsplit(" ", 1)[1])
        return f"That is {said(found)} o'clock."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Lasts:
    """How many minutes are in three hours. `facts`: the small unit, the large one, how many of it."""

    name: str = "lasts"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            small, large = rng.choice(sorted(HELD))
            count = rng.randint(1, MOST.get(HELD[small, large], 9))
            if (held_out(HELD[small, large], count) or kept_out(small, count)) == test:
                break
        unit = SINGULAR[large] if count == 1 else large
        text = f"how many {small} are in {said(count)} {unit}"
        return Question(self.name, tuple(text.split()), facts=(small, large, str(count)))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        small, large, count = question.facts
        return [column_line(HELD[small, large], "*", int(count))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        small, large, count = question.facts
        return f"That is {said(HELD[small, large] * int(count))} {small}."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class MonthDays:
    """`facts`: the month."""

    name: str = "monthdays"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        month = rng.choice(MONTHS)
        text = rng.choice((f"how many days does {month} have", f"how many days has {month}"))
        return Question(self.name, tuple(text.split()), facts=(month,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return []

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        month = question.facts[0]
        return f"{month.capitalize()} has {said(LENGTHS[MONTHS.index(month)])} days."

    def held(self, question: Question, past: Past) -> str:
        return ""


DATES: tuple[Skill, ...] = (Calendar("day"), Calendar("month"), Hour(), Lasts(), MonthDays())
