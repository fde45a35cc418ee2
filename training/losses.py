"""Losses of hearing: phoneme CTC, measured cues, and words in the decoder's own embedding space."""

import random

import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks import Talker

from .batches import AudioBatch


def mask_features(mel: Tensor, rng: random.Random, share: float = 0.35) -> Tensor:
    """Light SpecAugment (arXiv 1904.08779) in place: a band and a stretch of some items become 0."""
    for item in mel:
        if rng.random() < share:
            band, moment = rng.randrange(8, 70), rng.randrange(max(1, len(item) - 12))
            item[:, band : band + rng.randrange(9)] = 0
            item[moment : moment + rng.randrange(7)] = 0
    return mel


def phoneme_loss(talker: Talker, frames: Tensor, batch: AudioBatch) -> Tensor:
    """CTC per phoneme."""
    scores = talker.ctc(frames).float().log_softmax(-1).transpose(0, 1)
    return F.ctc_loss(scores, batch.phonemes, 2 * batch.positions, batch.phoneme_counts, zero_infinity=True)


def cue_loss(raw: Tensor, batch: AudioBatch) -> tuple[Tensor, dict[str, float]]:
    """Raw cue heads [B, F, 5] against measured labels.

    Density is only asked to sum to the number of syllables.
    """
    valid = (torch.arange(raw.shape[1])[None] < 2 * batch.positions[:, None]).float()
    pitch, voiced, level, density, speech = raw.float().unbind(-1)
    known = valid * batch.pitch_known[:, None]
    where = known * batch.voiced
    on_pitch = (
        F.smooth_l1_loss(pitch, batch.pitch, reduction="none", beta=0.1) * where
    ).sum() / where.sum().clamp_min(1)
    on_voice = F.binary_cross_entropy_with_logits(voiced, batch.voiced, reduction="none")
    on_voice = (on_voice * known).sum() / known.sum().clamp_min(1)
    heard = valid * batch.speech
    on_level = (
        F.smooth_l1_loss(level, batch.level, reduction="none", beta=0.2) * heard
    ).sum() / heard.sum().clamp_min(1)
    on_speech = (
        F.binary_cross_entropy_with_logits(speech, batch.speech, reduction="none") * valid
    ).sum() / valid.sum()
    count = (F.softplus(density - 2) * valid).sum(1)
    on_count = F.smooth_l1_loss(count / 3, batch.syllables / 3, beta=0.3)
    total = 2 * on_pitch + 0.2 * on_voice + 0.7 * on_level + 0.4 * on_count + 0.3 * on_speech
    return total, {
        "pitch": on_pitch.item(),
        "level": on_level.item(),
        "count": on_count.item(),
        "speech": on_speech.item(),
    }


def word_loss(
    talker: Talker, audio: Tensor, batch: AudioBatch, words: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    """CTC of the audio positions against token embeddings (cosine); <|endoftext|> is the blank."""
    ids, counts, known = words
    table = F.normalize(talker.decoder.model.embed_tokens.weight.float(), dim=-1)
    scores = F.linear(F.normalize(audio.float(), dim=-1), table) * talker.word_scale.exp()
    each = F.ctc_loss(
        scores.log_softmax(-1).transpose(0, 1),
        ids,
        batch.positions,
        counts,
        reduction="none",
        zero_infinity=True,
    )
    return (each / counts.clamp_min(1) * known).sum() / known.sum().clamp_min(1)
