"""Stage 4: the decoder practises long chains, notes, parts of thoughts and answers without one, in text."""

from pathlib import Path

from torch import Tensor

from model.networks import Decoder

from .drill import direct_row, drill_row
from .feed import RowFeed, moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .precision import precision
from .text import text_loss

DIRECT, WHOLE = 96, 32
"Rows of a batch without any thought, and of the others."
EVERY = 5
"Steps of which the last is without any thought: that is hardly learned, however often it comes."


def run(plan: Plan, *, sft: Path) -> bool:
    """Trains the decoder of `sft` until the plan's budget is used; False where it left before."""
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    talker.load_state_dict(load_checkpoint(sft)["model"])
    decoder: Decoder = talker.to(plan.device).decoder
    bare = RowFeed(plan, "direct", lambda rng: direct_row(language, rng), DIRECT)
    whole = RowFeed(plan, "whole", lambda rng: drill_row(language, rng), WHOLE)
    talker.cue_embedding.requires_grad_(False)  # the decoder learns to read it; nothing else moves
    loop = Loop(plan, decoder, [Group(list(decoder.parameters()), 1e-3)])

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        rounds, place = divmod(step, EVERY)
        direct = place == EVERY - 1
        batch = bare(rounds) if direct else whole(rounds * (EVERY - 1) + place)
        with precision(plan.device):
            value = text_loss(decoder, moved(batch, plan.device), talker.embed_cues)
        name, share = ("direct", EVERY) if direct else ("whole", EVERY / (EVERY - 1))
        return value, {name: share * value.item()}, len(batch.ids)

    return loop.run(loss)
