"""What cannot be answered: `incomplete` (it stops in the middle) and `unclear` (not the brain's language).

A cut question is cut from one that training (or a test) may draw; templates of `unclear` are held out in
`unclear.sentence`. Must never: take for incomplete what could be a whole question.
"""

import random
from dataclasses import dataclass

from model.numerals import ONES
from training import unclear
from training.arithmetic import column_line
from training.chains import parse

from . import dates, digits, logic, order, spelling, sums, talk, tools, voice
from .question import Measured, Past, Question, Skill

SORRY = "Sorry, I did not catch that. Please ask me again."
PARTIAL = "I heard only a part of that. Please ask me again."
SHOWN = "Sorry, I still do not understand. Ask me a sum, to spell a word, or how your voice sounds."
CANNED = (
    "I'm a practice brain. Ask me fourteen plus nine, then interrupt me.",
    "I am a practice brain. Ask me a sum, a word to spell, or how your voice sounds.",
    "Sorry, something went wrong. Please say that again.",
    "One moment.",
)
"What the runtime itself says in the brain's name; the brain never writes it, and may meet it as history."
SPOKEN: tuple[str, ...] = ()
REPLIES = (SORRY, PARTIAL, SHOWN, *CANNED)
MARKS = (" unclear", "incomplete")
_CUTTABLE: tuple[Skill, ...] = (
    *(*sums.SUMS, *order.ORDERS, *digits.DIGITS, *spelling.SPELLINGS, *logic.LOGIC, *dates.DATES),
    *(*tools.TOOLS, *voice.VOICE[:4]),
)
_CUT = {skill.name: skill for skill in _CUTTABLE}
_SHARES = {"sum": 0.4, "chain": 0.08, "long": 0.08, "mixed": 0.03, "compare": 0.05, "sort": 0.03,
           "digits": 0.02, "backwards": 0.02, "spell": 0.03, "unspell": 0.02, "letters": 0.02, "lies": 0.03,
           "walk": 0.03, "objects": 0.03, "day": 0.04, "month": 0.02, "hour": 0.03, "timer": 0.03,
           "pitch": 0.03, "pace": 0.03, "loudness": 0.03}  # fmt: skip
_WHOLE = frozenset(
    (
        *(*talk.TALK_REPLY, *talk.NODS, *tools.CLOCK),
        *(way for ways in voice.ASKED.values() for way in ways),
        *("repeat", "say", "stop", "what", "what is that", "wait"),
    )
)
_ENDS = {
    "lies": ("does",),
    "walk": ("am",),
    "objects": ("how",),
    "hour": ("after", "before"),
    "day": ("after", "before"),
    "month": ("after", "before"),
    "timer": ("for",),
}
"Words after which the rest of a question is missed, or before which it stops (logic)."


def places(question: Question) -> list[int]:
    """Numbers of words after which it may break off and cannot be answered."""
    words, skill = question.words, question.skill
    if skill in sums.NAMES:
        signs = [i for i, word in enumerate(words) if word in sums.SPOKEN_SIGN.values()]
        return [*range(1, signs[0] + 1), *(3 * [i + 1 for i in signs])]
    if skill in ("spell", "unspell", "letters"):
        at = words.index(question.facts[0])
        return list(range(1 if skill != "spell" else at, at + 1))
    if skill in ("digits", "backwards"):
        first = next(i for i, word in enumerate(words) if word in ONES)
        return [first] if first > 1 else []
    if skill == "compare":
        return [i + 1 for i, word in enumerate(words) if word in ("or", "than")]
    if skill == "sort":
        return [words.index("and"), words.index("and") + 1] if words[0] == "put" else [words.index("and") + 1]
    if skill in ("lies", "walk", "objects"):
        return [i for i, word in enumerate(words) if word in _ENDS[skill] and i > 1][-1:]
    if skill in _ENDS:
        return [i + 1 for i, word in enumerate(words) if word in _ENDS[skill] and i + 1 < len(words)]
    return [2, 3] if skill in voice.ASKED else []


@dataclass(frozen=True, slots=True)
class Incomplete:
    """It stops before it can be answered."""

    name: str = "incomplete"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        while True:
            whole = _CUT[rng.choices(list(_SHARES), list(_SHARES.values()))[0]].draw(rng, test=test)
            found = [at for at in places(whole) if 0 < at < len(whole.words)]
            if not found:
                continue
            words = whole.words[: rng.choice(found)]
            if " ".join(words) not in _WHOLE and not parse(words).complete:
                return Question(self.name, words)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return [*(column_line(*step) for step in parse(question.words).certain()), "incomplete"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return PARTIAL

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Asked again briefly; when that did not help, it says what it can do."""

    name: str = "unclear"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        return Question(self.name, tuple(unclear.sentence(rng, test=test).split()))

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return []

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return SHOWN if past and past[-1][1] in (SORRY, SHOWN) else SORRY

    def held(self, question: Question, past: Past) -> str:
        return ""


BROKEN: tuple[Skill, ...] = (Incomplete(), Unclear())
