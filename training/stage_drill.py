"""Stage 4: the decoder practises long chains, notes, parts of thoughts and answers without one, in text."""

import random
from pathlib import Path

import torch
from torch import Tensor

from model.networks import Decoder, Talker

from .batches import PHONEMES
from .drill import direct_batch, drill_batch
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .sizes import practice
from .text import text_loss

DIRECT, WHOLE = 96, 32
"Rows of a batch without any thought (three of five), and of the others."


def run(plan: Plan, *, sft: Path) -> None:
    """Trains the decoder of `sft` until the plan's time is used."""
    join(plan)
    language = Language()
    talker = Talker(practice(len(language.tokenizer)), len(PHONEMES))
    talker.load_state_dict(load_checkpoint(sft)["model"])
    decoder: Decoder = talker.decoder
    loop = Loop(plan, decoder, [Group(list(decoder.parameters()), 1e-3)])
    rng = random.Random(f"drill {plan.seed} {plan.rank} {loop.step}")

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        direct = step % 5 < 3
        batch = direct_batch(language, rng, DIRECT) if direct else drill_batch(language, rng, WHOLE)
        with torch.autocast("cpu", torch.bfloat16):
            value = text_loss(decoder, batch)
        name, share = ("direct", 5 / 3) if direct else ("whole", 5 / 2)
        return value, {name: share * value.item()}, len(batch.ids)

    loop.run(loss)
