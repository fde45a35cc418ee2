"""Stage 4: the decoder practises, in text: long chains, notes, parts of thoughts, no thought, cues."""

from pathlib import Path

from torch import Tensor

from .drill import direct_row, drill_row
from .feed import RowFeed, moved, turn_of
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .precision import precision
from .stage_text import reading
from .text import cue_row, text_loss

DIRECT, WHOLE, CUED = 96, 32, 40
"Rows of a batch without any thought, of the others, and of those that only read cues."
ORDER = ("whole", "whole", "whole", "cues", "direct")
"""Steps. Without any thought, one of five: that is hardly learned, however often it comes. Cues take many
rows, and short ones."""


def run(plan: Plan, *, sft: Path) -> bool:
    """Trains the decoder of `sft`, and what tells it the cues, until the plan's budget is used.

    False where it left before.
    """
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    talker.load_state_dict(load_checkpoint(sft)["model"])
    module, decoder = reading(talker.to(plan.device)), talker.decoder
    feeds = {
        "direct": RowFeed(plan, "direct", lambda rng: direct_row(language, rng), DIRECT),
        "whole": RowFeed(plan, "whole", lambda rng: drill_row(language, rng), WHOLE),
        "cues": RowFeed(plan, "cues", lambda rng: cue_row(language, rng), CUED),
    }
    loop = Loop(plan, module, [Group(list(module.parameters()), 1e-3)])

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        name, number, share = turn_of(ORDER, step)
        batch = feeds[name](number)
        with precision(plan.device):
            value = text_loss(decoder, moved(batch, plan.device), talker.embed_cues)
        return value, {name: share * value.item()}, len(batch.ids)

    return loop.run(loss)
