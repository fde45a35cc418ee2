"""Draws balanced batches of similar length and makes tensors of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from model.shapes import SOUNDS

from . import voices
from .audio import POSITION
from .augment import Babble, Clip, augment, noise_clip
from .conversations import said_of
from .corpus import Corpus, Utterance
from .cutting import can_cut, cut
from .labels import Track, around
from .language import Language
from .skills.question import How, Question
from .spectrum import NO_WARP
from .unclear import NOISE

PHONEMES = "abdefhijklmnopstuvwzæðŋɐɑɒɔəɚɛɜɡɪɹɾʃʊʌʒʔθᵻx"
"Characters of the CTC alphabet; class i + 1 is PHONEMES[i], others are left out."
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
    "[B], -1 where they are not known."
    sounds: Tensor
    "[B, F, 7] labels of `labels.around`."
    sounds_known: Tensor
    "[B] 1.0: what surrounds the words is always known here."


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


def _syllables(utterance: Utterance) -> float:
    return float(utterance.syllables) if utterance.phonemes else -1.0


def collate(items: list[Item]) -> AudioBatch:
    """Tensors of one batch, with labels measured in the clean speech."""
    pcm, warps, positions = sounds(items)
    longest = pcm.shape[1]
    tracks = [item.clip.track for item in items]
    rest = np.zeros((len(items), longest // 640, len(SOUNDS)), np.float32)
    for row, clip in zip(rest, (item.clip for item in items), strict=True):
        frames = len(clip.clean) // 640
        row[:frames] = around(
            frames, noise=clip.noise, bandwidth=clip.bandwidth, onsets=clip.onsets, others=clip.others
        )
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
        syllables=torch.tensor([_syllables(item.utterance) if item.utterance else 0.0 for item in items]),
        sounds=torch.from_numpy(rest),
        sounds_known=torch.ones(len(items)),
    )


Found = tuple[str, Utterance]
"A shard and one of its utterances."
_Pools = dict[tuple[str, str], dict[How, list[Found]]]
CROWD = 200
"Utterances that babble is made of."


class Sampler:
    """Draws by voice group and skill; what was wanted of the voice (one pace or the other …) equally often.

    `timed_share` of the draws take utterances whose word ends are known, if there are any; `cut_share` of
    those sums are cut at a word border. Every draw comes from `rng`.
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
        self._corpus, self._rng, self._noise = corpus, rng, noise_share
        self._timed_share, self._cut_share = timed_share, cut_share
        self._pools: _Pools = {}
        self._timed: _Pools = {}
        for shard, utterance in corpus:
            question = utterance.question
            wanted = replace(question.how, events=())
            for pools in (self._pools, self._timed) if utterance.ends else (self._pools,):
                pool = pools.setdefault((utterance.group, question.skill), {})
                pool.setdefault(wanted, []).append((shard, utterance))
        self._groups = voices.shares(frozenset(group for group, _ in self._pools))
        self._skills = {name: share for name, share in skills.items() if self._anywhere(name)}
        if not self._skills:
            raise ValueError(f"the corpus holds no question of {', '.join(skills)}")
        some = random.Random(1)
        crowd = [self._corpus.pcm(*some.choice(corpus.items)) for _ in range(CROWD)]
        self._babble = Babble([pcm for pcm in crowd if len(pcm)], some)

    def _anywhere(self, skill: str) -> bool:
        return any((group, skill) in self._pools for group in self._groups)

    def _one(self) -> Found | None:
        if self._rng.random() < self._noise:
            return None
        while True:
            skill = self._rng.choices(list(self._skills), list(self._skills.values()))[0]
            group = self._rng.choices(list(self._groups), list(self._groups.values()))[0]
            pool = self._pools.get((group, skill))
            if self._rng.random() < self._timed_share:
                pool = self._timed.get((group, skill), pool)
            if pool:
                return self._rng.choice(pool[self._rng.choice(list(pool))])

    def _item(self) -> Item:
        """An utterance that cannot be made to measure as it was wanted is left out."""
        while True:
            found = self._one()
            if found is None:
                return Item(noise_clip(self._rng), Question("unclear", (NOISE,)), None)
            shard, utterance = found
            pcm = self._corpus.pcm(shard, utterance)
            if can_cut(utterance) and self._rng.random() < self._cut_share:
                pcm, utterance = cut(pcm, utterance, self._rng)
            clip = augment(pcm, utterance, self._rng, self._babble)
            if clip.fit:
                return Item(clip, utterance.question, utterance)

    def batches(self, size: int, order: random.Random) -> Iterator[AudioBatch]:
        """Endless, with labels; see `groups`."""
        return map(collate, self.groups(size, order))

    def groups(self, size: int, order: random.Random) -> Iterator[list[Item]]:
        """Endless.

        `order` is seeded alike in all processes, so that they get batches of about the same length at the
        same time.
        """
        while True:
            items = sorted((self._item() for _ in range(size * POOL)), key=lambda item: len(item.clip.noisy))
            starts = list(range(0, len(items), size))
            order.shuffle(starts)
            for start in starts:
                yield items[start : start + size]


def word_labels(items: list[Item], language: Language) -> tuple[Tensor, Tensor, Tensor]:
    """Word ids in one row, their counts, and 1.0 for items whose words have ids of their own."""
    without = ("unclear", "nod")
    rows = [
        []
        if item.question.skill in without
        else language.words(item.question, said_of(item.clip, item.question))
        for item in items
    ]
    known = torch.tensor([float(item.question.skill not in without) for item in items])
    return (
        torch.tensor([i for row in rows for i in row], dtype=torch.long),
        torch.tensor([len(row) for row in rows]),
        known,
    )
