"""Text-only samples: thought and reply for a transcript, or for pseudo-audio (noisy word embeddings)."""

import random
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks import Decoder
from model.tokenizer import AUDIO_END

from .drill import drawn_turn
from .language import Language
from .rows import ROUND, Batch, Row
from .skills import registry
from .skills.tools import NAMES
from .turns import turn_row

MIX = {
    "sum": 0.12,
    "hundreds": 0.05,
    "times": 0.025,
    "product": 0.025,
    "chain": 0.05,
    "long": 0.1,
    "mixed": 0.055,
    "compare": 0.025,
    "extreme": 0.03,
    "sort": 0.055,
    "digits": 0.03,
    "backwards": 0.035,
    "spell": 0.05,
    "unspell": 0.025,
    "letters": 0.015,
    "lies": 0.025,
    "walk": 0.03,
    "objects": 0.03,
    "day": 0.03,
    "month": 0.02,
    "hour": 0.03,
    "lasts": 0.03,
    "monthdays": 0.006,
    "count": 0.035,
    "countsum": 0.045,
    "countmore": 0.035,
    "sound": 0.008,
    "claim": 0.012,
    "talk": 0.025,
    "nod": 0.002,
    "addto": 0.05,
    "both": 0.03,
    "flip": 0.03,
    "which": 0.015,
    "next": 0.02,
    "again": 0.035,
    "said": 0.04,
    "earlier": 0.02,
    "clock": 0.02,
    "timer": 0.03,
    "incomplete": 0.02,
    "unclear": 0.006,
    "pitch": 0.025,
    "pace": 0.012,
    "loudness": 0.015,
    "ending": 0.015,
    "pauses": 0.004,
    "line": 0.004,
    "background": 0.01,
    "voices": 0.01,
}
"""Weights of skills, by how much practice each needs in text: reading a value off a summary of cues needs
much, what is known by heart little."""
BARE = 0.6
"""Share of rows without pseudo-audio and history that begin with the thought: the frame is soon known. None
where tools stand in the frame, or a summary of cues."""
SENSED = (*registry.VOICED, "count", "countsum", "countmore", "sound")
"""Skills of `cue_row`. Sounds too: with 8 of 100 counts wrong in the words' own scores, 23 were wrong in the
line that was written from them."""
FIRST = 0.7
"Share of `cue_row` that are a conversation's first turn: short, so many can be read in little time."
Feel: TypeAlias = Callable[[Tensor], Tensor]
"Cue summaries [n, 22] -> vectors [n, width] for <audio_end>."


def text_row(language: Language, name: str, rng: random.Random, *, prompt: bool, alone: bool = False) -> Row:
    """The newest turn of a drawn conversation; `alone`: its first.

    Without pseudo-audio the heard line cannot be known: no loss there. Cited values carry one where a summary
    of cues stands before them.
    """
    plain = name in registry.ALONE and name not in (*NAMES, *registry.VOICED)
    bare = not prompt and plain and rng.random() < BARE
    turn = drawn_turn(language, rng, name, {"think": 1.0}, notes=False, audio=prompt, alone=alone or bare)
    row = turn_row(language, turn, rng, heard_weight=1.0 if prompt else 0.0, feels=not bare)
    if not bare:
        return row
    first = next(i for i, token in enumerate(row.ids) if token == AUDIO_END) + 1
    return Row(row.ids[first:], row.weights[first:])


def any_row(language: Language, rng: random.Random, *, prompt: bool) -> Row:
    """A question of `MIX`."""
    return text_row(language, rng.choices(list(MIX), list(MIX.values()))[0], rng, prompt=prompt)


def cue_row(language: Language, rng: random.Random) -> Row:
    """A question about voice or sounds, with pseudo-audio and a summary of cues that nobody made."""
    return text_row(language, rng.choice(SENSED), rng, prompt=True, alone=rng.random() < FIRST)


def token_loss(decoder: Decoder, hidden: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """Sum of weighted cross entropies of next tokens over the number of tokens that have a weight."""
    places = (weights[:, 1:] > 0).flatten().nonzero()[:, 0]
    count = len(places)
    places = F.pad(places, (0, -count % (16 * ROUND)))
    before = hidden[:, :-1].reshape(-1, hidden.shape[-1])[places]
    each = F.cross_entropy(decoder.logits(before).float(), ids[:, 1:].flatten()[places], reduction="none")
    return (each * weights[:, 1:].flatten()[places])[:count].sum() / count


def text_loss(decoder: Decoder, batch: Batch, feel: Feel) -> Tensor:
    """Loss of a text-only batch, with noise of 0.4 root mean squares on pseudo-audio, and the vectors of the
    batch's cue summaries at <audio_end>."""
    embeds = decoder.model.embed_tokens(batch.ids)
    scale = 0.4 * embeds.detach().square().mean().sqrt()
    embeds = embeds + torch.randn_like(embeds) * scale * batch.noisy[..., None]
    if len(batch.cues):
        vectors = feel(batch.cues).to(embeds.dtype)
        embeds = embeds + torch.zeros_like(embeds).masked_scatter(batch.ends[..., None], vectors)
    hidden, _ = decoder.hidden(embeds)
    return token_loss(decoder, hidden, batch.ids, batch.weights)
