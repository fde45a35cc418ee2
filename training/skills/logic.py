"""Short logic in own words: who lies (`lies`), where one ends up (`walk`), how many of a kind (`objects`).

In the style of web of lies, navigate and object counting; all texts are made here. Held out by the whole
ordered content, a tenth; templates are shared.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from model.numerals import spell

from .drawing import kept_out, said
from .question import Measured, Past, Question, Skill

NAMES = ("anna", "ben", "carl", "dora", "emma", "fred", "gina", "hugo")
KINDS = {
    "fruits": ("apple", "pear", "banana", "lemon", "plum", "grape"),
    "animals": ("dog", "cat", "cow", "duck", "goat", "rabbit"),
    "instruments": ("drum", "flute", "piano", "guitar", "violin", "trumpet"),
}
WAYS = ("forward", "back", "left", "right")
SPOKEN = (
    *NAMES,
    "lies tells the truth says does tell",
    "go walk step steps turn around and then am i back at the start back where i started",
    *WAYS,
    "i have how many do",
    *KINDS,
    *(word for things in KINDS.values() for word in things),
    *(word + "s" for things in KINDS.values() for word in things),
)
REPLIES = (
    *(name.capitalize() for name in NAMES),
    "Yes, tells the truth.",
    "No, lies.",
    "Yes, you are back at the start.",
    "No, you are not at the start.",
    "You have fruits animals instruments fruit animal instrument.",
)
MARKS = (
    *NAMES,
    *KINDS,
    "says ",
    "is ",
    "truth",
    "lies",
    "yes",
    "no",
    "turn",
    "back",
    "forward",
    "here",
    "away",
)


def _plural(count: int, word: str) -> str:
    return f"{said(count)} {word if count == 1 else word + 's'}"


@dataclass(frozen=True, slots=True)
class Lies:
    """`facts`: "anna", "lies", then name and claim of all who follow, each about the one before."""

    name: str = "lies"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            names = rng.sample(NAMES, rng.choice((2, 3, 3, 4)))
            facts = tuple(part for name in names for part in (name, rng.choice(("lies", "truth"))))
            if kept_out(facts) == test:
                break
        words = _claim(facts[0], facts[1])
        for before, name, claim in zip(facts[::2], facts[2::2], facts[3::2], strict=False):
            words += [name, "says", *_claim(before, claim)]
        return Question(self.name, (*words, "does", facts[-2], "tell", "the", "truth"), facts=facts)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        facts = question.facts
        known, lines = facts[1], [f"{facts[0]}: {facts[1]}"]
        for name, claim in zip(facts[2::2], facts[3::2], strict=True):
            line = f"{name}: says {claim}, is {known}: "
            known = "truth" if claim == known else "lies"
            lines.append(line + known)
        return lines

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        last = question.facts[-2].capitalize()
        if self.lines(question, measured, past)[-1].endswith("truth"):
            return f"Yes, {last} tells the truth."
        return f"No, {last} lies."

    def held(self, question: Question, past: Past) -> str:
        return ""


def _claim(name: str, claim: str) -> list[str]:
    return [name, "lies"] if claim == "lies" else [name, "tells", "the", "truth"]


@dataclass(frozen=True, slots=True)
class Walk:
    """Steps forward, back, left and right, or turning around. `facts`: "5 forward", or "turn"."""

    name: str = "walk"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            facts = _turning(rng) if rng.random() < 0.4 else _moving(rng)
            if kept_out(facts) == test:
                break
        words = [rng.choice(("go", "walk"))]
        for at, fact in enumerate(facts):
            count, _, way = fact.partition(" ")
            if fact == "turn":
                words += ["turn", "around"]
                continue
            words += ["go"] if at and facts[at - 1] == "turn" else ["and"] if at == len(facts) - 1 else []
            words += [*spell(int(count)), "step" if count == "1" else "steps", *way.split()]
        end = rng.choice(("am i back at the start", "am i back where i started"))
        return Question(self.name, (*words, *end.split()), facts=facts)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        lines = _places(question.facts)
        return [*lines, "here" if set(_end(lines[-1])) == {0} else "away"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        if self.lines(question, measured, past)[-1] == "here":
            return "Yes, you are back at the start."
        return "No, you are not at the start."

    def held(self, question: Question, past: Past) -> str:
        return ""


def _places(facts: Sequence[str]) -> list[str]:
    """Where one is after every move: ahead, and to the left unless it is a matter of turning around."""
    lines, ahead, side, facing = list[str](), 0, 0, 1
    for fact in facts:
        count, _, way = fact.partition(" ")
        if fact == "turn":
            facing = -facing
            lines.append("turn: back" if facing < 0 else "turn: forward")
            continue
        sign = facing if not way else 1 if way in ("forward", "left") else -1
        step = f"{'+' if sign > 0 else '-'}{count}="
        if way in ("left", "right"):
            lines.append(f"{fact}: {ahead}, {side}{step}{side + sign * int(count)}")
            side += sign * int(count)
            continue
        lines.append(f"{fact}: {ahead}{step}{ahead + sign * int(count)}" + (f", {side}" if way else ""))
        ahead += sign * int(count)
    return lines


def _end(line: str) -> list[int]:
    """The coordinates that a line of `_places` ends with."""
    return [int(part.rsplit("=", 1)[-1]) for part in line.split(": ")[1].split(", ")]


def _turning(rng: random.Random) -> tuple[str, ...]:
    """There, around, and back all the way or not; sometimes around once more."""
    first = rng.randint(1, 9)
    second = first if rng.random() < 0.5 else rng.randint(1, 9)
    if second > 1 and first == second and rng.random() < 0.4:
        part = rng.randint(1, second - 1)
        return (str(part), str(second - part), "turn", str(first)) if rng.random() < 0.5 else (
            str(first), "turn", str(part), str(second - part))  # fmt: skip
    return (str(first), "turn", str(second))


def _moving(rng: random.Random) -> tuple[str, ...]:
    """Two to four moves; half of them come back."""
    if rng.random() < 0.5:
        return _closed(rng)
    while True:
        facts = [f"{rng.randint(1, 5)} {rng.choice(WAYS)}" for _ in range(rng.choice((2, 3, 3, 4)))]
        if all(abs(part) <= 9 for line in _places(facts) for part in _end(line)):
            return tuple(facts)


def _closed(rng: random.Random) -> tuple[str, ...]:
    """Moves that come back, or nearly."""
    if rng.random() < 0.5:
        pair, count = rng.choice((("forward", "back"), ("left", "right"))), rng.randint(2, 9)
        first, second = rng.sample(pair, 2)
        part = rng.randint(1, count - 1)
        parts = [part, count - part]
        moves = [f"{count} {first}", *(f"{part} {second}" for part in parts)]
        return tuple(moves if rng.random() < 0.5 else [moves[1], moves[2], moves[0]])
    ahead, side = rng.randint(1, 5), rng.randint(1, 5)
    ways = rng.sample(("forward", "back"), 2) + rng.sample(("left", "right"), 2)
    moves = [f"{ahead} {ways[0]}", f"{side} {ways[2]}", f"{ahead} {ways[1]}", f"{side} {ways[3]}"]
    if rng.random() < 0.3:
        return f"{ahead} {ways[0]}", f"{ahead} {ways[1]}"
    return tuple(moves)


@dataclass(frozen=True, slots=True)
class Objects:
    """`facts`: the kind, then "3 apple" for every thing in order."""

    name: str = "objects"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            kind = rng.choice(sorted(KINDS))
            others = [word for name, words in KINDS.items() if name != kind for word in words]
            wanted = rng.choice((1, 2, 2, 3))
            things = rng.sample(KINDS[kind], wanted) + rng.sample(others, rng.choice((1, 1, 2)))
            rng.shuffle(things)
            facts = (kind, *(f"{rng.randint(1, 6)} {thing}" for thing in things))
            if kept_out(facts) == test:
                break
        parts = [_plural(int(fact.split()[0]), fact.split()[1]) for fact in facts[1:]]
        text = f"i have {' '.join(parts[:-1])} and {parts[-1]} how many {kind} do i have"
        return Question(self.name, tuple(text.split()), facts=facts)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        kind, total, lines = question.facts[0], 0, list[str]()
        for fact in question.facts[1:]:
            count, thing = fact.split()
            counts = thing in KINDS[kind]
            after = total + int(count) if counts else total
            name = thing if count == "1" else thing + "s"
            own = next(kind for kind, things in KINDS.items() if thing in things)
            step = f"yes, {total}+{count}={after}" if counts else f"no, {total}"
            lines.append(f"{count} {name}: {own}, {step}")
            total = after
        return lines

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        kind = question.facts[0]
        line = self.lines(question, measured, past)[-1]
        total = int(line.rsplit(", ", 1)[1].rsplit("=", 1)[-1])
        return f"You have {said(total)} {kind.removesuffix('s') if total == 1 else kind}."

    def held(self, question: Question, past: Past) -> str:
        return ""


LOGIC: tuple[Skill, ...] = (Lies(), Walk(), Objects())
