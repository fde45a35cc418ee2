"""Speaks questions into shards.

Runs only in a spawned worker process: it loads espeak-ng (GPL), which nothing else here may do.
"""

import json
import multiprocessing
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import voices
from .accent import shift
from .audio import RATE, Pcm, rms
from .corpus import SKILLS, Utterance
from .labels import median_pitch
from .progress import begin, say
from .speech import Engine, Espeak, Flite, Style
from .targets import label
from .tasks import Question, draw

STORED_LEVEL = 10 ** (-26 / 20)
INVENTED_ACCENTS = 0.12
"Share of espeak's training utterances with a made-up accent."
_MARKS = re.compile(r"[ˈˌː\s‍͡_\-|(){}̩]")


@dataclass(frozen=True, slots=True)
class Order:
    """What one worker makes."""

    folder: str
    group: str
    "espeak | kal16 | awb | slt | rms"
    count: int
    seed: int
    test: bool = False
    "Held-out operands and sentences."
    unseen: bool = False
    "Held-out espeak variants and accent."
    skills: tuple[tuple[str, float], ...] = tuple(SKILLS.items())
    shard: int = 1000


class _Pronunciation:
    """IPA of single words, looked up once."""

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak
        self._known: dict[str, str] = {}

    def ipa(self, words: Sequence[str]) -> str:
        for word in words:
            if word not in self._known:
                self._known[word] = _MARKS.sub("", re.sub(r"\(.*?\)", "", self._espeak.phonemes(word)))
        return "".join(self._known[word] for word in words)


def _style(skill: str, rng: random.Random) -> Style:
    if skill == "pace":
        pace = rng.uniform(0.58, 0.88) if rng.random() < 0.5 else rng.uniform(1.2, 1.8)
    else:
        pace = rng.uniform(0.64, 1.55)
    return Style(pace, rng.random(), rng.uniform(0.1, 0.9))


class Worker:
    """Speaks the utterances of one order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._espeak = Espeak()
        self._engine: Engine = self._espeak if order.group == "espeak" else Flite()
        self._pronunciation = _Pronunciation(self._espeak)
        if order.unseen and order.group == "espeak":
            self._voices = voices.test_espeak()
        elif order.group == "espeak":
            self._voices = voices.train_espeak(self._espeak.variants())
        elif order.group == voices.TEST_FLITE and not order.test:
            raise ValueError(f"{order.group} is a test voice: it must not speak training questions")
        else:
            self._voices = [order.group]

    def _say(self, question: Question, voice: str, rng: random.Random) -> tuple[Pcm, int]:
        """Speech and the sample of a word border (0: said in one breath).

        Cut sums often end with a rising comma.
        """
        style, words = _style(question.skill, rng), list(question.words)
        if question.skill == "incomplete" and rng.random() < 0.6:
            words[-1] += ","
        if question.skill not in ("pace", "pitch") and len(words) > 2 and rng.random() < 0.12:
            at = rng.randint(1, len(words) - 1)
            first = self._engine.say(" ".join(words[:at]) + rng.choice((",", ",", "")), voice, style)
            second = self._engine.say(" ".join(words[at:]), voice, style)
            return np.concatenate([first, second]), len(first)
        text = " ".join(words)
        if self._order.group == "espeak" and not self._order.test and rng.random() < INVENTED_ACCENTS:
            text = f"[[{shift(self._espeak.phonemes(text, ipa=False), rng)}]]"
        return self._engine.say(text, voice, style), 0

    def utterance(self, skill: str, start: int, rng: random.Random) -> tuple[Utterance, Pcm] | None:
        """One utterance, or None if it came out too short, too long, or without a clear label."""
        question, voice = draw(skill, rng, test=self._order.test), rng.choice(self._voices)
        pcm, border = self._say(question, voice, rng)
        if not 0.15 * RATE < len(pcm) < 6.5 * RATE:
            return None
        pitch = median_pitch(pcm) if skill == "pitch" else 0.0
        if skill == "pitch" and (pitch == 0 or label("pitch", pitch) is None):
            return None
        ipa = self._pronunciation.ipa(question.words)
        made = Utterance(question, ipa, voice, self._order.group, start, len(pcm), round(pitch, 1), border)
        if skill == "pace" and label("pace", made.pace) is None:
            return None
        return made, pcm * np.float32(STORED_LEVEL / rms(pcm))


def generate(order: Order) -> None:
    """Writes shards until `count` utterances are there; goes on where an earlier run stopped."""
    worker = Worker(order)
    skills, weights = zip(*order.skills, strict=True)
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(-(-order.count // order.shard)):
        name = folder / f"{order.group}-{order.seed}-{number:04d}"
        if name.with_suffix(".jsonl").exists():
            continue
        rng = random.Random(f"{order.seed}-{number}")
        made: list[Utterance] = []
        chunks: list[Pcm] = []
        start = 0
        while len(made) < min(order.shard, order.count - number * order.shard):
            found = worker.utterance(rng.choices(skills, weights)[0], start, rng)
            if found is not None:
                made.append(found[0])
                chunks.append(found[1])
                start += len(found[1])
        (np.concatenate(chunks) * 32768).clip(-32768, 32767).astype(np.int16).tofile(name.with_suffix(".pcm"))
        partial = name.with_suffix(".partial")
        partial.write_text(
            "".join(json.dumps(asdict(u), ensure_ascii=False) + "\n" for u in made), encoding="utf-8"
        )
        partial.rename(name.with_suffix(".jsonl"))
        say(f"{name.name}: {len(made)} utterances, {start / RATE / 60:.0f} min of speech")


def _generate_all(orders: Sequence[Order]) -> None:
    begin()
    for order in orders:
        generate(order)


def generate_apart(*rows: Sequence[Order]) -> None:
    """Each row of orders in a spawned process of its own, all at once. RuntimeError if one fails."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_generate_all, args=(row,)) for row in rows]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("a speech worker failed; its message is above")
