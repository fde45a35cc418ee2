"""Speaks questions into shards.

Runs only in a spawned worker process: it loads GPL engines, which nothing else here may do.
"""

import hashlib
import json
import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from . import voices
from .attempts import attempts, done, watched
from .audio import RATE, Pcm
from .corpus import SKILLS, Utterance
from .progress import begin, say
from .speech import Missing
from .speech_engines import open_engine, open_espeak
from .speech_festival import Festival
from .speech_saying import Teller


@dataclass(frozen=True, slots=True)
class Order:
    """What one worker makes. The same order makes the same shards, whenever and wherever it is run."""

    folder: str
    group: str
    "Of `voices.GROUPS`."
    count: int
    seed: int
    test: bool = False
    "Held-out operands and sentences."
    unseen: bool = False
    "Held-out espeak variants and accent."
    skills: tuple[tuple[str, float], ...] = tuple(SKILLS.items())
    shard: int = 1000


def generate(order: Order) -> None:
    """Writes shards until `count` utterances are there; goes on where an earlier run stopped.

    A group whose engine cannot be had is left out, and one line says so.
    """
    if voices.GROUPS[order.group].test and not order.test:
        raise ValueError(f"{order.group} is a test voice: it must not speak training questions")
    espeak = open_espeak(order.group, order.seed)
    try:
        engine = open_engine(order.group, espeak)
    except Missing as problem:
        say(f"voices {order.group}: left out, {problem}")
        return
    try:
        _speak(order, Teller(order.group, engine, espeak, test=order.test, unseen=order.unseen))
    finally:
        if isinstance(engine, Festival):  # a process of its own, with its voices in 0.3 GB
            engine.close()


def _speak(order: Order, teller: Teller) -> None:
    skills, weights = zip(*order.skills, strict=True)
    folder = Path(order.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(-(-order.count // order.shard)):
        name = folder / f"{order.group}-{order.seed}-{number:04d}"
        if name.with_suffix(".jsonl").exists():
            continue
        made: list[Utterance] = []
        chunks: list[Pcm] = []
        start = 0
        for attempt in attempts(name):
            rng = random.Random(f"{order.seed}-{number}-{attempt}")
            found = teller.utterance(rng.choices(skills, weights)[0], start, rng)
            if found is not None:
                made.append(found[0])
                chunks.append(found[1])
                start += len(found[1])
            if len(made) == min(order.shard, order.count - number * order.shard):
                break
        _write(name, order, made, np.concatenate(chunks))
        done(name)
        say(f"{name.name}: {len(made)} utterances, {start / RATE / 60:.0f} min of speech")


def _write(name: Path, order: Order, made: Sequence[Utterance], pcm: Pcm) -> None:
    """Samples, the order that made them, then the lines: a shard without lines is not finished."""
    samples = (pcm * 32768).clip(-32768, 32767).astype(np.int16)
    samples.tofile(name.with_suffix(".pcm"))
    digest = hashlib.sha256(samples.tobytes()).hexdigest()
    told = asdict(order) | {"folder": name.parent.name, "sha256": digest}
    name.with_suffix(".order.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
    partial = name.with_suffix(".partial")
    partial.write_text(
        "".join(json.dumps(asdict(u), ensure_ascii=False) + "\n" for u in made), encoding="utf-8"
    )
    partial.rename(name.with_suffix(".jsonl"))


def _generate_all(orders: Sequence[Order]) -> None:
    begin()
    for order in orders:
        generate(order)


def generate_apart(*rows: Sequence[Order]) -> None:
    """Each row of orders in a spawned process of its own, all at once.

    Engines of C die now and then of one utterance: it is left out, and its worker begun anew. RuntimeError
    if one fails otherwise, or dies too often.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # idle threads of numpy's library would spin
    with ThreadPoolExecutor(max(1, len(rows))) as watchers:
        list(watchers.map(partial(watched, _generate_all), rows))
