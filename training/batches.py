"""Draws balanced batches of similar length and makes tensors of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .audio import POSITION
from .augment import Clip, augment, noise_clip
from .corpus import Corpus, Utterance
from .cutting import can_cut, cut
from .labels import Track, track
from .language import Language
from .spectrum import NO_WARP
from .targets import label
from .tasks import Question
from .unclear import NOISE

PHONEMES = "abdefhijklmnopstuvwzæðŋɐɑɒɔəɚɛɜɡɪɹɾʃʊʌʒʔθᵻx"
"Characters of the CTC alphabet; class i + 1 is PHONEMES[i], others are left out."
GROUP_SHARES = {"espeak": 0.62, "kal16": 0.12, "awb": 0.11, "slt": 0.15}
ROUND = 4 * POSITION
POOL = 16
"Batches that are drawn at once and sorted by length."
_CLASS = {sound: i + 1 for i, sound in enumerate(PHONEMES)}


@dataclass(frozen=True, slots=True)
class Item:
    """A clip with its question; `utterance` is None for clips without speech."""

    clip: Clip
    question: Question
    utterance: Utterance | None


@dataclass(frozen=True, slots=True)
class AudioBatch:
    """Right-padded with zeros; B items, N samples, F = N / 640 frames."""

    items: list[Item]
    pcm: Tensor
    "[B, N]"
    warps: Tensor
    "[B]"
    positions: Tensor
    "[B], 80 ms each"
    phonemes: Tensor
    "All phoneme classes in one row, for CTC."
    phoneme_counts: Tensor
    pitch: Tensor
    "[B, F] labels of `labels.Track`, zeros in the padding."
    voiced: Tensor
    level: Tensor
    speech: Tensor
    pitch_known: Tensor
    "[B] 1.0 where warping has not moved the pitch of the features away from its label."
    syllables: Tensor
    "[B]"


def _frames(tracks: list[Track], name: str, length: int) -> Tensor:
    out = np.zeros((len(tracks), length), np.float32)
    for row, found in zip(out, tracks, strict=True):
        values = getattr(found, name)
        row[: len(values)] = values
    return torch.from_numpy(out)


def sounds(items: list[Item]) -> tuple[Tensor, Tensor, Tensor]:
    """What is heard [B, N], warps [B] and positions [B].

    Lengths are rounded up, because oneDNN compiles new kernels for every new shape.
    """
    longest = max(len(item.clip.noisy) for item in items)
    longest += -longest % ROUND
    pcm = np.zeros((len(items), longest), np.float32)
    for row, item in zip(pcm, items, strict=True):
        row[: len(item.clip.noisy)] = item.clip.noisy
    warps = torch.tensor([item.clip.warp for item in items])
    return torch.from_numpy(pcm), warps, torch.tensor([len(item.clip.noisy) // POSITION for item in items])


def collate(items: list[Item]) -> AudioBatch:
    """Tensors of one batch, with labels measured in the clean speech."""
    pcm, warps, positions = sounds(items)
    longest = pcm.shape[1]
    tracks = [track(item.clip.clean) for item in items]
    phonemes = [
        [_CLASS[c] for c in item.utterance.phonemes if c in _CLASS] if item.utterance else []
        for item in items
    ]
    return AudioBatch(
        items=items,
        pcm=pcm,
        warps=warps,
        positions=positions,
        phonemes=torch.tensor([c for row in phonemes for c in row], dtype=torch.long),
        phoneme_counts=torch.tensor([len(row) for row in phonemes]),
        pitch=_frames(tracks, "pitch", longest // 640),
        voiced=_frames(tracks, "voiced", longest // 640),
        level=_frames(tracks, "level", longest // 640),
        speech=_frames(tracks, "speech", longest // 640)
        * torch.tensor([[float(item.utterance is not None)] for item in items]),
        pitch_known=torch.tensor([float(item.clip.warp == NO_WARP) for item in items]),
        syllables=torch.tensor(
            [float(item.utterance.syllables) if item.utterance else 0.0 for item in items]
        ),
    )


class Sampler:
    """Draws by voice group and skill; the two labels of a cue skill come equally often.

    `timed_share` of the draws take utterances whose word ends are known, if there are any; `cut_share` of
    those sums are cut at a word border.
    """

    def __init__(
        self,
        corpus: Corpus,
        skills: dict[str, float],
        rng: random.Random,
        *,
        noise_share: float = 0.012,
        timed_share: float = 0.0,
        cut_share: float = 0.0,
    ) -> None:
        self._corpus, self._skills, self._rng, self._noise = corpus, skills, rng, noise_share
        self._timed_share, self._cut_share = timed_share, cut_share
        self._pools: dict[tuple[str, str], dict[str, list[tuple[str, Utterance]]]] = {}
        self._timed: dict[tuple[str, str], dict[str, list[tuple[str, Utterance]]]] = {}
        for shard, utterance in corpus:
            question = utterance.question
            cue = {"pitch": utterance.pitch, "pace": utterance.pace}.get(question.skill)
            word = "" if cue is None else label(question.skill, cue)
            if word is not None:
                for pools in (self._pools, self._timed) if utterance.ends else (self._pools,):
                    pool = pools.setdefault((utterance.group, question.skill), {})
                    pool.setdefault(word, []).append((shard, utterance))

    def _one(self) -> tuple[str, Utterance] | None:
        if self._rng.random() < self._noise:
            return None
        while True:
            skill = self._rng.choices(list(self._skills), list(self._skills.values()))[0]
            group = self._rng.choices(list(GROUP_SHARES), list(GROUP_SHARES.values()))[0]
            pool = self._pools.get((group, skill))
            if self._rng.random() < self._timed_share:
                pool = self._timed.get((group, skill), pool)
            if pool:
                return self._rng.choice(pool[self._rng.choice(sorted(pool))])

    def _item(self, found: tuple[str, Utterance] | None) -> Item:
        if found is None:
            return Item(noise_clip(self._rng), Question("unclear", (NOISE,)), None)
        shard, utterance = found
        pcm = self._corpus.pcm(shard, utterance)
        if can_cut(utterance) and self._rng.random() < self._cut_share:
            pcm, utterance = cut(pcm, utterance, self._rng)
        return Item(augment(pcm, utterance, self._rng), utterance.question, utterance)

    def batches(self, size: int, order: random.Random) -> Iterator[AudioBatch]:
        """Endless, with labels; see `groups`."""
        return map(collate, self.groups(size, order))

    def groups(self, size: int, order: random.Random) -> Iterator[list[Item]]:
        """Endless.

        `order` is seeded alike in all processes, so that they get batches of about the same length at the
        same time.
        """
        while True:
            items = sorted(
                (self._item(self._one()) for _ in range(size * POOL)), key=lambda item: len(item.clip.noisy)
            )
            starts = list(range(0, len(items), size))
            order.shuffle(starts)
            for start in starts:
                yield items[start : start + size]


def word_labels(items: list[Item], language: Language) -> tuple[Tensor, Tensor, Tensor]:
    """Word ids in one row, their counts, and 1.0 for items whose words have ids of their own."""
    without = ("unclear", "nod")
    rows = [[] if item.question.skill in without else language.words(item.question) for item in items]
    known = torch.tensor([float(item.question.skill not in without) for item in items])
    return (
        torch.tensor([i for row in rows for i in row], dtype=torch.long),
        torch.tensor([len(row) for row in rows]),
        known,
    )
