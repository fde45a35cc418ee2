"""Draws questions of every skill.

Operands are held out by unordered pair (or triple), so that a test never meets a trained one.
"""

import random
import zlib
from dataclasses import dataclass

from . import unclear
from .numerals import spell

SPOKEN_SIGN = {"+": "plus", "-": "minus", "*": "times"}
SUM_OPENINGS = (
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
CUE_TEMPLATES = {
    "pitch": (
        "is my voice high or low",
        "do i speak high or low",
        "is this a high or a low voice",
        "tell me if my voice is low or high",
        "how high is my voice",
        "what is the pitch of my voice",
    ),
    "pace": (
        "am i speaking fast or slow",
        "do i speak fast or slow",
        "is my speech slow or fast",
        "tell me if i speak slow or fast",
        "how fast do i speak",
        "how fast am i speaking",
    ),
    "loudness": (
        "am i speaking loud or soft",
        "is my voice loud or soft",
        "tell me if i speak soft or loud",
        "do i speak loud or soft",
        "how loud am i speaking",
        "how loud is my voice",
    ),
}
SMALL_TALK = {
    "Hello! Ask me a sum, or how your voice sounds.": ("hello", "hi", "hey", "good morning", "hello there"),
    "I am Hocket, a small practice brain.": (
        "who are you",
        "what are you",
        "what is your name",
        "what's your name",
    ),
    "I can add and subtract, and tell if you speak fast or slow, high or low, loud or soft.": (
        "what can you do",
        "help",
        "help me",
    ),
    "You are welcome.": ("thank you", "thanks", "thanks a lot"),
    "Okay.": ("stop", "stop it", "be quiet"),
    "Goodbye!": ("goodbye", "bye", "bye bye"),
    "I am fine, thank you.": ("how are you",),
}
NODS = {
    "mhm": ("mm-hmm", "uh-huh"),
    "yeah": ("yeah", "yes", "yep"),
    "right": ("right",),
    "okay": ("okay",),
    "i see": ("i see",),
    "sure": ("sure",),
}
"""What listeners say, by how it is written when heard. They want no answer."""
TALK_REPLY = {said: reply for reply, ways in SMALL_TALK.items() for said in ways}
CUE_SKILLS = frozenset(CUE_TEMPLATES)
TEEN_TY = (*range(13, 20), *range(30, 100, 10))


@dataclass(frozen=True, slots=True)
class Question:
    """One thing said to the brain."""

    skill: str
    "sum | times | chain | long | pitch | pace | loudness | talk | nod | unclear | incomplete"
    words: tuple[str, ...]
    "What is said, lower case."
    numbers: tuple[int, ...] = ()
    signs: tuple[str, ...] = ()


def held_out(*operands: int) -> bool:
    """True for a tenth of all unordered operand sets: they are for tests only."""
    return zlib.crc32(repr(sorted(operands)).encode()) % 10 == 0


def _operand(rng: random.Random, oversample: bool) -> int:
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


def _worded(opening: str, numbers: tuple[int, ...], signs: tuple[str, ...]) -> tuple[str, ...]:
    words = [*opening.split(), *spell(numbers[0])]
    for sign, number in zip(signs, numbers[1:], strict=True):
        words += [SPOKEN_SIGN[sign], *spell(number)]
    return tuple(words)


def draw_sum(rng: random.Random, *, test: bool) -> Question:
    """Two operands of 0..99 with + or -; the result is never negative."""
    while True:
        a, b = _operand(rng, not test), _operand(rng, not test)
        if held_out(a, b) == test:
            break
    sign = rng.choice("+-")
    if sign == "-" and a < b:
        a, b = b, a
    return Question("sum", _worded(rng.choice(SUM_OPENINGS), (a, b), (sign,)), (a, b), (sign,))


def draw_times(rng: random.Random) -> Question:
    """Small times tables, 0..12. They are facts to know, so no pair is held out."""
    a, b = rng.randint(0, 12), rng.randint(0, 12)
    return Question("times", _worded(rng.choice(SUM_OPENINGS), (a, b), ("*",)), (a, b), ("*",))


def draw_chain(rng: random.Random, *, test: bool) -> Question:
    """Three operands. In training neither the triple nor one of its two steps may be a held-out set."""
    while True:
        a, b, c = rng.randint(0, 30), rng.randint(0, 20), rng.randint(0, 20)
        first, second = rng.choice("+-"), rng.choice("+-")
        if first == "-" and a < b:
            a, b = b, a
        middle = a + b if first == "+" else a - b
        if second == "-" and middle < c:
            second = "+"
        unseen = held_out(a, b, c)
        if unseen if test else not (unseen or held_out(a, b) or held_out(middle, c)):
            signs = (first, second)
            return Question("chain", _worded(rng.choice(SUM_OPENINGS), (a, b, c), signs), (a, b, c), signs)


def draw_long(rng: random.Random, *, test: bool) -> Question:
    """Three to six operands of 0..99, mostly small; no result on the way leaves 0..99.

    In training neither the whole set nor any single step may be a held-out set.
    """
    while True:
        numbers = [_operand(rng, not test) if rng.random() < 0.6 else rng.randint(0, 99)]
        signs, left = list[str](), numbers[0]
        for _ in range(rng.choice((2, 3, 3, 4, 4, 5, 5))):
            number = rng.randint(0, 20) if rng.random() < 0.6 else _operand(rng, not test)
            ways = {sign: left + rise for sign, rise in (("+", number), ("-", -number))}
            ways = {sign: after for sign, after in ways.items() if 0 <= after < 100}
            if not ways or (not test and held_out(left, number)):
                break
            sign, after = rng.choice(sorted(ways.items()))
            numbers.append(number)
            signs.append(sign)
            left = after
        else:
            if held_out(*numbers) == test:
                words = _worded(rng.choice(SUM_OPENINGS), tuple(numbers), tuple(signs))
                return Question("long", words, tuple(numbers), tuple(signs))


def draw_incomplete(rng: random.Random, *, test: bool) -> Question:
    """A sum (now and then a cue question) that stops before it can be answered."""
    if rng.random() < 0.15:
        words = rng.choice(CUE_TEMPLATES[rng.choice(sorted(CUE_TEMPLATES))][:4]).split()
        return Question("incomplete", tuple(words[: rng.randint(2, 3)]))
    whole = draw_sum(rng, test=test) if rng.random() < 0.8 else draw_chain(rng, test=test)
    signs = [i for i, word in enumerate(whole.words) if word in ("plus", "minus")]
    last = rng.choice(signs) if rng.random() < 0.65 else rng.randint(0, signs[0] - 1)
    if last == 0 and whole.words[0] in ("tell", "please", "how", "work", "calculate"):
        last = 1
    return Question("incomplete", whole.words[: last + 1])


def draw(skill: str, rng: random.Random, *, test: bool = False) -> Question:
    """One question of `skill`; `test` draws only from the held-out operands, training never does."""
    if skill == "sum":
        return draw_sum(rng, test=test)
    if skill == "times":
        return draw_times(rng)
    if skill == "chain":
        return draw_chain(rng, test=test)
    if skill == "long":
        return draw_long(rng, test=test)
    if skill == "nod":
        return Question("nod", tuple(rng.choice(sorted(NODS)).split()))
    if skill == "incomplete":
        return draw_incomplete(rng, test=test)
    if skill == "talk":
        ways = rng.choice(sorted(SMALL_TALK.values()))
        return Question("talk", tuple(rng.choice(ways).split()))
    if skill == "unclear":
        return Question("unclear", tuple(unclear.sentence(rng, test=test).split()))
    return Question(skill, tuple(rng.choice(CUE_TEMPLATES[skill]).split()))
