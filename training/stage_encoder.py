"""Stage 2: the encoder learns phonemes (CTC) and measured cues from speech, without the decoder."""

import torch
from torch import Tensor

from .batches import Sampler, collate
from .corpus import Corpus
from .feed import Feed, moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join
from .losses import cue_loss, mask_features, phoneme_loss
from .spectrum import BatchMel
from .stage_sft import SHARES, hearing

BATCH, ECHO = 24, 2
"Clips of a batch, and how often each comes back: preparing one costs as much as half of learning from it."


def run(plan: Plan, corpus: Corpus) -> bool:
    """Trains until the plan's budget is used; False where it left before."""
    join(plan)
    talker = fresh_talker(plan.size, len(Language().tokenizer))
    loop = Loop(plan, talker, [Group(hearing(talker), 1.1e-3)])
    mel_of = BatchMel()
    feed = Feed(plan, lambda rng: Sampler(corpus, SHARES, rng), BATCH, collate, echo=ECHO)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        batch = moved(feed(step), plan.device)
        mel = mask_features(mel_of(batch.pcm, batch.warps), batch.items, loop.rng)
        with torch.autocast(plan.device, torch.bfloat16):
            frames, raw, _ = talker.listen(mel)
            on_sounds = phoneme_loss(talker, frames, batch)
            on_cues, figures = cue_loss(raw, batch)
        return on_sounds + on_cues, {"ctc": on_sounds.item()} | figures, BATCH

    return loop.run(loss)
