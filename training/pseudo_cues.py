"""Summaries of sound that nobody made: what the cue heads would tell of a clip with these measured values.

For learning to read cues from text alone, before there is any sound: `model.cue_networks.CueEmbedding` makes
the vector of <audio_end> from them. What is not given is drawn as speech has it. Must never: be scored.
"""

import random

import numpy as np

from model.cue_summary import FULL

from .audio import Floats
from .measure import LOUDEST_SNR
from .skills.question import Measured
from .sounds import KINDS


def summary(measured: Measured, syllables: int, rng: random.Random) -> Floats:
    """[22], in the order of `FULL`; `syllables`: of the words. About as true as trained heads are."""
    pitch = measured.pitch or 75 * 2 ** rng.uniform(0, 2.2)
    pace = measured.pace or rng.uniform(2.0, 7.5)
    level = rng.uniform(-44, -12) if measured.level is None else measured.level
    told = _around(measured, level, rng) | _voice(pitch, pace, level, syllables, rng)
    slope = rng.uniform(-6, 6) if measured.slope is None else measured.slope
    told["slope"] = (slope + rng.gauss(0, 0.6)) / 4
    return np.array([told[name] for name in FULL], np.float32)


def _voice(pitch: float, pace: float, level: float, syllables: int, rng: random.Random) -> dict[str, float]:
    """What only the first voice decides."""
    middle, share = np.log2(pitch / 160) + rng.gauss(0, 0.025), rng.uniform(0.4, 0.9)
    count = max(1.0, syllables + rng.gauss(0, 0.15))
    seconds = count / (pace * (1 + rng.gauss(0, 0.03)))
    spoken = seconds * rng.uniform(0.85, 1.0)
    power = (level + rng.gauss(0, 0.6) + 40) / 15
    return {
        "mean": 2 * (middle + rng.gauss(0, 0.05)),
        "spread": 2 * rng.uniform(0.04, 0.3),
        "voiced": share,
        "power": power,
        "level": power - rng.uniform(0.1, 0.5),
        "rate": count / spoken / 4,
        "syllables": count / 8,
        "seconds": spoken / 2,
        "sung": share * spoken,
        "pitch": 2 * middle,
        "pace": count / max(seconds, 0.3) / 4,
    }


def _around(measured: Measured, level: float, rng: random.Random) -> dict[str, float]:
    """Pauses, noise, band, second voice, events."""
    snr = rng.uniform(2, 55) if measured.snr is None else measured.snr
    if snr >= LOUDEST_SNR:
        snr = rng.uniform(LOUDEST_SNR, 60)
    snr += rng.gauss(0, 1.2)
    telephone = rng.random() < 0.2 if measured.bandwidth is None else measured.bandwidth < 5000
    two = measured.voices == 2
    events = dict(measured.events)
    return {
        "pauses": rng.choice((0, 0, 0, 1, 2)) if measured.pauses is None else measured.pauses,
        "noise": (level - snr + 40) / 15,
        "snr": snr / 15,
        "band": rng.uniform(0.8, 1.0) if telephone else rng.uniform(0.0, 0.2),
        "second": rng.uniform(0.45, 2.5) if two else rng.uniform(0.0, 0.25),
        "peak": rng.uniform(0.75, 1.0) if two else rng.uniform(0.0, 0.35),
        **{kind: float(events.get(kind, 0)) for kind in KINDS},
    }
