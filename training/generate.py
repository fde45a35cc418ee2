"""Speaks questions into shards.

Runs only in a spawned worker process: it loads espeak-ng (GPL), which nothing else here may do.
"""

import itertools
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
from .speech import Engine, Espeak, Flite, Spoken, Style
from .targets import label
from .tasks import NODS, Question, draw

STORED_LEVEL = 10 ** (-26 / 20)
INVENTED_ACCENTS = 0.12
"Share of espeak's training utterances with a made-up accent."
LONGEST = {"long": 13.0}
"Seconds of speech at most, 6.5 for other skills."
_HUMS = {
    "espeak": ("[[@mh'@m]]", "[[Vh'V]]", "[[@mh'Vm]]", "[[Vh'Vm]]"),
    "flite": ("uh huh", "um hum", "hmm hmm", "uh hum"),
}
"How an engine is told to hum (mm-hmm), which it cannot read. Espeak dies of syllables without a vowel."
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
    elif skill == "long":
        pace = rng.uniform(0.55, 1.05)
    else:
        pace = rng.uniform(0.64, 1.55)
    return Style(pace, rng.random(), rng.uniform(0.1, 0.9))


def _cuts(question: Question, rng: random.Random) -> list[int]:
    """Numbers of words after which the voice begins anew; often several in a long chain."""
    count = len(question.words)
    if question.skill in ("pace", "pitch", "nod") or count <= 2:
        return []
    if question.skill == "long":
        wanted = rng.choice((0, 0, 0, 1, 1, 2, 3))
    else:
        wanted = int(rng.random() < 0.12)
    return sorted(rng.sample(range(1, count), min(wanted, count - 1)))


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

    def _say(self, question: Question, voice: str, rng: random.Random) -> tuple[Spoken, tuple[int, ...]]:
        """Speech and the samples where it began anew.

        Cut sums often end with a rising comma.
        """
        style, words, cuts = _style(question.skill, rng), list(question.words), _cuts(question, rng)
        if question.skill == "incomplete" and rng.random() < 0.6:
            words[-1] += ","
        espeak = self._order.group == "espeak"
        if espeak and not cuts and not self._order.test and rng.random() < INVENTED_ACCENTS:
            text = f"[[{shift(self._espeak.phonemes(' '.join(words), ipa=False), rng)}]]"
            return self._engine.timed(text, len(words), voice, style), ()
        parts = []
        for first, last in itertools.pairwise([0, *cuts, len(words)]):
            comma = rng.choice((",", ",", "")) if last < len(words) else ""
            text = " ".join(words[first:last]) + comma
            parts.append(self._engine.timed(text, last - first, voice, style))
        return _glued(parts)

    def _nod(self, question: Question, voice: str, rng: random.Random) -> tuple[Spoken, str]:
        """A listener's word or hum, and its IPA."""
        heard = " ".join(question.words)
        said, style = rng.choice(NODS[heard]), _style("nod", rng)
        if heard == "mhm":
            text = rng.choice(_HUMS["espeak" if self._order.group == "espeak" else "flite"])
            return self._engine.timed(text, 0, voice, style), "mhm"
        return self._engine.timed(said, len(said.split()), voice, style), self._pronunciation.ipa(
            said.split()
        )

    def utterance(self, skill: str, start: int, rng: random.Random) -> tuple[Utterance, Pcm] | None:
        """One utterance, or None if it came out too short, too long, or without a clear label."""
        question, voice = draw(skill, rng, test=self._order.test), rng.choice(self._voices)
        breaks: tuple[int, ...] = ()
        if skill == "nod":
            spoken, ipa = self._nod(question, voice, rng)
        else:
            spoken, breaks = self._say(question, voice, rng)
            ipa = self._pronunciation.ipa(question.words)
        pcm, ends = spoken.pcm, spoken.ends
        if not 0.15 * RATE < len(pcm) < LONGEST.get(skill, 6.5) * RATE:
            return None
        pitch = median_pitch(pcm) if skill == "pitch" else 0.0
        if skill == "pitch" and (pitch == 0 or label("pitch", pitch) is None):
            return None
        if len(ends) != len(question.words):
            ends = (len(pcm),) if len(question.words) == 1 else ()
        group = self._order.group
        made = Utterance(question, ipa, voice, group, start, len(pcm), round(pitch, 1), breaks, ends)
        if skill == "pace" and label("pace", made.pace) is None:
            return None
        return made, pcm * np.float32(STORED_LEVEL / rms(pcm))


def _glued(parts: list[Spoken]) -> tuple[Spoken, tuple[int, ...]]:
    """Parts one after the other, and where all but the first begin; no word ends if a part has none."""
    offsets = [0, *itertools.accumulate(len(part.pcm) for part in parts)]
    known = all(part.ends for part in parts)
    ends = [at + end for at, part in zip(offsets, parts, strict=False) for end in part.ends] if known else []
    return Spoken(np.concatenate([part.pcm for part in parts]), tuple(ends)), tuple(offsets[1:-1])


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
