"""All families by name, what comes before what, and whole conversations drawn from them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from model.numerals import ONES
from training.measure import label

from . import broken, counting, dates, digits, follow, logic, order, spelling, sums, talk, tools, voice
from .drawing import held_out
from .question import Measured, Past, Question, Skill

_MODULES = (sums, order, digits, spelling, logic, dates, counting, voice, talk, follow, tools, broken)
FAMILIES: dict[str, Skill] = {
    skill.name: skill
    for skill in (
        *sums.SUMS, *order.ORDERS, *digits.DIGITS, *spelling.SPELLINGS, *logic.LOGIC, *dates.DATES,
        *counting.COUNTS, *voice.VOICE, *talk.TALKS, *follow.FOLLOWS, *tools.TOOLS, *broken.BROKEN,
    )
}  # fmt: skip
SHARES = {
    "sum": 0.11,
    "hundreds": 0.03,
    "times": 0.02,
    "product": 0.02,
    "chain": 0.04,
    "long": 0.08,
    "mixed": 0.03,
    "compare": 0.035,
    "extreme": 0.02,
    "sort": 0.045,
    "digits": 0.05,
    "backwards": 0.035,
    "spell": 0.045,
    "unspell": 0.02,
    "letters": 0.02,
    "lies": 0.02,
    "walk": 0.02,
    "objects": 0.02,
    "day": 0.02,
    "month": 0.014,
    "hour": 0.018,
    "lasts": 0.01,
    "monthdays": 0.008,
    "count": 0.02,
    "countsum": 0.03,
    "countmore": 0.01,
    "sound": 0.01,
    "pitch": 0.02,
    "pace": 0.02,
    "loudness": 0.02,
    "ending": 0.015,
    "pauses": 0.015,
    "line": 0.012,
    "background": 0.012,
    "voices": 0.032,
    "claim": 0.03,
    "talk": 0.035,
    "nod": 0.02,
    "addto": 0.03,
    "both": 0.01,
    "flip": 0.01,
    "which": 0.008,
    "next": 0.006,
    "again": 0.012,
    "said": 0.02,
    "earlier": 0.014,
    "clock": 0.012,
    "timer": 0.018,
    "incomplete": 0.03,
    "unclear": 0.08,
}
"Suggested weights of families in a corpus."
LONG = ("long", "mixed", "extreme", "sort", "backwards", "digits", "lies", "walk", "objects")
"Skills whose questions last more than six seconds when they are said slowly."
ALONE = tuple(name for name in FAMILIES if name not in {skill.name for skill in follow.FOLLOWS})
"Skills that mean something without a turn before."
NUMERIC = follow.NUMERIC
"Skills whose replies end with a result that a follow-up goes on from."
DEEP = ("chain", "long", "mixed", "sort", "backwards", "lies", "walk", "objects", "product")
"Multi-step skills: what thinking is measured on."
VOICED = (*voice.ASKED, "claim")
"Skills whose thoughts cite a measured value."
NOTHING = Measured()
CUTS = 0.05
"Share of earlier replies of which only the beginning was heard."


def skill(name: str) -> Skill:
    """A family. KeyError for an unknown name."""
    return FAMILIES[name]


def draw(name: str, rng: random.Random, *, test: bool = False) -> Question:
    """One question of a family. KeyError for an unknown name."""
    return FAMILIES[name].draw(rng, test=test)


def lines(question: Question, measured: Measured = NOTHING, past: Past = ()) -> list[str]:
    """The thought after the heard line."""
    return FAMILIES[question.skill].lines(question, measured, past)


def reply(question: Question, measured: Measured = NOTHING, past: Past = ()) -> str:
    """What is said aloud."""
    return FAMILIES[question.skill].reply(question, measured, past)


def held(question: Question, past: Past = ()) -> str:
    """What may be said on an unfinished thought."""
    return FAMILIES[question.skill].held(question, past)


def heard(question: Question) -> tuple[str, ...]:
    """What stands in the heard line where the clip does not tell the order: sounds first, then words."""
    sounds = tuple(kind for kind, count in question.how.events for _ in range(count))
    return ("unclear",) if question.skill == "unclear" else (*sounds, *question.words)


def family_of(question: Question) -> str | None:
    """The family of `measure.FAMILIES` whose value the thought cites."""
    if question.skill == "claim":
        return question.facts[0]
    return voice.FAMILY.get(question.skill, question.skill) if question.skill in voice.ASKED else None


def before(question: Question) -> tuple[str, ...]:
    """Skills of which the turn before should be; empty: any, or none."""
    return follow.BEFORE.get(question.skill, ())


def borders(question: Question) -> tuple[int, ...]:
    """Numbers of words after which a pause is natural."""
    words, name = question.words, question.skill
    if name == "lies":
        facts = question.facts
        starts = [i for i in range(1, len(words)) if words[i] in facts[2::2] and words[i + 1] == "says"]
        return (*starts, words.index("does"))
    if name == "walk":
        turns = [i for i, word in enumerate(words) if word == "turn" or words[i - 1 : i] == ("around",)]
        steps = [i for i, word in enumerate(words) if i and word in logic.WAYS and words[i - 1][:4] == "step"]
        return tuple(sorted({at for at in (*turns, *(i + 1 for i in steps)) if 0 < at < len(words)}))
    if name == "objects":
        return (len(words) - words[::-1].index("how") - 1,)
    if name in ("digits", "backwards"):
        return tuple(i for i in range(1, len(words)) if words[i - 1] in ONES)
    if name == "claim":
        return tuple(len(words) - len(tail.split()) for tail in voice.TAILS
                     if tail and words[-len(tail.split()) :] == tuple(tail.split()))[:1]  # fmt: skip
    return ()


def unmet(question: Question, past: Past) -> tuple[bool, ...]:
    """Of each column step that a follow-up takes after these turns, whether it is a held-out set."""
    family = FAMILIES[question.skill]
    steps = family.steps(question, past) if isinstance(family, follow.AddTo | follow.Both) else []
    return tuple(held_out(a, b) for a, sign, b in steps if sign != "*" or max(a, b) > 12)


def fair(question: Question, past: Past = (), *, test: bool = False) -> bool:
    """Whether a follow-up may be trained after these turns: no column step of it is a held-out set."""
    return test or not any(unmet(question, past))


@dataclass(frozen=True, slots=True)
class Talked:
    """One turn of a conversation that was drawn."""

    question: Question
    measured: Measured
    reply: str


def conversation(
    rng: random.Random, name: str, *, test: bool = False, turns: Sequence[float] = (0.58, 0.2, 0.11, 0.11)
) -> tuple[list[Talked], Question]:
    """Earlier turns (0, 1, 2 … with the given weights) and the newest question, of `name`.

    Most follow-ups come after what they need, some after anything or nothing.
    """
    while True:
        question = draw(name, rng, test=test)
        offered = tools.stage(question) != "none" if question.skill in tools.NAMES else rng.random() < 0.7
        wanted = before(question)
        count = rng.choices(range(len(turns)), turns)[0]
        if (wanted or name in ("again", "said", "earlier")) and rng.random() < 0.92:
            count = max(count, 2 if name in ("both", "earlier") else 1)
        past = list[Talked]()
        for at in range(count):
            near = at >= count - (2 if name == "both" else 1)
            past.append(_earlier(rng, wanted if near and rng.random() < 0.93 else (), past, test, offered))
        if fair(question, spoken(past), test=test):
            return past, question


def spoken(past: Sequence[Talked]) -> list[tuple[Question, str]]:
    """As the families want it."""
    return [(turn.question, turn.reply) for turn in past]


def offered(questions: Sequence[Question]) -> tuple[str, ...] | None:
    """The tools that these turns of one conversation were offered; None: they do not tell."""
    stages = {tools.stage(question) for question in questions} - {""}
    return None if not stages else () if "none" in stages else tools.NAMES


def _earlier(
    rng: random.Random, wanted: tuple[str, ...], past: list[Talked], test: bool, offers: bool
) -> Talked:
    while True:
        names = wanted or (*ALONE, "addto", "again")
        question = draw(rng.choice(names), rng, test=test)
        if question.skill == "nod" or tools.stage(question) in ("call", "none" if offers else "result"):
            continue  # without a reply the runtime has no such turn; and a call is none: the turn goes on
        if (
            question.skill in ("addto", "both")
            and follow.result_in(follow.last(spoken(past))) is None
            and wanted
        ):
            continue
        if not fair(question, spoken(past), test=test):
            continue
        measured = imagined(question, rng)
        said = reply(question, measured, spoken(past))
        if question.skill in ("spell", "unspell") and wanted and rng.random() < 0.4:
            said = spelling.recited("".join(rng.choices(spelling.ALPHABET, k=rng.randint(2, 8))))
        if question.skill == "unclear" and rng.random() < 0.3:
            said = rng.choice(broken.CANNED)
        if rng.random() < CUTS and len(said.split()) > 2:
            said = " ".join(said.split()[: rng.randrange(1, len(said.split()))])
        if said:
            return Talked(question, measured, said)


_RANGES = {
    "pitch": (70.0, 380.0), "pace": (1.8, 8.5), "loudness": (-44.0, -10.0), "ending": (-9.0, 9.0),
    "line": (3000.0, 8000.0), "noise": (0.0, 40.0),
}  # fmt: skip


def imagined(question: Question, rng: random.Random) -> Measured:
    """What could be measured in a clip as the question wants it: clear of the gaps. For text alone."""
    how, family = question.how, family_of(question)
    wanted = {"pitch": how.pitch, "pace": how.pace, "loudness": how.loudness, "ending": how.end,
              "line": how.line, "noise": how.noise}  # fmt: skip
    if family is None:
        return Measured(events=tuple(sorted(how.events)))
    if family == "pauses":
        return Measured(pauses=how.pauses or 0)
    if family == "voices":
        return Measured(voices=how.voices)
    field = {"loudness": "level", "ending": "slope", "line": "bandwidth", "noise": "snr"}.get(family, family)
    while True:
        number = rng.uniform(*_RANGES[family])
        if family == "line":
            number = rng.choice((3000.0, 3400.0, 7000.0, 8000.0))
        measured = Measured(**{field: number})  # type: ignore[arg-type]
        if label(family, measured) == wanted[family]:
            return measured


def texts() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Everything spoken, everything replied, and the marks of thoughts, of all families."""
    return (
        tuple(text for module in _MODULES for text in module.SPOKEN),
        tuple(text for module in _MODULES for text in module.REPLIES),
        tuple(text for module in _MODULES for text in module.MARKS),
    )
