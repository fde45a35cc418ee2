"""The test sets: which voices, skills and numbers.

Everything is made anew from a seed; nothing of it is ever trained on.
"""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from .augment import Clip, augment, noise_clip, plain
from .corpus import Corpus
from .generate import Order, generate_apart
from .targets import label
from .tasks import CUE_SKILLS, Question
from .unclear import NOISE


@dataclass(frozen=True, slots=True)
class Recipe:
    """One test set."""

    name: str
    title: str
    group: str
    unseen: bool
    counts: dict[str, int]
    rough: bool = False
    "With training's augmentation (rooms, noise, speed); else quiet and clean."


UNSEEN = Recipe(
    "unseen",
    "held-out espeak voices and accent, held-out operands",
    "espeak",
    True,
    {
        "sum": 600,
        "chain": 300,
        "times": 150,
        "pitch": 300,
        "pace": 300,
        "loudness": 300,
        "talk": 120,
        "incomplete": 150,
        "unclear": 200,
        "noise": 60,
        "long": 500,
        "nod": 150,
    },
)
RMS = Recipe(
    "rms",
    "flite rms (a human-derived voice, never trained), held-out operands",
    "rms",
    True,
    {
        "sum": 400,
        "chain": 150,
        "times": 60,
        "pace": 200,
        "loudness": 150,
        "talk": 60,
        "incomplete": 80,
        "unclear": 100,
        "long": 150,
        "nod": 60,
    },
)
SEEN = Recipe(
    "seen",
    "trained espeak voices, held-out operands",
    "espeak",
    False,
    {"sum": 300, "chain": 150, "pitch": 120, "pace": 120, "loudness": 120, "long": 150},
)
ROUGH = Recipe(
    "rough",
    "held-out espeak voices, rooms, noise 6 to 40 dB below speech",
    "espeak",
    True,
    {"sum": 300},
    rough=True,
)
TESTS = (UNSEEN, RMS, SEEN, ROUGH)
CALIBRATION = (
    Recipe(
        "calibration",
        "trained voices, for the refusal threshold only",
        "espeak",
        False,
        {"sum": 500, "chain": 150, "pitch": 60, "pace": 60, "loudness": 60, "talk": 60, "long": 150},
    ),
    Recipe("calibration-slt", "trained voice", "slt", False, {"sum": 120}),
)
_CALIBRATION_SEED = 900_000


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to answer."""

    clip: Clip
    question: Question
    voice: str


def _orders(recipe: Recipe, folder: Path, seed: int) -> list[Order]:
    """Cue skills are made in excess, so that both labels can be cut to the same number."""
    orders = []
    for i, (skill, count) in enumerate(recipe.counts.items()):
        if skill != "noise":
            wanted = count * 2 if skill in ("pitch", "pace") else count
            orders.append(
                Order(
                    str(folder),
                    recipe.group,
                    wanted,
                    seed + i,
                    test=True,
                    unseen=recipe.unseen,
                    skills=((skill, 1.0),),
                    shard=wanted,
                )
            )
    return orders


def build(recipes: tuple[Recipe, ...], folder: Path, seed: int) -> dict[str, list[Case]]:
    """Speaks and prepares all cases. `folder` is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    base = 10_000 + seed * 1000
    generate_apart(*[_orders(r, folder / r.name, base + 100 * k) for k, r in enumerate(recipes)])
    return {
        recipe.name: _cases(recipe, folder / recipe.name, random.Random(f"{recipe.name} {seed}"))
        for recipe in recipes
    }


def _cases(recipe: Recipe, folder: Path, rng: random.Random) -> list[Case]:
    corpus, cases = Corpus(folder), list[Case]()
    left = {skill: {"": count} for skill, count in recipe.counts.items()}
    for shard, utterance in corpus:
        skill = utterance.question.skill
        clip = (augment if recipe.rough else plain)(corpus.pcm(shard, utterance), utterance, rng)
        word = ""
        if skill in CUE_SKILLS and clip.cue is not None:
            word = label(skill, clip.cue) or ""
            left[skill].setdefault(word, recipe.counts[skill] // 2)
        if left[skill][word] > 0:
            left[skill][word] -= 1
            cases.append(Case(clip, utterance.question, utterance.voice))
    cases += [
        Case(noise_clip(rng), Question("noise", (NOISE,)), "none")
        for _ in range(recipe.counts.get("noise", 0))
    ]
    return cases


def calibration(folder: Path, seed: int) -> list[Case]:
    """Apart from every test set: other seeds and, but for the operands, other voices."""
    return [
        case
        for cases in build(CALIBRATION, folder, _CALIBRATION_SEED // 1000 + seed).values()
        for case in cases
    ]
