"""The test sets: which voices, skills and numbers.

Everything is made anew from a seed; nothing of it is ever trained on.
"""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import voices
from .audio import Pcm
from .augment import Clip, augment, noise_clip, plain
from .conversations import place, said_of
from .corpus import Corpus
from .generate import Order, generate_apart
from .grounded import Verdict, check
from .language import Called
from .skills import registry, tools, voice
from .skills.question import Past, Question
from .unclear import NOISE

MANY, SOME = 1500, 150
"Cases of a family: of the main set, and of each of the others."
FULL_SCALE = 32767
NEAR = 300
"Cases among which an earlier turn is looked for."


@dataclass(frozen=True, slots=True)
class Recipe:
    """One test set."""

    name: str
    title: str
    group: str
    unseen: bool
    counts: dict[str, int]
    rough: bool = False
    "With training's augmentation (rooms, noise, speed, other speakers); else quiet and clean."


def _counts(many: int, more: dict[str, int], *, noise: int = 0) -> dict[str, int]:
    return dict.fromkeys(registry.FAMILIES, many) | more | ({"noise": noise} if noise else {})


UNSEEN = Recipe(
    "unseen",
    "held-out espeak voices and accent, held-out questions",
    "espeak",
    True,
    _counts(MANY, {"again": 300, "said": 600, "earlier": 300}, noise=300),
)
PEOPLE = tuple(
    Recipe(
        name,
        f"{name}: a voice made from a person's recordings, never trained; held-out questions",
        name,
        True,
        _counts(SOME, {"sum": 500, "chain": 200}),
    )
    for name in voices.TEST_PEOPLE
)
SEEN = Recipe(
    "seen",
    "trained espeak voices, held-out questions",
    "espeak",
    False,
    {"sum": 500, "chain": SOME, "long": SOME, "digits": SOME, "pitch": SOME, "pace": SOME, "loudness": SOME},
)
ROUGH = Recipe(
    "rough",
    "held-out espeak voices in rooms, on telephones, in noise 5 to 40 dB below speech",
    "espeak",
    True,
    {"sum": 500, "digits": SOME, "count": SOME},
    rough=True,
)
TESTS = (UNSEEN, *PEOPLE, SEEN, ROUGH)
# Half a percent of the right answers may fall below the threshold: some forty of these. Of a quarter as many
# it would be nine, and chance would move the threshold from one training to the next.
_CALIBRATED = {"sum": 1600, "chain": 400, "long": 400, "unclear": 800, "incomplete": 240}
CALIBRATION = (
    Recipe(
        "calibration",
        "trained voices, for the refusal threshold only",
        "espeak",
        False,
        dict.fromkeys(registry.FAMILIES, 80) | _CALIBRATED,
    ),
    Recipe("calibration-slt", "trained voice", "slt", False, {"sum": 480, "digits": 240}),
)
_CALIBRATION_SEED = 900_000


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to answer; `case_of` makes one."""

    clip: Clip
    "Without samples: they are in `sound`."
    question: Question
    voice: str
    "The engine's voice, or the person: what intervals are clustered by where there are few."
    before: tuple["Case", ...] = ()
    "Earlier turns of the conversation, oldest first; their right replies were spoken."
    tools: tuple[str, ...] = ()
    "Names of those that are offered."
    sound: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16), repr=False)
    "What is heard; a hundred thousand cases in floats would take more memory than most machines have."
    said: tuple[str, ...] = ()
    "Words and sounds in the order of the clip."

    @property
    def noisy(self) -> Pcm:
        """What is heard."""
        return self.sound.astype(np.float32) / np.float32(FULL_SCALE)

    @property
    def past(self) -> Past:
        """Earlier turns with what was replied."""
        past: list[tuple[Question, str]] = []
        for case in self.before:
            past.append((case.question, registry.reply(case.question, case.clip.measured, past)))
        return past

    @property
    def reply(self) -> str:
        """What should be said."""
        return registry.reply(self.question, self.clip.measured, self.past)

    @property
    def held(self) -> str:
        """What may be said on a part of the thought."""
        return registry.held(self.question, self.past)

    @property
    def words(self) -> list[str]:
        """What should be heard: words and sounds. A turn that goes on after a call hears nothing."""
        if tools.stage(self.question) == "result":
            return []
        return ["unclear"] if self.question.skill == "unclear" else [*self.said]

    @property
    def lines(self) -> list[str]:
        """What should be thought."""
        known = registry.lines(self.question, self.clip.measured, self.past)
        called = tools.stage(self.question) == "result"
        return known if called else [" ".join(["heard:", *self.words]), *known]

    @property
    def called(self) -> Called | None:
        """The call that was made in this turn already, and its result."""
        if tools.stage(self.question) != "result":
            return None
        return tools.called(self.question, random.Random(" ".join(self.question.words)))

    def verdict(self, lines: Sequence[str]) -> Verdict:
        """What these lines of a thought cite, against what was measured."""
        return check(lines, self.clip.measured)

    @property
    def kind(self) -> str:
        """The family, as tables name it."""
        return "noise" if self.question.words == (NOISE,) else self.question.skill


def case_of(
    clip: Clip, question: Question, voice: str, before: tuple[Case, ...] = (), tools: tuple[str, ...] = ()
) -> Case:
    """A case of this clip, which may be let go afterwards."""
    sound = np.rint(np.clip(clip.noisy, -1.0, 1.0) * FULL_SCALE).astype(np.int16)
    return Case(bare(clip), question, voice, before, tools, sound, said_of(clip, question))


def bare(clip: Clip) -> Clip:
    """The same clip without its samples."""
    nothing = np.zeros(0, np.float32)
    return replace(clip, noisy=nothing, clean=nothing, _track=[])


def _orders(recipe: Recipe, folder: Path, seed: int) -> list[Order]:
    """One per family; those with two labels in excess, so that both can be cut to the same number."""
    orders = []
    for i, (skill, count) in enumerate(recipe.counts.items()):
        if skill != "noise":
            wanted = int(count * 1.3) + 2 if skill in registry.VOICED else count
            skills = ((skill, 1.0),)
            order = Order(str(folder), recipe.group, wanted, seed + i, skills=skills, shard=wanted)
            orders.append(replace(order, test=True, unseen=recipe.unseen))
    return orders


def build(recipes: Sequence[Recipe], folder: Path, seed: int, *, workers: int = 2) -> dict[str, list[Case]]:
    """Speaks and prepares all cases; a set whose voice cannot be had stays empty. Empties `folder` first."""
    shutil.rmtree(folder, ignore_errors=True)
    base = 10_000 + seed * 10_000
    orders = [order for k, r in enumerate(recipes) for order in _orders(r, folder / r.name, base + 100 * k)]
    generate_apart(*[orders[i::workers] for i in range(min(workers, len(orders)))])
    return {
        recipe.name: _cases(recipe, folder / recipe.name, random.Random(f"{recipe.name} {seed}"))
        for recipe in recipes
    }


def _cases(recipe: Recipe, folder: Path, rng: random.Random) -> list[Case]:
    left = {skill: {"": count} for skill, count in recipe.counts.items()}
    alone: list[Case] = []
    for shard, utterance in (corpus := Corpus(folder)) if list(folder.glob("*.jsonl")) else ():
        skill = utterance.question.skill
        clip = (augment if recipe.rough else plain)(corpus.pcm(shard, utterance), utterance, rng)
        if not clip.fit:
            continue
        case, word = case_of(clip, utterance.question, utterance.speaker), ""
        if skill in voice.ASKED:
            word = case.reply
            left[skill].setdefault(word, -(-recipe.counts[skill] // 2))
        if left[skill][word] > 0:
            left[skill][word] -= 1
            alone.append(case)
    noises = recipe.counts.get("noise", 0)
    return [
        *conversed(alone, rng, 0.0),
        *(case_of(noise_clip(rng), Question("unclear", (NOISE,)), "none") for _ in range(noises)),
    ]


def conversed(cases: Sequence[Case], rng: random.Random, share: float) -> list[Case]:
    """The same cases after other turns: follow-ups always after what they need, others by chance `share`."""
    out = []
    for case in cases:
        near = [case, *rng.sample(cases, min(NEAR, len(cases)))]
        at = place(near, 0, rng, share, test=True)
        out.append(replace(case, before=tuple(near[i] for i in at.before), tools=at.tools))
    return out


def calibration(folder: Path, seed: int) -> list[Case]:
    """Apart from every test set: other seeds and, but for the questions, other voices."""
    return [
        case
        for cases in build(CALIBRATION, folder, _CALIBRATION_SEED // 1000 + seed).values()
        for case in cases
    ]
