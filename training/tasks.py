"""Draws questions of every skill: the names of `skills.registry` under which older callers know them."""

import random

from .skills import registry
from .skills.drawing import held_out
from .skills.question import Question
from .skills.sums import OPENINGS as SUM_OPENINGS
from .skills.sums import SPOKEN_SIGN, TEEN_TY
from .skills.talk import NODS, SMALL_TALK, TALK_REPLY
from .skills.voice import ASKED
from .targets import CUE_SKILLS as _CUE_SKILLS

CUE_TEMPLATES = {name: ASKED[name] for name in _CUE_SKILLS}
CUE_SKILLS = frozenset(_CUE_SKILLS)


def draw(skill: str, rng: random.Random, *, test: bool = False) -> Question:
    """One question of `skill`; `test` draws only from the held-out operands, training never does."""
    return registry.draw(skill, rng, test=test)


__all__ = [
    "CUE_SKILLS", "CUE_TEMPLATES", "NODS", "SMALL_TALK", "SPOKEN_SIGN", "SUM_OPENINGS", "TALK_REPLY",
    "TEEN_TY", "Question", "draw", "held_out",
]  # fmt: skip
