"""Calls of two tools, `clock` and `timer`, in the form of `pipeline.calls`, and their results in words.

`facts` says where in the turn it is: "call" (the tool was offered: it is called), "none" (it was not: the
brain says so), else the tool's result ("16:05", "done", or words that say what went wrong). A tenth of all
times and durations is kept out of training.
"""

import random
from dataclasses import dataclass

from training.arithmetic import column_line

from .drawing import capital, held_out, kept_out, said
from .question import Measured, Past, Question, Skill

CLOCK = ("what time is it", "what's the time", "what is the time", "tell me the time", "what time is it now",
         "do you know what time it is")  # fmt: skip
TIMER = ("set a timer for {}", "set a timer for {}", "start a timer for {}", "timer for {}", "set a {} timer",
         "please set a timer for {}")  # fmt: skip
FAILED = "That did not work."
FAILURES = ("failed", "There is no tool of that name.", "It took too long.", "It was not run.", "error")
"Results of a tool that did not do it, in the runtime's words or anybody's."
UNITS = {"second": 1, "minute": 60, "hour": 3600}
NAMES = ("clock", "timer")
SPOKEN = (*CLOCK, "an", *(way.replace("{}", "") for way in TIMER), *UNITS, *(unit + "s" for unit in UNITS))
REPLIES = (
    FAILED,
    "I have no clock here. I have no timer here.",
    "It is oh o'clock in the morning afternoon evening at night.",
    "Your timer is set for second minute hour seconds minutes hours.",
)
MARKS = (
    *("<tool_call>function\n", "</tool_call>", "clock\n", "timer\n", "{}", '{"seconds": ', "}"),
    *("function_output", "done", "clock", "timer", "failed", " clock", " timer", " seconds"),
    *("morning", "afternoon", "evening", "night"),
)


def call(name: str, arguments: str) -> str:
    """As `pipeline.calls.written` writes it."""
    return f"<tool_call>function\n{name}\n{arguments}</tool_call>"


def stage(question: Question) -> str:
    """Where in its turn a question of these families is: "call", "none", or "result"; of others ""."""
    if question.skill not in NAMES:
        return ""
    return question.facts[0] if question.facts[0] in ("call", "none") else "result"


def called(question: Question, rng: random.Random) -> tuple[str, str, str]:
    """The call that was made, the tool's name, and what came of it, for a question whose result is there."""
    asked = Question(question.skill, question.words, facts=("call", *question.facts[1:]))
    written = next(tool for tool in TOOLS if tool.name == question.skill).reply(asked, Measured(), ())
    result = question.facts[0]
    return written, question.skill, rng.choice(FAILURES) if result == "failed" else result


def _kept(unit: str, count: int) -> bool:
    """Durations for tests: those whose product is held out of sums, or a tenth where there is no product."""
    if unit == "hour" or (unit == "minute" and count > 12):
        return held_out(36 if unit == "hour" else 6, count)
    return kept_out(unit, count)


def part_of_day(hour: int) -> str:
    if 6 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening" if 18 <= hour < 22 else "night"


def _units(unit: str, count: int) -> str:
    return unit if count == 1 else unit + "s"


def _time(text: str) -> tuple[int, int] | None:
    hour, _, minute = text.partition(":")
    known = len(text) == 5 and hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60
    return (int(hour), int(minute)) if known else None


@dataclass(frozen=True, slots=True)
class Clock:
    """The result is "16:05"."""

    name: str = "clock"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        kind = rng.random()
        while True:
            text = f"{rng.randrange(24):02d}:{rng.choice((rng.randrange(60), rng.randrange(10), 0, 30)):02d}"
            if kept_out(text) == test:
                break
        fact = "call" if kind < 0.35 else "none" if kind < 0.45 else "failed" if kind < 0.5 else text
        return Question(self.name, tuple(rng.choice(CLOCK).split()), facts=(fact,))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        fact = question.facts[0]
        time = _time(fact)
        if time is None:
            return ["clock" if fact == "call" else "no clock" if fact == "none" else "failed"]
        hour, _ = time
        steps = f"{hour}-12={hour - 12}" if hour > 12 else "12" if hour == 0 else str(hour)
        return [f"{fact}: {steps}, {part_of_day(hour)}"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        fact = question.facts[0]
        if fact in ("call", "none"):
            return call("clock", "{}") if fact == "call" else "I have no clock here."
        time = _time(fact)
        if time is None:
            return FAILED
        hour, minute = time
        end = said(minute) if minute > 9 else f"oh {said(minute)}" if minute else "o'clock"
        part = part_of_day(hour)
        where = "at night" if part == "night" else f"in the {part}"
        return f"It is {said((hour - 1) % 12 + 1)} {end} {where}."

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Timer:
    """`facts`: where it is in the turn, how many, of what unit. A good result is "done"."""

    name: str = "timer"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            unit = rng.choice(("second", "minute", "minute", "minute", "hour"))
            count = rng.randint(1, 9 if unit == "hour" else 59)
            if _kept(unit, count) == test:
                break
        text = rng.choice(TIMER)
        plural = unit if count == 1 or text.startswith("set a {}") else unit + "s"
        kind = rng.random()
        fact = "call" if kind < 0.6 else "none" if kind < 0.68 else "failed" if kind < 0.74 else "done"
        many = said(count)
        if many.startswith(("eight", "eleven")):
            text = text.replace("a {}", "an {}")
        words = text.format(f"{many} {plural}").split()
        return Question(self.name, tuple(words), facts=(fact, str(count), unit))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        fact, many, unit = question.facts
        count = int(many)
        if fact == "done":
            return [f"{many} {_units(unit, count)}, done"]
        if fact != "call":
            return ["no timer" if fact == "none" else "failed"]
        steps = {"second": [], "minute": [(count, "*", 6)], "hour": [(36, "*", count)]}[unit]
        return [*(column_line(*step) for step in steps), f"timer {count * UNITS[unit]} seconds"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        fact, many, unit = question.facts
        count = int(many)
        if fact == "call":
            return call("timer", f'{{"seconds": {count * UNITS[unit]}}}')
        if fact == "none":
            return "I have no timer here."
        if fact != "done":
            return FAILED
        return capital([f"your timer is set for {said(count)} {_units(unit, count)}."])

    def held(self, question: Question, past: Past) -> str:
        return ""


TOOLS: tuple[Skill, ...] = (Clock(), Timer())
