"""Text-only turns over pseudo-audio (words with blanks between): notes, parts of thoughts, empty ones."""

import random

from model.tokenizer import PAD

from .language import Language
from .notes import Spoken, draw_borders, plan
from .tasks import Question, draw
from .text import Batch, Row, collate, pseudo_audio
from .turns import Turn, draw_mode, turn_row

MIX = {
    "long": 0.48,
    "sum": 0.4,
    "times": 0.07,
    "chain": 0.05,
    "incomplete": 0.05,
    "talk": 0.03,
    "unclear": 0.02,
}
MODES = {"think": 0.62, "part": 0.28, "direct": 0.10}
DIRECT_MIX = {"sum": 0.62, "long": 0.2, "times": 0.1, "chain": 0.08}
"Of `direct_batch`: answering without a thought needs the most practice, in the shortest rows."


def spread(language: Language, question: Question, rng: random.Random) -> tuple[list[int], Spoken]:
    """Pseudo-audio as long as its words would last, where they end in it, and perhaps a pause."""
    path = [PAD] * rng.randint(0, 3)
    ends, pauses = list[float](), list[tuple[float, float]]()
    slow = rng.random() < 0.4
    for word in language.words(question):
        if slow:
            path += [PAD] * rng.choice((0, 1, 2, 3))
        path += pseudo_audio([word], rng)
        ends.append(float(len(path)))
        if rng.random() < 0.1:
            path += [PAD] * rng.randint(3, 14)
            pauses.append((ends[-1], float(len(path))))
    path += [PAD] * rng.randint(1, 5)
    return path, Spoken(question, None, len(path), tuple(ends), tuple(pauses))


def drill_row(language: Language, rng: random.Random, modes: dict[str, float]) -> Row:
    """One turn of `MIX`."""
    question = draw(rng.choices(list(MIX), list(MIX.values()))[0], rng)
    if question.skill == "unclear":
        strange = rng.choices(range(262, len(language.tokenizer)), k=rng.randint(1, 8))
        audio = pseudo_audio(strange, rng)
        spoken = Spoken(question, None, len(audio))
    else:
        audio, spoken = spread(language, question, rng)
    script = plan(spoken, draw_borders(spoken, rng), rng)
    turn = Turn(question, None, tuple(audio), script, draw_mode(script, rng, modes))
    return turn_row(language, turn, rng, heard_weight=1.0)


def direct_row(language: Language, rng: random.Random) -> Row:
    """A sum answered without a thought; its words follow each other closely."""
    question = draw(rng.choices(list(DIRECT_MIX), list(DIRECT_MIX.values()))[0], rng)
    audio = language.words(question) if rng.random() < 0.7 else pseudo_audio(language.words(question), rng)
    script = plan(Spoken(question, None, len(audio)), [])
    return turn_row(language, Turn(question, None, tuple(audio), script, "direct"), rng)


def drill_batch(
    language: Language, rng: random.Random, size: int, modes: dict[str, float] | None = None
) -> Batch:
    """`size` rows of about the same length."""
    return _alike([drill_row(language, rng, modes or MODES) for _ in range(4 * size)], size, rng)


def direct_batch(language: Language, rng: random.Random, size: int) -> Batch:
    """`size` rows of about the same length."""
    return _alike([direct_row(language, rng) for _ in range(4 * size)], size, rng)


def _alike(rows: list[Row], size: int, rng: random.Random) -> Batch:
    """A quarter of `rows`, neighbours by length."""
    rows.sort(key=lambda row: len(row.ids))
    first = rng.randrange(4) * size
    return collate(rows[first : first + size])
