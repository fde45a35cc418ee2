"""Stage 5: thinking while listening and speaking on part of a thought, with sound; the ear is frozen."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model.networks import Talker
from model.tokenizer import AUDIO_PATCH

from .audio import POSITION
from .batches import PHONEMES, Item, Sampler, sounds
from .corpus import Corpus
from .drill import direct_batch, drill_batch
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .losses import mask_features
from .notes import Spoken, draw_borders
from .notes import plan as plan_notes
from .sizes import practice
from .spectrum import BatchMel
from .stage_sft import embed
from .targets import reply
from .text import Row, collate, text_loss, token_loss
from .turns import MODES, Turn, draw_mode, turn_row

CLIPS, REPEATS = 12, 2
"Clips of a batch, and rows of each: encoding a clip is shared by its rows."
SHARES = {
    "long": 0.42,
    "sum": 0.24,
    "times": 0.05,
    "chain": 0.05,
    "pitch": 0.045,
    "pace": 0.035,
    "loudness": 0.035,
    "talk": 0.03,
    "nod": 0.03,
    "unclear": 0.035,
    "incomplete": 0.03,
}
TIMED_SHARE, CUT_SHARE, HISTORY_SHARE = 0.75, 0.14, 0.15
DIRECT, WHOLE = 48, 20
"Rows of the text batch that goes with every other batch: without any thought, or as they come."


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch of clips as the decoder gets them."""

    items: list[Item]
    audio: Tensor
    vectors: Tensor
    positions: Tensor


def spoken_of(item: Item) -> Spoken:
    """The words of a clip on the grid of its positions."""
    clip = item.clip
    return Spoken(
        item.question,
        clip.cue,
        len(clip.noisy) // POSITION,
        tuple(end / POSITION for end in clip.ends),
        tuple((start / POSITION, end / POSITION) for start, end in clip.pauses),
    )


@torch.no_grad()
def hear(talker: Talker, items: list[Item], mel_of: BatchMel, rng: random.Random) -> Heard:
    """Encodes clips once, without gradient."""
    pcm, warps, positions = sounds(items)
    mel = mask_features(mel_of(pcm, warps), rng)
    with torch.autocast("cpu", torch.bfloat16):
        frames, _ = talker.encoder(mel)
        audio, vectors = talker.place(frames, talker.cue_heads(frames), 2 * positions)
    return Heard(items, audio.float(), vectors.float(), positions)


def turn_rows(
    heard: Heard,
    owners: list[int],
    past: list[int] | None,
    language: Language,
    rng: random.Random,
    modes: dict[str, float],
) -> list[Row]:
    """A row for each owner, an index into the clips; `past[r]` is the clip of the turn before row r's."""
    rows = []
    for r, owner in enumerate(owners):
        item = heard.items[owner]
        spoken = spoken_of(item)
        script = plan_notes(spoken, draw_borders(spoken, rng), rng)
        history: tuple[tuple[int, str], ...] = ()
        if past is not None:
            before = heard.items[past[r]]
            history = ((int(heard.positions[past[r]]), reply(before.question, before.clip.cue)),)
        audio = (AUDIO_PATCH,) * spoken.length
        mode = draw_mode(script, rng, modes)
        turn = Turn(item.question, item.clip.cue, audio, script, mode, history)
        rows.append(turn_row(language, turn, rng))
    return rows


def answer_loss(
    talker: Talker, heard: Heard, owners: list[int], past: list[int] | None, rows: list[Row]
) -> Tensor:
    """Weighted loss of all rows."""
    tokens = collate(rows)
    both = torch.tensor(owners + (past or []))
    audio, vectors, positions = heard.audio[both], heard.vectors[both], heard.positions[both]
    before = None if past is None else list(range(len(owners), 2 * len(owners)))
    with torch.autocast("cpu", torch.bfloat16):
        embeds = embed(talker, tokens.ids, audio, vectors, positions, before, count=len(owners))
        hidden, _ = talker.decoder.hidden(embeds)
        return token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)


def run(plan: Plan, corpus: Corpus, *, sft: Path, drill: Path, modes: dict[str, float] | None = None) -> None:
    """Trains the decoder until the plan's time is used; all that hears comes from `sft` and never changes."""
    join(plan)
    language = Language()
    talker = Talker(practice(len(language.tokenizer)), len(PHONEMES))
    if not plan.checkpoint.exists():
        talker.load_state_dict(load_checkpoint(sft)["model"])
        talker.decoder.load_state_dict(load_checkpoint(drill)["model"])
    loop = Loop(plan, talker, [Group(list(talker.decoder.parameters()), 6e-4)])
    rng = random.Random(f"listen {plan.seed} {plan.rank} {loop.step}")
    order = random.Random(plan.seed + 37 * loop.step)
    sampler = Sampler(corpus, SHARES, rng, timed_share=TIMED_SHARE, cut_share=CUT_SHARE)
    groups, mel_of = sampler.groups(CLIPS, order), BatchMel()

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        heard = hear(talker, next(groups), mel_of, rng)
        owners = [i for i in range(CLIPS) for _ in range(REPEATS)]
        past = None
        if order.random() < HISTORY_SHARE:
            shift = rng.randrange(1, CLIPS)
            past = [(i + shift) % CLIPS for i in owners]
        rows = turn_rows(heard, owners, past, language, rng, modes or MODES)
        on_answer = answer_loss(talker, heard, owners, past, rows)
        direct = step % 2 == 0
        batch = direct_batch(language, rng, DIRECT) if direct else drill_batch(language, rng, WHOLE, modes)
        with torch.autocast("cpu", torch.bfloat16):
            on_text = text_loss(talker.decoder, batch)
        figures = {"lm": on_answer.item(), "direct" if direct else "text": 2 * on_text.item()}
        return on_answer + 0.5 * on_text, figures, len(rows)

    loop.run(loss)
