"""Stage 2: the encoder learns phonemes (CTC) and measured cues from speech, without the decoder."""

import random

import torch
from torch import Tensor

from model.networks import Talker

from .batches import PHONEMES, Sampler
from .corpus import SKILLS, Corpus
from .language import Language
from .loop import Group, Loop, Plan, join
from .losses import cue_loss, mask_features, phoneme_loss
from .sizes import practice
from .spectrum import BatchMel

BATCH = 24


def run(plan: Plan, corpus: Corpus) -> None:
    """Trains until the plan's time is used."""
    join(plan)
    talker = Talker(practice(len(Language().tokenizer)), len(PHONEMES))
    parts = (talker.encoder, talker.ctc, talker.cue_heads)
    loop = Loop(plan, talker, [Group([p for part in parts for p in part.parameters()], 1.1e-3)])
    rng = random.Random(f"{plan.seed} {plan.rank} {loop.step}")
    order = random.Random(plan.seed + loop.step)
    batches, mel_of = Sampler(corpus, SKILLS, rng).batches(BATCH, order), BatchMel()

    def loss(_step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        batch = next(batches)
        mel = mask_features(mel_of(batch.pcm, batch.warps), rng)
        with torch.autocast("cpu", torch.bfloat16):
            frames, _ = talker.encoder(mel)
            on_sounds = phoneme_loss(talker, frames, batch)
            on_cues, figures = cue_loss(talker.cue_heads(frames), batch)
        return on_sounds + on_cues, {"ctc": on_sounds.item()} | figures, BATCH

    loop.run(loss)
