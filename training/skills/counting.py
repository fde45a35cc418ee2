"""Sounds that are counted: `count`, `countsum`, `countmore`, and which it was: `sound`.

Sounds stand in the heard line as words, in the order in which they sound. Counts are few and none is held
out; a test meets them in other sounds. Of `countsum` the column steps are held out as everywhere.
"""

import random
from dataclasses import dataclass

from training.arithmetic import column_line, compute
from training.cited import cite_events

from .drawing import capital, held_out, said
from .question import How, Measured, Past, Question, Skill
from .sums import SPOKEN_SIGN

KINDS = ("beep", "bell", "clap", "knock")
MOST = 9
SPOKEN = (
    *KINDS,
    *(kind + "s" for kind in KINDS),
    "how many did you hear were there count the",
    "how many plus minus times",
    "add to the",
    "are there more than what did you hear what sound was that was that a or a",
)
REPLIES = (
    "No beeps. No bells. No claps. No knocks.",
    *KINDS,
    "That was a bell.",
    "Yes, more than. No, not more than.",
    "I heard no sound.",
)
MARKS = (*(f"{kind}s " for kind in KINDS), "none", *KINDS)


def counted(count: int, kind: str) -> str:
    """ "three beeps", "one beep", "no beeps"."""
    return f"{said(count) if count else 'no'} {kind if count == 1 else kind + 's'}"


def known(question: Question, measured: Measured) -> Measured:
    """What was measured, or where nothing was, what should have sounded."""
    return measured if measured.events else Measured(events=tuple(sorted(question.how.events)))


def number(question: Question, measured: Measured, kind: str) -> int:
    return dict(known(question, measured).events).get(kind, 0)


def _how(rng: random.Random, kind: str, count: int, other: float) -> How:
    """Now and then with sounds of another kind, which are not asked for."""
    events = [(kind, count)] if count else []
    if rng.random() < other:
        events.append((rng.choice([k for k in KINDS if k != kind]), rng.randint(1, 4)))
    return How(events=tuple(sorted(events)))


def _drawn_count(rng: random.Random) -> int:
    return 0 if rng.random() < 0.06 else rng.randint(1, MOST if rng.random() < 0.5 else 5)


@dataclass(frozen=True, slots=True)
class Count:
    """`facts`: the kind."""

    name: str = "count"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        kind = rng.choice(KINDS)
        text = rng.choice((f"how many {kind}s", f"how many {kind}s did you hear", f"count the {kind}s",
                           f"how many {kind}s were there"))  # fmt: skip
        how = _how(rng, kind, _drawn_count(rng), 0.25)
        return Question(self.name, tuple(text.split()), facts=(kind,), how=how)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return [cite_events(question.facts[0], known(question, measured))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        kind = question.facts[0]
        return capital([counted(number(question, measured, kind), kind) + "."])

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class CountSum:
    """The count plus, minus or times a number. `facts`: kind, sign, number."""

    name: str = "countsum"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        kind, sign = rng.choice(KINDS), rng.choice("++-*")
        while True:
            count = _drawn_count(rng)
            most = {"+": 20 if rng.random() < 0.7 else 89, "-": count, "*": 9}[sign]
            other = rng.randint(0 if sign == "-" else 1, most)
            if test or sign == "*" or not held_out(count, other):
                break
        text = rng.choice((f"how many {kind}s {SPOKEN_SIGN[sign]} {said(other)}",
                           f"{kind}s {SPOKEN_SIGN[sign]} {said(other)}",
                           f"the {kind}s {SPOKEN_SIGN[sign]} {said(other)}"))  # fmt: skip
        if sign == "+" and rng.random() < 0.25:
            text = f"add {said(other)} to the {kind}s"
        how = _how(rng, kind, count, 0.12)
        return Question(self.name, tuple(text.split()), facts=(kind, sign, str(other)), how=how)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        kind, sign, other = question.facts
        count = number(question, measured, kind)
        return [cite_events(kind, known(question, measured)), column_line(count, sign, int(other))]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        kind, sign, other = question.facts
        count = number(question, measured, kind)
        words = [counted(count, kind), SPOKEN_SIGN[sign], said(int(other)), "is"]
        return capital([*words, said(compute(count, sign, int(other))) + "."])

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class CountMore:
    """Two kinds against each other. `facts`: the two kinds as they are asked for."""

    name: str = "countmore"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        first, second = rng.sample(KINDS, 2)
        events = tuple(sorted((kind, rng.randint(1, 5)) for kind in (first, second)))
        text = f"are there more {first}s than {second}s"
        return Question(self.name, tuple(text.split()), facts=(first, second), how=How(events=events))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        heard = known(question, measured)
        counts = [number(question, measured, kind) for kind in question.facts]
        sign = ">" if counts[0] > counts[1] else "<" if counts[0] < counts[1] else "="
        return [*(cite_events(kind, heard) for kind in question.facts), f"{counts[0]}{sign}{counts[1]}"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        counts = [number(question, measured, kind) for kind in question.facts]
        told = " and ".join(counted(n, kind) for n, kind in zip(counts, question.facts, strict=True))
        return f"{'Yes' if counts[0] > counts[1] else 'No'}, {told}."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Sound:
    """Which kind it was. `facts`: the kind, or "none"."""

    name: str = "sound"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        kind = rng.choice(KINDS) if rng.random() < 0.92 else "none"
        first, second = (kind, *rng.sample(KINDS, 2))[:2] if kind != "none" else rng.sample(KINDS, 2)
        if first == second:
            second = next(k for k in KINDS if k != first)
        pair = rng.sample((first, second), 2)
        text = rng.choice((f"was that a {pair[0]} or a {pair[1]}", "what sound was that", "what was that"))
        how = How(events=((kind, rng.randint(1, 4)),)) if kind != "none" else How()
        return Question(self.name, tuple(text.split()), facts=(kind,), how=how)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        heard = known(question, measured)
        return [cite_events(heard.events[0][0], heard)] if heard.events else ["none"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        heard = known(question, measured)
        if not heard.events:
            return "I heard no sound."
        kind, count = heard.events[0]
        return f"That was a {kind}." if count == 1 else f"I heard {counted(count, kind)}."

    def held(self, question: Question, past: Past) -> str:
        return ""


COUNTS: tuple[Skill, ...] = (Count(), CountSum(), CountMore(), Sound())
