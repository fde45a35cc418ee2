"""Stage 3: everything together.

Audio in, thought and reply out; hearing losses go on, and some text keeps arithmetic exact.
"""

import random
from pathlib import Path

import torch
from torch import Tensor

from model.networks import Talker
from model.tokenizer import AUDIO_END, AUDIO_PATCH

from .batches import PHONEMES, AudioBatch, Sampler, word_labels
from .corpus import Corpus
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .losses import cue_loss, mask_features, phoneme_loss, word_loss
from .sizes import practice
from .spectrum import BatchMel
from .targets import reply
from .tasks import CUE_SKILLS
from .text import Row, collate, text_batch, text_loss, token_loss

BATCH = 24
SHARES = {
    "sum": 0.47,
    "times": 0.045,
    "chain": 0.13,
    "pitch": 0.085,
    "pace": 0.06,
    "loudness": 0.06,
    "talk": 0.05,
    "unclear": 0.055,
    "incomplete": 0.045,
}
HEARD_WEIGHT, CUE_WEIGHT = 2.0, 6.0
"Loss weights of heard words, and of what follows them for cue questions (few tokens, easily ignored)."
HISTORY_SHARE, TEXT_EVERY, TEXT_BATCH = 0.3, 2, 24
WHOLE_SHARE = 0.3
"Share of batches whose sums go on after the heard line; the rest is known from text, hearing is hard."


def rows(batch: AudioBatch, language: Language, past: list[int] | None, *, whole: bool) -> list[Row]:
    """One sequence per item;

    `past[i]` is the item whose turn comes before item i's. Loss only on the new turn.

    Not `whole`: all but the cue questions end with the first id after the heard line.
    """
    out = []
    for i, item in enumerate(batch.items):
        history = None
        if past is not None:
            before = batch.items[past[i]]
            history = [(int(batch.positions[past[i]]), reply(before.question, before.clip.cue))]
        ids = language.prompt([AUDIO_PATCH] * int(batch.positions[i]), history)
        target, heard = language.target(item.question, item.clip.cue)
        if not whole and item.question.skill not in CUE_SKILLS:
            target = target[: heard + 1]
        after = CUE_WEIGHT if item.question.skill in CUE_SKILLS else 1.0
        weights = [0.0] * len(ids) + [HEARD_WEIGHT] * heard + [after] * (len(target) - heard)
        out.append(Row(ids + target, weights))
    return out


def embed(
    talker: Talker,
    ids: Tensor,
    audio: Tensor,
    vectors: Tensor,
    positions: Tensor,
    past: list[int] | None,
    *,
    count: int | None = None,
) -> Tensor:
    """Token embeddings with audio at <audio_patch> and cue vectors added at <audio_end>.

    Only the first `count` of the clips are turns of their own. History carries no gradient into hearing.
    """
    embeds: Tensor = talker.decoder.model.embed_tokens(ids).float()
    parts, ends = [], []
    for i in range(len(audio) if count is None else count):
        if past is not None:
            parts.append(audio[past[i], : positions[past[i]]].detach())
            ends.append(vectors[past[i]].detach())
        parts.append(audio[i, : positions[i]])
        ends.append(vectors[i])
    embeds = embeds.masked_scatter((ids == AUDIO_PATCH)[..., None], torch.cat(parts).float())
    at_end = (ids == AUDIO_END)[..., None]
    return embeds + torch.zeros_like(embeds).masked_scatter(at_end, torch.stack(ends).float())


def start_from(talker: Talker, encoder: Path, text: Path) -> None:
    """Takes the encoder of stage 2 and the decoder of stage 1."""
    talker.load_state_dict(load_checkpoint(encoder)["model"])
    talker.decoder.load_state_dict(load_checkpoint(text)["model"])
    talker.embedding_rms.fill_(
        talker.decoder.model.embed_tokens.weight.detach().square().mean().sqrt().item()
    )


def groups_of(talker: Talker, scale: float = 1.0) -> list[Group]:
    """Peak learning rates of the parts."""
    hearing = [*talker.encoder.parameters(), *talker.ctc.parameters(), *talker.cue_heads.parameters()]
    return [
        Group(hearing, 8e-4 * scale),
        Group([*talker.adaptor.parameters(), talker.word_scale], 1.2e-3 * scale),
        Group(list(talker.decoder.parameters()), 6e-4 * scale),
        Group(list(talker.cue_embedding.parameters()), 2e-3 * scale),
    ]


def run(plan: Plan, corpus: Corpus, *, encoder: Path, text: Path) -> None:
    """Trains until the plan's time is used."""
    join(plan)
    language = Language()
    talker = Talker(practice(len(language.tokenizer)), len(PHONEMES))
    if not plan.checkpoint.exists():
        start_from(talker, encoder, text)
    loop = Loop(plan, talker, groups_of(talker))
    rng = random.Random(f"sft {plan.seed} {plan.rank} {loop.step}")
    order = random.Random(plan.seed + 31 * loop.step)
    batches, mel_of = Sampler(corpus, SHARES, rng).batches(BATCH, order), BatchMel()

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        batch = next(batches)
        mel = mask_features(mel_of(batch.pcm, batch.warps), rng)
        past = None
        if order.random() < HISTORY_SHARE:
            shift = rng.randrange(1, BATCH)
            past = [(i + shift) % BATCH for i in range(BATCH)]
        tokens = collate(rows(batch, language, past, whole=order.random() < WHOLE_SHARE))
        with torch.autocast("cpu", torch.bfloat16):
            frames, _ = talker.encoder(mel)
            on_sounds = phoneme_loss(talker, frames, batch)
            raw = talker.cue_heads(frames)
            on_cues, figures = cue_loss(raw, batch)
            audio, vectors = talker.place(frames, raw, 2 * batch.positions)
            on_words = word_loss(talker, audio, batch, word_labels(batch.items, language))
            embeds = embed(talker, tokens.ids, audio, vectors, batch.positions, past)
            hidden, _ = talker.decoder.hidden(embeds)
            on_answer = token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)
            total = on_sounds + 0.6 * on_cues + 0.3 * on_words + 2 * on_answer
            figures = {"lm": on_answer.item(), "ctc": on_sounds.item(), "words": on_words.item()} | figures
            if step % TEXT_EVERY == 0:
                on_text = text_loss(
                    talker.decoder, text_batch(language, rng, TEXT_BATCH, prompt=step % 8 == 0, cues=False)
                )
                total = total + on_text
                figures["text"] = TEXT_EVERY * on_text.item()
        return total, figures, BATCH

    loop.run(loss)
