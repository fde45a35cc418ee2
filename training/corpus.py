"""The corpus on disk: shards of trimmed, level clean speech (int16), one JSON line per utterance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .audio import RATE, Pcm
from .labels import syllables
from .tasks import Question

SKILLS = {
    "sum": 0.44,
    "times": 0.05,
    "chain": 0.13,
    "pitch": 0.08,
    "pace": 0.07,
    "loudness": 0.05,
    "talk": 0.05,
    "unclear": 0.08,
    "incomplete": 0.05,
}
"Shares of the training corpus; how often each is drawn in training is the stage's own choice."


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken question; its samples lie at [start, start + count) of the shard."""

    question: Question
    phonemes: str
    "IPA, United States, whatever the voice's accent."
    voice: str
    group: str
    "espeak | kal16 | awb | slt | rms"
    start: int
    count: int
    pitch: float = 0.0
    "Median hertz; only for pitch questions."
    border: int = 0
    "A word border (samples from start) where a pause may be put; 0 if none."

    @property
    def syllables(self) -> int:
        return syllables(self.phonemes)

    @property
    def pace(self) -> float:
        """Syllables per second of speech."""
        return self.syllables / (self.count / RATE)


def _parse(line: str) -> Utterance:
    content = json.loads(line)
    said = content.pop("question")
    question = Question(said["skill"], tuple(said["words"]), tuple(said["numbers"]), tuple(said["signs"]))
    content.pop("extra", None)
    return Utterance(question, **content)


class Corpus:
    """All finished shards of a folder, in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self._shards: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int16]]] = {}
        self.items: list[tuple[str, Utterance]] = []
        for path in sorted(folder.glob("*.jsonl")):
            self._shards[path.stem] = np.memmap(path.with_suffix(".pcm"), np.int16, "r")
            self.items += [
                (path.stem, _parse(line)) for line in path.read_text(encoding="utf-8").splitlines()
            ]
        if not self.items:
            raise FileNotFoundError(f"{folder} holds no finished shard; run the stage `speech` first")

    def pcm(self, shard: str, utterance: Utterance) -> Pcm:
        """The clean samples, at -26 dB full scale."""
        stored = self._shards[shard][utterance.start : utterance.start + utterance.count]
        return np.asarray(stored, np.float32) * np.float32(1 / 32768)

    def __iter__(self) -> Iterator[tuple[str, Utterance]]:
        return iter(self.items)
