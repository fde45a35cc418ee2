"""Losses of hearing: phoneme CTC, measured cues, and words in the decoder's own embedding space."""

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from model.cue_networks import slope, steady
from model.cue_summary import LEAST
from model.frontend import MELS
from model.networks import Talker
from model.shapes import CUES, SOUNDS

from .batches import AudioBatch, Item

ONSET_WEIGHT = 1.0
"How much more the two frames of an onset weigh."
SECOND = SOUNDS.index("second")
FIRST = 4
"Frames of a clip by which nobody can tell its noise yet."


def mask_features(features: Tensor, items: Sequence[Item], rng: random.Random, share: float = 0.35) -> Tensor:
    """Light SpecAugment (arXiv 1904.08779) in place: some mel bands (never lags) and a stretch of some clips
    become 0; of none in which a beep or a knock could go with them."""
    for item, clip in zip(features, (item.clip for item in items), strict=True):
        if rng.random() < share and not clip.onsets:
            band, moment = rng.randrange(8, MELS - 10), rng.randrange(max(1, len(item) - 12))
            item[:, band : band + rng.randrange(9)] = 0
            item[moment : moment + rng.randrange(7)] = 0
    return features


def phoneme_loss(talker: Talker, frames: Tensor, batch: AudioBatch) -> Tensor:
    """CTC per phoneme."""
    scores = talker.ctc(frames).float().log_softmax(-1).transpose(0, 1)
    return F.ctc_loss(scores, batch.phonemes, 2 * batch.positions, batch.phoneme_counts, zero_infinity=True)


def cue_loss(raw: Tensor, batch: AudioBatch) -> tuple[Tensor, dict[str, float]]:
    """Raw cue heads [B, F, 5 or 12] against measured labels, and the single losses by name."""
    frames = torch.arange(raw.shape[1], device=raw.device)
    valid = (frames[None] < 2 * batch.positions[:, None]).float()
    if raw.shape[-1] == len(CUES):
        total, figures = voice_loss(raw, batch, valid, valid)
    else:  # the labels are the first voice's: where a second one speaks, anything may be heard
        alone = valid * (1 - batch.sounds[..., SECOND])
        total, figures = voice_loss(raw[..., : len(CUES)], batch, valid, alone)
        more, found = sound_loss(raw[..., len(CUES) :], batch, valid)
        total, figures = total + more, figures | found
    return total, {name: loss.item() for name, loss in figures.items()}


def voice_loss(
    raw: Tensor, batch: AudioBatch, valid: Tensor, alone: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Of the five cues of the first voice; `alone` [B, F]: where nobody else speaks.

    Density is only asked to sum to the number of syllables (below 0: not known). Pitch counts once more by
    what it tells of the end: there few frames must say how it moves, and a mean over all hides them.
    """
    pitch, voiced, level, density, speech = raw.float().unbind(-1)
    known = alone * batch.pitch_known[:, None]
    on_pitch = _mean(_distance(pitch, batch.pitch, 0.05), known * batch.voiced)
    kept = steady(batch.pitch, known * batch.voiced > 0)
    on_end = _mean(
        _distance(slope(pitch, kept) / 4, slope(batch.pitch, kept) / 4, 0.1), (kept.sum(1) >= LEAST).float()
    )
    on_voice = _mean(_doubt(voiced, batch.voiced), known)
    on_level = _mean(_distance(level, batch.level, 0.2), alone * batch.speech)
    on_speech = _mean(_doubt(speech, batch.speech), alone)
    count = (F.softplus(density - 2) * valid).sum(1)
    on_count = _mean(_distance(count / 3, batch.syllables / 3, 0.3), (batch.syllables >= 0).float())
    total = 4 * on_pitch + 0.2 * on_voice + 0.7 * on_level + 0.4 * on_count + 0.3 * on_speech + 0.5 * on_end
    figures = {"pitch": on_pitch, "end": on_end, "level": on_level, "count": on_count, "speech": on_speech}
    return total, figures


def sound_loss(raw: Tensor, batch: AudioBatch, valid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Of the seven cues of what is around the voice, against what the generator did.

    The band is judged where there is speech. Onsets are rare, so they weigh more than what lies between.
    """
    known = valid * batch.sounds_known[:, None]
    noise, band, second = raw[..., :3].float().unbind(-1)
    on_noise = _mean(_distance(noise, batch.sounds[..., 0], 0.2)[:, FIRST:], known[:, FIRST:])
    told = known * batch.speech * (batch.sounds[..., 1] != 0.5)
    on_band = _mean(_doubt(band, batch.sounds[..., 1]), told)
    on_second = _mean(_doubt(second, batch.sounds[..., SECOND]), known)
    onsets = batch.sounds[..., SECOND + 1 :]
    on_events = _doubt(raw[..., SECOND + 1 :].float(), onsets).sum(-1) * (1 + ONSET_WEIGHT * onsets.sum(-1))
    on_events = _mean(on_events, known)
    total = 0.5 * on_noise + 0.3 * on_band + 0.6 * on_second + 2 * on_events
    return total, {"noise": on_noise, "band": on_band, "second": on_second, "events": on_events}


def _distance(found: Tensor, label: Tensor, beta: float) -> Tensor:
    return F.smooth_l1_loss(found, label, reduction="none", beta=beta)


def _doubt(found: Tensor, label: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(found, label, reduction="none")


def _mean(losses: Tensor, where: Tensor) -> Tensor:
    return (losses * where).sum() / where.sum().clamp_min(1)


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
