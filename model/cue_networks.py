"""From cue heads to what ``<audio_end>`` is told, in torch. The runtime plays the same as a graph.

Sizes are for batch B, F frames (25 Hz), C cues: the five of a voice, or those and what is around it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cue_summary import BLIP, BUMPS, DENSEST, EARLIER, GAP, LEAST, MOST, NEWEST, SHORT, STRAY
from .shapes import CUES, Dims, cue_sizes


def activate(raw: Tensor) -> Tensor:
    """Heads' raw outputs [B, F, C] -> values: levels as they are, the others positive."""
    pitch, voiced, level, density, speech = raw[..., : len(CUES)].float().unbind(-1)
    voice = [pitch, voiced.sigmoid(), level, F.softplus(density - 2), speech.sigmoid()]
    if raw.shape[-1] == len(CUES):
        return torch.stack(voice, -1)
    noise, *others = raw[..., len(CUES) :].float().unbind(-1)
    return torch.stack([*voice, noise, *(other.sigmoid() for other in others)], -1)


def summarise(cues: Tensor, frames: Tensor) -> Tensor:
    """Cues [B, F, C] of which the first `frames` [B] count -> [B, 9] or [B, 22]: `cue_summary` names them.

    Of the voice: pitch and its spread over voiced frames, voiced share, power mean and mean of the level
    over speech, syllables per second of speech, syllables, seconds of speech, seconds of voice.
    """
    valid = (torch.arange(cues.shape[1], device=cues.device)[None] < frames[:, None]).float()
    pitch, voiced, level, density, speech = cues[..., : len(CUES)].float().unbind(-1)
    w = voiced * (voiced > 0.5) * valid
    s = speech * (speech > 0.1) * valid
    wn, sn = w.sum(1).clamp_min(0.5), s.sum(1).clamp_min(0.5)
    mean = (pitch * w).sum(1) / wn
    spread = ((pitch.square() * w).sum(1) / wn - mean.square()).clamp_min(0).add(1e-4).sqrt()
    power = ((10 ** (1.5 * level) * s).sum(1) / sn).clamp_min(1e-4).log10() / 1.5
    seconds, count = s.sum(1) / 25, (density * valid).sum(1)
    parts = [2 * mean, 2 * spread, w.sum(1) / s.sum(1).clamp_min(1), power, (level * s).sum(1) / sn]
    parts += [count / seconds.clamp_min(0.3) / 4, count / 8, seconds / 2, w.sum(1) / 25]
    if cues.shape[-1] > len(CUES):
        parts += _around(cues.float(), valid, s, power, count)
    return torch.stack(parts, -1)


def _around(cues: Tensor, valid: Tensor, s: Tensor, power: Tensor, count: Tensor) -> list[Tensor]:
    """The 13 numbers after those of `cue_summary.SHORT`."""
    pitch, voiced = cues[..., 0], (cues[..., 1] > 0.5) & (valid > 0)
    noise, band, second, *events = cues[..., len(CUES) :].unbind(-1)
    speech = closed((cues[..., 4] > 0.5).float() * valid)
    middle = median(pitch, voiced)
    seconds = (speech.sum(1) / 25).clamp_min(0.3)
    quiet = valid * (1 - 0.9 * s) * (torch.arange(len(valid[0]), device=s.device)[None] >= 4) + 1e-3 * valid
    floor = (noise * quiet).sum(1) / quiet.sum(1).clamp_min(1e-3)
    other = second * valid
    dense = F.avg_pool1d(F.pad(other, (DENSEST - 1, 0))[:, None], DENSEST, 1)[:, 0]
    parts = [2 * middle, count / seconds / 4, slope(pitch, steady(pitch, voiced)) / 4]
    parts += [(begun(speech) - 1).clamp_min(0), floor, power - floor]
    parts += [(band * s).sum(1) / s.sum(1).clamp_min(0.5), other.sum(1) / 25, dense.amax(1)]
    return parts + [begun((event > 0.5).float() * valid) for event in events]


def median(values: Tensor, known: Tensor) -> Tensor:
    """Of the known ones of each row (the lower of two), 0 where there is none: [B]."""
    ordered = torch.where(known, values, torch.full_like(values, 1e3)).sort(1).values
    count = known.sum(1, keepdim=True)
    found = ordered.gather(1, ((count - 1) // 2).clamp_min(0))
    return torch.where(count > 0, found, torch.zeros_like(found))[:, 0]


def steady(pitch: Tensor, voiced: Tensor) -> Tensor:
    """Which voiced frames lie near the median [B, F], as 0 and 1."""
    return (voiced & ((pitch - median(pitch, voiced)[:, None]).abs() < STRAY)).float()


def slope(pitch: Tensor, kept: Tensor) -> Tensor:
    """Semitones by which pitch changes at the end of the kept frames [B]; 0 where there are too few."""
    left = kept.flip(1).cumsum(1).flip(1) - kept
    new = kept * (left < NEWEST)
    old = kept * (left >= NEWEST) * (left < NEWEST + EARLIER)
    change = (pitch * new).sum(1) / new.sum(1).clamp_min(1) - (pitch * old).sum(1) / old.sum(1).clamp_min(1)
    return 12 * change * (kept.sum(1) >= LEAST)


def closed(speech: Tensor) -> Tensor:
    """0 or 1 [B, F] with gaps under `GAP` frames filled, then runs under `BLIP` frames taken away."""
    empty = 1 - _pooled(F.pad(speech, (GAP - 1, GAP - 1)), GAP)
    near = 1 - _pooled(empty, GAP)
    long = 1 - _pooled(F.pad(1 - near, (BLIP - 1, BLIP - 1), value=1.0), BLIP)
    return _pooled(long, BLIP)


def _pooled(x: Tensor, size: int) -> Tensor:
    return F.max_pool1d(x[:, None], size, 1)[:, 0]


def begun(x: Tensor) -> Tensor:
    """How often each row of 0 and 1 [B, F] goes up: [B]."""
    return (x * (1 - F.pad(x, (1, 0))[:, :-1])).sum(1)


class CueEmbedding(nn.Module):
    """The utterance's cue summary -> a vector [B, width], added to the embedding of <audio_end>."""

    def __init__(self, dims: Dims, cues: int) -> None:
        """`cues`: how many there are."""
        super().__init__()
        numbers, hidden = cue_sizes(cues)
        self.up, self.down = nn.Linear(numbers, hidden), nn.Linear(hidden, dims.width)
        places, centres, widths = zip(*BUMPS, strict=True)
        self._places = torch.tensor(places)
        self._centres, self._widths = torch.tensor(centres), torch.tensor(widths)

    def forward(self, summary: Tensor, embedding_rms: Tensor) -> Tensor:
        """[B, 9 or 22] -> [B, width]."""
        x = self.down(F.gelu(self.up(self.read(summary))))
        return F.rms_norm(x.float(), x.shape[-1:], None, 1e-5) * embedding_rms

    def read(self, summary: Tensor) -> Tensor:
        """The short summary as it is; the full one with its bumps."""
        if summary.shape[-1] == len(SHORT):
            return summary
        device = summary.device
        away = summary[:, self._places.to(device)] - self._centres.to(device)
        return torch.cat([summary.clamp(-MOST, MOST), (-(away / self._widths.to(device)).square()).exp()], -1)
