"""Cuts speech at a word border, as when somebody stops in the middle: that asks something else."""

import random
from dataclasses import replace

import numpy as np

from .audio import RATE, Pcm
from .chains import parse, question_of
from .corpus import Utterance
from .skills.drawing import held_out
from .skills.question import Question

CUT_SKILLS = ("long", "sum", "times")
_FADE = RATE // 100


def can_cut(utterance: Utterance) -> bool:
    """Its words have known ends, and there are enough of them."""
    return utterance.question.skill in CUT_SKILLS and len(utterance.ends) > 2


def _ways(words: tuple[str, ...]) -> list[tuple[int, Question]]:
    """Numbers of words to keep, and what is asked then; never a held-out set of operands."""
    ways = [(count, question_of(words[:count])) for count in range(2, len(words))]
    return [
        (count, question)
        for count, question in ways
        if not any(held_out(a, b) for a, sign, b in parse(question.words).steps() if sign != "*")
        and not (len(question.numbers) > 1 and "*" not in question.signs and held_out(*question.numbers))
    ]


def cut(pcm: Pcm, utterance: Utterance, rng: random.Random) -> tuple[Pcm, Utterance]:
    """After two or more words, not the last; the last 10 ms fade out. Its phonemes are unknown then ("").

    Speech that cannot be cut without asking for a held-out sum stays whole.
    """
    ways = _ways(utterance.question.words)
    if not ways:
        return pcm, utterance
    count, question = rng.choice(ways)
    end = utterance.ends[count - 1]
    fade = np.ones(end, np.float32)
    fade[-_FADE:] = np.linspace(1, 0, min(_FADE, end), dtype=np.float32)
    shorter = replace(
        utterance,
        question=question,
        phonemes="",
        count=end,
        breaks=tuple(place for place in utterance.breaks if place < end),
        ends=utterance.ends[:count],
    )
    return pcm[:end] * fade, shorter
