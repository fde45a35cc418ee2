"""Pools of clips that a frozen ear heard once, and rows over them: what the decoder's own stages learn from.

A pool depends on seed, process and its number alone. Every clip serves several rows, and may stand before any
other as an earlier turn of a conversation.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.cue_networks import activate, summarise
from model.networks import Talker
from model.tokenizer import AUDIO_END, AUDIO_PATCH

from .audio import POSITION
from .batches import Item, sounds
from .conversations import Placed, history_of, place, spoken_of
from .feed import Draws
from .language import Language
from .loop import Plan
from .losses import mask_features
from .notes import draw_borders
from .notes import plan as plan_notes
from .precision import precision
from .rows import Row
from .skills import tools
from .spectrum import BatchFeatures
from .turns import Turn, draw_mode, turn_row

Segment = tuple[Tensor, Tensor]
"Audio positions [k, width] and the vector [width] for <audio_end>."
Sound = tuple[Tensor, Tensor]
"Audio positions [k, width] and the summary [22] of their cues."


def embed(talker: Talker, ids: Tensor, segments: Iterable[Segment]) -> Tensor:
    """Token embeddings with audio at <audio_patch> and cue vectors added at <audio_end>, in row order."""
    embeds: Tensor = talker.decoder.model.embed_tokens(ids).float()
    parts, ends = zip(*segments, strict=True)
    embeds = embeds.masked_scatter((ids == AUDIO_PATCH)[..., None], torch.cat(parts).float())
    at_end = (ids == AUDIO_END)[..., None]
    return embeds + torch.zeros_like(embeds).masked_scatter(at_end, torch.stack(ends).float())


@dataclass(frozen=True, slots=True)
class Pool:
    """Clips as the decoder gets them."""

    items: list[Item]
    heard: list[Sound]

    def segments(self, talker: Talker, conversations: Iterable[Placed]) -> list[Segment]:
        """Of all these conversations, in order; through the vectors the cue embedding learns."""
        found = [self.heard[i] for placed in conversations for i in (*placed.before, placed.owner)]
        vectors = talker.embed_cues(torch.stack([summary for _, summary in found]))
        return [(audio, vector) for (audio, _), vector in zip(found, vectors, strict=True)]


def positions_of(items: Sequence[Item]) -> list[int]:
    """Audio positions of every clip."""
    return [len(item.clip.noisy) // POSITION for item in items]


@torch.no_grad()
def hear(talker: Talker, items: list[Item], features_of: BatchFeatures, rng: random.Random) -> list[Sound]:
    """Encodes clips of about the same length, without gradient."""
    device = next(talker.parameters()).device
    pcm, warps, positions = sounds(items)
    features = mask_features(features_of(pcm, warps), items, rng).to(device)
    with precision(device.type):
        frames, raw, _ = talker.listen(features)
        cues = activate(raw)
        audio = talker.adaptor(frames, cues, talker.embedding_rms)
        summaries = summarise(cues, 2 * positions.to(device))
    return [(audio[i, :count].float(), summaries[i].float()) for i, count in enumerate(positions_of(items))]


class Pools:
    """`pools(number)` is the same whenever it is asked; only the newest is kept."""

    def __init__(
        self, plan: Plan, sampler: Callable[[random.Random], Draws], talker: Talker, size: int, groups: int
    ) -> None:
        """A pool has `groups` groups of `size` clips, heard group by group."""
        self._key, self._rank = f"{plan.checkpoint.stem} {plan.seed}", plan.rank
        self._rng = random.Random()
        self._sampler, self._talker = sampler(self._rng), talker
        self._size, self._groups, self._features = size, groups, BatchFeatures()
        self._number, self._pool = -1, Pool([], [])

    def __call__(self, number: int) -> Pool:
        if number != self._number:
            self._rng.seed(f"{self._key} pool {number} {self._rank}")
            drawn = self._sampler.groups(self._size, random.Random(f"{self._key} pool {number}"))
            items, heard = list[Item](), list[Sound]()
            for _ in range(self._groups):
                some = next(drawn)
                items += some
                heard += hear(self._talker, some, self._features, self._rng)
            self._number, self._pool = number, Pool(items, heard)
        return self._pool


def spoken_row(
    items: Sequence[Item],
    placed: Placed,
    language: Language,
    rng: random.Random,
    modes: dict[str, float],
    *,
    notes: bool,
) -> Row:
    """The ids of one turn of a conversation of clips, thought in a way that is drawn."""
    item = items[placed.owner]
    spoken = spoken_of(item, placed.past)
    goes_on = tools.stage(item.question) == "result"
    script = plan_notes(spoken, draw_borders(spoken, rng) if notes and not goes_on else [], rng)
    turn = Turn(
        item.question,
        item.clip.measured,
        (AUDIO_PATCH,) * spoken.length,
        script,
        draw_mode(script, rng, modes),
        history_of(placed, positions_of(items), rng),
        placed.past,
        placed.tools,
    )
    return turn_row(language, turn, rng)


@dataclass(frozen=True, slots=True)
class Work:
    """One row to learn from."""

    placed: Placed
    row: Row


def batches(
    pool: Pool,
    language: Language,
    rng: random.Random,
    order: random.Random,
    *,
    repeats: int,
    size: int,
    share: float,
    modes: dict[str, float],
) -> list[list[Work]]:
    """`repeats` rows over every clip, in batches of `size` rows of like length; `order` shuffles the batches.

    `share` of the rows have earlier turns, beside those that need them.
    """
    work = []
    for owner in range(len(pool.items)):
        for _ in range(repeats):
            placed = place(pool.items, owner, rng, share)
            work.append(Work(placed, spoken_row(pool.items, placed, language, rng, modes, notes=True)))
    work.sort(key=lambda one: len(one.row.ids))
    found = [work[first : first + size] for first in range(0, len(work), size)]
    order.shuffle(found)
    return found
