"""Stages 6 and 7: the brain learns from its own sampled thoughts; the ear is frozen.

`filter` keeps those that are right, hold together and cite only what was measured, and learns them as they
stand. `reward` weighs all of them by how much better than their clip's others they are (GRPO, arXiv
2402.03300; 0.8 for the right answer, 0.2 for a thought as it should be; one update per sample, so nothing
to clip). Half of every step is the listening stage's own material: notes, parts of thoughts and empty
ones stay alive.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks import Decoder, Talker
from model.tokenizer import AUDIO_PATCH

from .batch_player import BatchPlayer
from .conversations import Placed, history_of, place, said_of
from .corpus import Corpus
from .feed import moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .player import Heard
from .pools import Pool, embed, positions_of
from .precision import precision
from .rollouts import Judged, advantages, roll
from .rows import Row, collate
from .sets import Case, bare
from .skills import tools
from .stage_listen import HISTORY_SHARE, Rehearsal, answer_loss
from .turns import MODES

CLIPS = 16
SAMPLES = {"filter": 4, "reward": 8}
"Thoughts of each clip."
RATE = {"filter": 2e-4, "reward": 5e-5}
Weigh = Callable[[list[Judged]], list[float]]


def keep(judged: list[Judged]) -> list[float]:
    """1 for the first of each different thought that is worth learning from."""
    seen, out = set[tuple[int, tuple[int, ...]]](), []
    for one in judged:
        key = (one.owner, one.ids)
        out.append(float(one.kept and key not in seen))
        seen.add(key)
    return out


WEIGHTS: dict[str, Weigh] = {"filter": keep, "reward": advantages}


def chosen(pool: Pool, count: int, rng: random.Random) -> list[Placed]:
    """Clips with what came before them; turns that go on after a call are left to the other half, and so is
    what comes after a reply that was cut: the thoughts to learn from were sampled on whole ones."""
    fitting = [i for i, item in enumerate(pool.items) if tools.stage(item.question) != "result"]
    owners = rng.sample(fitting, min(count, len(fitting)))
    placed = [place(pool.items, owner, rng, HISTORY_SHARE) for owner in owners]
    return [one for one in placed if [*case_of(pool, one).past] == [*one.past]]


def case_of(pool: Pool, placed: Placed) -> Case:
    """As evaluation knows it."""
    before = tuple(Case(bare(pool.items[i].clip), pool.items[i].question, "") for i in placed.before)
    item = pool.items[placed.owner]
    said = said_of(item.clip, item.question)
    return Case(bare(item.clip), item.question, "", before, placed.tools, said=said)


def rollout_rows(
    pool: Pool, conversations: Sequence[Placed], judged: Sequence[Judged], weights: Sequence[float],
    language: Language, rng: random.Random,
) -> tuple[list[Placed], list[Row]]:  # fmt: skip
    """All thoughts that weigh anything; the weight stands on each id that was written."""
    owners, rows = [], []
    for one, weight in zip(judged, weights, strict=True):
        if weight:
            placed = conversations[one.owner]
            audio = [AUDIO_PATCH] * positions_of(pool.items)[placed.owner]
            ids = language.prompt(audio, history_of(placed, positions_of(pool.items), rng), placed.tools)
            rows.append(Row(ids + list(one.ids), [0.0] * len(ids) + [weight] * len(one.ids)))
            owners.append(placed)
    return owners, rows


def weighed_loss(decoder: Decoder, hidden: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """Mean over weighed ids of weight x cross entropy; weights may be negative."""
    places = (weights[:, 1:] != 0).flatten().nonzero()[:, 0]
    before = hidden[:, :-1].reshape(-1, hidden.shape[-1])[places]
    each = F.cross_entropy(decoder.logits(before).float(), ids[:, 1:].flatten()[places], reduction="none")
    return (each * weights[:, 1:].flatten()[places]).mean()


def rollout_loss(
    talker: Talker, pool: Pool, owners: Sequence[Placed], rows: list[Row], device: str = "cpu"
) -> Tensor:
    """Of the rows of `rollout_rows`."""
    tokens = moved(collate(rows), device)
    with precision(device):
        embeds = embed(talker, tokens.ids, pool.segments(talker, owners))
        hidden, _ = talker.decoder.hidden(embeds)
        return weighed_loss(talker.decoder, hidden, tokens.ids, tokens.weights)


@torch.no_grad()
def heard_of(talker: Talker, pool: Pool, placed: Placed) -> list[Heard]:
    """A conversation's clips as a player takes them; their cues are in the vectors already."""
    segments = [(a.cpu().numpy(), v.cpu().numpy()) for a, v in pool.segments(talker, [placed])]
    return [Heard(audio, vector, audio[:0]) for audio, vector in segments]


def run(plan: Plan, corpus: Corpus, *, kind: str, start: Path) -> bool:
    """`kind`: filter | reward. Trains the decoder of `start`; False where it left before the end."""
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    if not plan.checkpoint.exists():
        talker.load_state_dict(load_checkpoint(start)["model"])
    talker.cue_embedding.requires_grad_(False)  # the decoder alone learns
    loop = Loop(plan, talker, [Group(list(talker.decoder.parameters()), RATE[kind])])
    rehearsal, count = Rehearsal(plan, talker, corpus, MODES), SAMPLES[kind]
    player = BatchPlayer(talker, batch=CLIPS * count)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        pool, work = rehearsal(step)
        conversations = chosen(pool, CLIPS, loop.rng)
        cases = [case_of(pool, placed) for placed in conversations]
        heard = [heard_of(talker, pool, placed) for placed in conversations]
        judged = roll(player, cases, heard, count=count, seed=loop.rng.getrandbits(31))
        owners, rows = rollout_rows(pool, conversations, judged, WEIGHTS[kind](judged), language, loop.rng)
        total = answer_loss(talker, pool, work, plan.device)
        figures = {"lm": total.item()}
        if rows:
            on_rollouts = rollout_loss(talker, pool, owners, rows, plan.device)
            total = total + on_rollouts
            figures[kind] = on_rollouts.item()
        figures["right"] = sum(one.right for one in judged) / len(judged)
        figures["kept"] = sum(one.kept for one in judged) / len(judged)
        return total, figures, len(rows) + len(work)

    return loop.run(loss)
