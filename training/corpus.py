"""The corpus on disk: shards of trimmed, level clean speech (int16), one JSON line per utterance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .audio import RATE, Pcm
from .labels import syllables
from .skills.question import Question, from_json
from .skills.registry import SHARES

SKILLS = dict(SHARES)
"Shares of the training corpus; stages choose themselves how often they draw each."


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken question; its samples lie at [start, start + count) of the shard."""

    question: Question
    phonemes: str
    "IPA, United States, whatever the voice's accent."
    voice: str
    group: str
    "Of `voices.GROUPS`."
    start: int
    count: int
    pitch: float = 0.0
    "Median hertz; only for pitch questions."
    breaks: tuple[int, ...] = ()
    "Word borders (samples from start) where the voice began anew, so that pauses may be put there."
    ends: tuple[int, ...] = ()
    "Where each word ends (samples from start); empty where the engine did not tell."
    others: tuple[tuple[int, int], ...] = ()
    "Where a second voice speaks (samples from start)."

    @property
    def syllables(self) -> int:
        return syllables(self.phonemes)

    @property
    def speaker(self) -> str:
        """Who speaks, whatever the accent: espeak's variant, or the voice of another engine."""
        return self.voice.split("+")[-1] if self.group in ("espeak", "invented") else self.voice

    @property
    def pace(self) -> float:
        """Syllables per second of speech."""
        return self.syllables / (self.count / RATE)


def _parse(line: str) -> Utterance:
    content = json.loads(line)
    question = from_json(content.pop("question"))
    content.pop("extra", None)
    border = content.pop("border", 0)
    breaks = tuple(content.pop("breaks", ())) or ((border,) if border else ())
    ends, others = tuple(content.pop("ends", ())), tuple(map(tuple, content.pop("others", ())))
    return Utterance(question, breaks=breaks, ends=ends, others=others, **content)


def counts(folder: Path) -> dict[str, int]:
    """Utterances of each group of voices in a folder of shards; their lines are only counted."""
    found: dict[str, int] = {}
    for path in sorted(folder.glob("*.order.json")):
        group = json.loads(path.read_text(encoding="utf-8"))["group"]
        lines = path.with_name(path.name.removesuffix(".order.json")).with_suffix(".jsonl")
        if lines.exists():
            found[group] = found.get(group, 0) + lines.read_bytes().count(b"\n")
    return found


class Corpus:
    """All finished shards of its folders, in the order of their names."""

    def __init__(self, *folders: Path) -> None:
        self._shards: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int16]]] = {}
        self.items: list[tuple[str, Utterance]] = []
        for folder in folders:
            paths = sorted(folder.glob("*.jsonl"))
            if not paths:
                raise FileNotFoundError(f"{folder} holds no finished shard; run the stage `speech` first")
            for path in paths:
                shard = str(path.with_suffix(""))
                self._shards[shard] = np.memmap(path.with_suffix(".pcm"), np.int16, "r")
                lines = path.read_text(encoding="utf-8").splitlines()
                self.items += [(shard, _parse(line)) for line in lines]

    def pcm(self, shard: str, utterance: Utterance) -> Pcm:
        """The clean samples, at -26 dB full scale."""
        stored = self._shards[shard][utterance.start : utterance.start + utterance.count]
        return np.asarray(stored, np.float32) * np.float32(1 / 32768)

    def __iter__(self) -> Iterator[tuple[str, Utterance]]:
        return iter(self.items)
