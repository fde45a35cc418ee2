"""Stage 5: thinking while listening and speaking on part of a thought, with sound; the ear is frozen."""

import random
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from model.networks import Talker

from .batches import POOL, Sampler
from .corpus import Corpus
from .drill import direct_row, drill_row
from .feed import RowFeed, moved, turn_of
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .pools import Pool, Pools, Work, batches, embed
from .precision import precision
from .rows import collate
from .stage_sft import SHARES as HEARD
from .stage_text import reading
from .text import cue_row, text_loss, token_loss
from .turns import MODES

CLIPS, REPEATS, ROWS = 12, 4, 24
"Clips that are heard at once, rows over each, and rows of a batch."
STEPS = POOL * CLIPS * REPEATS // ROWS
"Of a pool."
SHARES = HEARD | {
    "sum": 0.11, "long": 0.19, "mixed": 0.04, "talk": 0.05, "nod": 0.02, "again": 0.025, "earlier": 0.018,
}  # fmt: skip
"Of the clips: as where hearing was learned, lest short turns are forgotten; the long ones carry the notes."
TIMED_SHARE, CUT_SHARE, HISTORY_SHARE = 0.85, 0.1, 0.35
DIRECT, WHOLE, CUED = 48, 20, 32
"Rows of the text batch that goes with every batch: without any thought, as they come, or reading cues."
ORDER = ("direct", "text", "cues", "text", "text", "cues", "text", "text")
"What text goes with each batch."


def answer_loss(talker: Talker, pool: Pool, work: Sequence[Work], device: str = "cpu") -> Tensor:
    """Weighted loss of all rows."""
    tokens = moved(collate([one.row for one in work]), device)
    with precision(device):
        segments = pool.segments(talker, [one.placed for one in work])
        embeds = embed(talker, tokens.ids, segments)
        hidden, _ = talker.decoder.hidden(embeds)
        return token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)


class Rehearsal:
    """The batches of every step: pools of clips, their rows sorted by length."""

    def __init__(self, plan: Plan, talker: Talker, corpus: Corpus, modes: dict[str, float]) -> None:
        def sampler(rng: random.Random) -> Sampler:
            return Sampler(corpus, SHARES, rng, timed_share=TIMED_SHARE, cut_share=CUT_SHARE)

        self._pools = Pools(plan, sampler, talker, CLIPS, POOL)
        self._key, self._rank, self._modes = f"{plan.checkpoint.stem} {plan.seed}", plan.rank, modes
        self._language, self._number = Language(), -1
        self._batches: list[list[Work]] = []

    def __call__(self, step: int) -> tuple[Pool, list[Work]]:
        """The same for the same step, whenever it is asked."""
        number, place = divmod(step, STEPS)
        pool = self._pools(number)
        if number != self._number:
            rng = random.Random(f"{self._key} rows {number} {self._rank}")
            order = random.Random(f"{self._key} rows {number}")
            self._batches = batches(
                pool, self._language, rng, order,
                repeats=REPEATS, size=ROWS, share=HISTORY_SHARE, modes=self._modes,
            )  # fmt: skip
            self._number = number
        return pool, self._batches[place]


def run(
    plan: Plan, corpus: Corpus, *, sft: Path, drill: Path | None, modes: dict[str, float] | None = None
) -> bool:
    """Trains the decoder and what tells it the cues until the plan's budget is used; all that hears comes
    from `sft` and never changes.

    `drill`: whose decoder and cue embedding it goes on from; None: those of `sft`. `modes`: ways of thinking,
    only "direct" for the brain that never thinks. False where it left before.
    """
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    if not plan.checkpoint.exists():
        talker.load_state_dict(load_checkpoint(sft)["model"])
        if drill is not None:
            reading(talker).load_state_dict(load_checkpoint(drill)["model"])
    reads = Group(list(talker.cue_embedding.parameters()), 1e-3)
    loop = Loop(plan, talker, [Group(list(talker.decoder.parameters()), 6e-4), reads])
    rehearsal = Rehearsal(plan, talker, corpus, modes or MODES)
    feeds = {
        "direct": RowFeed(plan, "direct", lambda rng: direct_row(language, rng), DIRECT),
        "text": RowFeed(plan, "whole", lambda rng: drill_row(language, rng), WHOLE),
        "cues": RowFeed(plan, "cues", lambda rng: cue_row(language, rng), CUED),
    }
    order = ORDER if modes is None else ("direct",)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        pool, work = rehearsal(step)
        on_answer = answer_loss(talker, pool, work, plan.device)
        name, number, share = turn_of(order, step)
        batch = feeds[name](number)
        with precision(plan.device):
            on_text = text_loss(talker.decoder, moved(batch, plan.device), talker.embed_cues)
        figures = {"lm": on_answer.item(), name: share * on_text.item()}
        return on_answer + 0.5 * on_text, figures, len(work)

    return loop.run(loss)
