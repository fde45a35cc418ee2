"""Text-only turns over pseudo-audio (words with blanks between): notes, parts of thoughts, empty ones."""

import random

from model.tokenizer import PAD

from .language import Called, Earlier, Language
from .notes import Spoken, draw_borders, plan
from .rows import Row
from .skills import registry, tools
from .skills.question import Question
from .skills.registry import NOTHING, Talked, conversation, spoken
from .turns import Turn, draw_mode, turn_row

MIX = registry.SHARES | {
    "sum": 0.16,
    "long": 0.18,
    "product": 0.035,
    "mixed": 0.04,
    "chain": 0.04,
    "times": 0.03,
    "hundreds": 0.045,
    "nod": 0.012,
    "talk": 0.05,
    "count": 0.04,
    "countsum": 0.04,
    "countmore": 0.035,
    "addto": 0.045,
    "both": 0.05,
    "next": 0.015,
    "lasts": 0.02,
    "flip": 0.018,
    "walk": 0.03,
    "objects": 0.03,
    "hour": 0.025,
    "sort": 0.13,
    "pitch": 0.03,
    "ending": 0.03,
    "earlier": 0.015,
    "said": 0.03,
}
"Shares of skills in drills: what must be exact comes more often than it is spoken."
MODES = {"think": 0.62, "part": 0.28, "direct": 0.10}
DIRECT_MIX = {name: 0.2 * share for name, share in registry.SHARES.items()} | {
    "sum": 0.45,
    "long": 0.15,
    "times": 0.08,
    "chain": 0.06,
}
"Of `direct_row`: answering without a thought needs the most practice, in the shortest rows."
STRANGE = 262
"First id that is a piece: pseudo-audio of what is unclear is any of them."


def pseudo_audio(words: list[int], rng: random.Random) -> list[int]:
    """Each word once or twice with blanks between, as a CTC path of the adaptor would look."""
    path = [PAD] * rng.randint(0, 3)
    for word in words:
        apart(path, word)
        path += [word] * rng.choice((1, 1, 2)) + [PAD] * rng.choice((0, 1, 1, 2, 3))
    return path


def apart(path: list[int], word: int) -> None:
    """A blank where the word would touch itself: else nobody could tell two of it from a long one."""
    if path[-1:] == [word] != [PAD]:
        path.append(PAD)


def sounding(question: Question, rng: random.Random) -> tuple[str, ...]:
    """Words with the sounds before them, after them, or on both sides."""
    before, after = list[str](), list[str]()
    for kind, count in rng.sample(question.how.events, len(question.how.events)):
        (before if rng.random() < 0.65 else after).extend([kind] * count)
    return (*before, *question.words, *after)


def spread(
    language: Language, question: Question, rng: random.Random, said: tuple[str, ...] = ()
) -> tuple[list[int], Spoken]:
    """Pseudo-audio as long as its words would last, where they end in it, and perhaps a pause."""
    path = [PAD] * rng.randint(0, 3)
    ends, pauses = list[float](), list[tuple[float, float]]()
    slow = rng.random() < 0.4
    for word in language.words(question, said):
        if slow:
            path += [PAD] * rng.choice((0, 1, 2, 3))
        more = pseudo_audio([word], rng)
        apart(path, more[0])
        path += more
        ends.append(float(len(path)))
        if rng.random() < 0.1:
            path += [PAD] * rng.randint(3, 14)
            pauses.append((ends[-1], float(len(path))))
    path += [PAD] * rng.randint(1, 5)
    return path, Spoken(question, NOTHING, len(path), tuple(ends), tuple(pauses), said)


def strange(language: Language, rng: random.Random) -> list[int]:
    """Pseudo-audio of nothing that means anything."""
    return pseudo_audio(rng.choices(range(STRANGE, len(language.tokenizer)), k=rng.randint(1, 8)), rng)


def earlier(language: Language, turn: Talked, rng: random.Random, *, audio: bool) -> Earlier:
    """One earlier turn of a conversation in text; without `audio` its sound is left out."""
    call: Called | None = None
    if tools.stage(turn.question) == "result":
        call = tools.called(turn.question, rng)
    if not audio:
        return (), turn.reply, call
    if turn.question.skill == "unclear":
        return strange(language, rng), turn.reply, call
    words = language.words(turn.question, sounding(turn.question, rng))
    return pseudo_audio(words, rng), turn.reply, call


def drawn_turn(
    language: Language,
    rng: random.Random,
    name: str,
    modes: dict[str, float],
    *,
    notes: bool,
    audio: bool = True,
    test: bool = False,
    alone: bool = False,
) -> Turn:
    """The newest turn of a drawn conversation; `alone`: its first.

    Not `audio`: its words are given, not heard.
    """
    past, question = (
        conversation(rng, name, test=test, turns=(1.0,)) if alone else conversation(rng, name, test=test)
    )
    hears = audio or name == "said"
    history = tuple(earlier(language, turn, rng, audio=hears) for turn in past)
    offered = registry.offered([question, *(turn.question for turn in past)])
    known = registry.imagined(question, rng)
    said = () if question.skill == "unclear" else sounding(question, rng)
    if not audio:
        path, heard = list[int](), Spoken(question, known, 0, said=said, past=spoken(past))
    elif question.skill == "unclear":
        path = strange(language, rng)
        heard = Spoken(question, known, len(path), past=spoken(past))
    else:
        path, found = spread(language, question, rng, said)
        heard = Spoken(question, known, len(path), found.ends, found.pauses, said, spoken(past))
    notes = notes and tools.stage(question) != "result"
    script = plan(heard, draw_borders(heard, rng) if notes else [], rng)
    return Turn(
        question,
        known,
        tuple(path),
        script,
        draw_mode(script, rng, modes),
        history,
        heard.past,
        rng.choice(((), tools.NAMES)) if offered is None else offered,
        blind=True,
        felt=tuple(turn.measured for turn in past),
    )


def drill_row(language: Language, rng: random.Random) -> Row:
    """One turn of `MIX`."""
    name = rng.choices(list(MIX), list(MIX.values()))[0]
    turn = drawn_turn(language, rng, name, MODES, notes=True)
    return turn_row(language, turn, rng, heard_weight=1.0, feels=True)


def direct_row(language: Language, rng: random.Random) -> Row:
    """A turn answered without a thought."""
    name = rng.choices(list(DIRECT_MIX), list(DIRECT_MIX.values()))[0]
    return turn_row(language, drawn_turn(language, rng, name, {"direct": 1.0}, notes=False), rng, feels=True)
