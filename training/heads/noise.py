"""Sounds that nobody says: coughs, claps, knocks, barks, keys, bells, music, made from noise and decays."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import scipy.signal

from training.audio import RATE, Floats, Pcm
from training.augment import noise, noise_clip

UNTRAINED = ("bark",)
"Kinds for tests only."
_OFTEN = {"cough": 2.0, "music": 3.0}
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)


def _decay(count: int, seconds: float, rise: float = 0.002) -> Floats:
    """Rises within `rise` seconds, falls by 1/e within `seconds`."""
    t = np.arange(count, dtype=np.float32) / RATE
    out: Floats = np.minimum(1, t / rise) * np.exp(-t / seconds)
    return out.astype(np.float32)


def _hiss(count: int, low: float, high: float, rng: random.Random) -> Floats:
    """Noise between two frequencies, of unit power."""
    made = noise(count + 800, 0.0, rng)
    numerator, denominator = scipy.signal.butter(2, (low, min(high, 7800)), "band", fs=RATE)
    out: Floats = scipy.signal.lfilter(numerator, denominator, made)[800:].astype(np.float32)
    return out / max(1e-6, float(out.std()))


def _placed(parts: list[tuple[float, Floats]]) -> Pcm:
    """Sounds added up at their times in seconds."""
    out = np.zeros(max(int(at * RATE) + len(part) for at, part in parts), np.float32)
    for at, part in parts:
        out[int(at * RATE) : int(at * RATE) + len(part)] += part
    return out


def _cough(rng: random.Random) -> Pcm:
    """One to three bursts of breath through a throat; some have a voice in them."""
    parts, at = list[tuple[float, Floats]](), 0.0
    centre = rng.uniform(400, 1500)
    for _ in range(rng.choice((1, 1, 2, 3))):
        count = int(RATE * rng.uniform(0.12, 0.35))
        burst = _hiss(count, centre * 0.5, centre * 3, rng) + 0.5 * _hiss(count, 1500, 6000, rng)
        if rng.random() < 0.5:
            pulse = scipy.signal.sawtooth(2 * np.pi * rng.uniform(80, 300) * np.arange(count) / RATE)
            burst += rng.uniform(0.2, 1.0) * pulse.astype(np.float32)
        parts.append((at, burst * _decay(count, rng.uniform(0.03, 0.12), rng.uniform(0.003, 0.03))))
        at += count / RATE + rng.uniform(0.0, 0.25)
    return _placed(parts)


def _claps(rng: random.Random) -> Pcm:
    parts = []
    for i in range(rng.randint(1, 5)):
        count = int(RATE * rng.uniform(0.05, 0.2))
        hit = _hiss(count, rng.uniform(300, 1200), rng.uniform(3000, 7500), rng)
        parts.append((i * rng.uniform(0.12, 0.35), hit * _decay(count, rng.uniform(0.005, 0.04))))
    return _placed(parts)


def _knocks(rng: random.Random) -> Pcm:
    """Wood, a door, a table: low modes that die away."""
    tones, parts, gap = [rng.uniform(70, 900) for _ in range(4)], [], rng.uniform(0.1, 0.4)
    for i in range(rng.randint(1, 5)):
        count = int(RATE * rng.uniform(0.08, 0.3))
        t = np.arange(count) / RATE
        body = np.sum([np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in tones], axis=0)
        hit = body.astype(np.float32) + 0.3 * _hiss(count, 200, 5000, rng) * _decay(count, 0.004)
        parts.append((i * gap, hit * _decay(count, rng.uniform(0.01, 0.07))))
    return _placed(parts)


def _keys(rng: random.Random) -> Pcm:
    """Typing."""
    parts, at = list[tuple[float, Floats]](), 0.0
    for _ in range(rng.randint(2, 9)):
        count = int(RATE * rng.uniform(0.01, 0.04))
        hit = _hiss(count, 1000, 7000, rng) * _decay(count, rng.uniform(0.002, 0.008), 0.0005)
        parts.append((at, hit * np.float32(rng.uniform(0.3, 1))))
        at += rng.uniform(0.05, 0.25)
    return _placed(parts)


def _breath(rng: random.Random) -> Pcm:
    """A sigh, a sniff, a blow into the microphone."""
    count = int(RATE * rng.uniform(0.2, 0.9))
    swell = np.sin(np.pi * np.linspace(0, 1, count)) ** rng.uniform(0.5, 2)
    return _hiss(count, rng.uniform(60, 900), rng.uniform(1500, 7000), rng) * swell.astype(np.float32)


def _bark(rng: random.Random) -> Pcm:
    """A rough harmonic burst whose pitch rises and falls."""
    parts, at = list[tuple[float, Floats]](), 0.0
    for _ in range(rng.randint(1, 4)):
        count = int(RATE * rng.uniform(0.08, 0.25))
        bow = np.sin(np.pi * np.linspace(0, 1, count))
        phase = 2 * np.pi * np.cumsum(rng.uniform(250, 700) * (0.7 + 0.6 * bow)) / RATE
        voice = np.sum([np.sin(k * phase) / k for k in range(1, 8)], axis=0).astype(np.float32)
        rough = voice * (1 + 0.5 * _hiss(count, 30, 120, rng)) + 0.4 * _hiss(count, 500, 5000, rng)
        parts.append((at, rough * (bow**0.5).astype(np.float32)))
        at += count / RATE + rng.uniform(0.1, 0.4)
    return _placed(parts)


def _bell(rng: random.Random) -> Pcm:
    """A ring of a bell, a telephone, an appliance."""
    parts, at, root = list[tuple[float, Floats]](), 0.0, rng.uniform(330, 1400)
    for _ in range(rng.randint(1, 6)):
        tone, count = root * 2 ** (rng.choice(_SCALE) / 12), int(RATE * rng.uniform(0.15, 0.7))
        parts.append((at, _tone(tone, count, (1.0, 2.76, 5.4), rng) * _decay(count, rng.uniform(0.08, 0.6))))
        at += rng.uniform(0.1, 0.4)
    return _placed(parts)


def _tone(hertz: float, count: int, overtones: Sequence[float], rng: random.Random) -> Floats:
    """Overtones that fall off, with some vibrato."""
    t = np.arange(count) / RATE
    phase = hertz * t + hertz * rng.uniform(0, 0.004) * np.sin(2 * np.pi * rng.uniform(4, 7) * t) / 5
    tilt, out = rng.uniform(0.6, 2.0), np.zeros(count, np.float32)
    for k in overtones:
        if hertz * k < 7500:
            out += (np.sin(2 * np.pi * k * phase + rng.uniform(0, 6)) / k**tilt).astype(np.float32)
    return out


def _music(rng: random.Random) -> Pcm:
    """A band, from anywhere in a piece: chords that last, a melody, a bass, drums; not all of them always."""
    length, beat, root = 2 * RATE, rng.uniform(0.25, 0.7), rng.uniform(110, 330)
    parts: list[tuple[float, Floats]] = [(0.0, np.zeros(length, np.float32))]
    played = rng.sample(("chords", "melody", "bass", "drums"), rng.randint(1, 4))
    if played == ["drums"]:
        played.append("bass")
    step, at = 0, -beat * rng.random()
    while at < 1.8:
        count = int(RATE * beat)
        chord = [rng.choice(_SCALE) for _ in range(3)]
        if "chords" in played:
            swell = np.minimum(1, np.arange(count) / (RATE * rng.uniform(0.005, 0.1))).astype(np.float32)
            for note in chord:
                parts.append((at, 0.4 * swell * _tone(root * 2 ** (note / 12), count, range(1, 9), rng)))
        if "melody" in played:
            for half in range(rng.choice((1, 2))):
                tone = 2 * root * 2 ** (rng.choice(_SCALE) / 12)
                sound = _tone(tone, count // 2, range(1, 6), rng) * _decay(
                    count // 2, rng.uniform(0.1, 0.6), 0.01
                )
                parts.append((at + half * beat / 2, 0.7 * sound))
        if "bass" in played:
            parts.append(
                (at, _tone(root / 2, count, range(1, 5), rng) * _decay(count, rng.uniform(0.1, 0.5), 0.01))
            )
        if "drums" in played:
            hit = _hiss(count, 3000, 7800, rng) * _decay(count, 0.03) if step % 2 else _tone(
                rng.uniform(50, 90), count, (1.0, 1.5), rng) * _decay(count, 0.1)  # fmt: skip
            parts.append((at, rng.uniform(0.5, 1.5) * hit))
        step, at = step + 1, at + beat
    late = [(at, part) if at >= 0 else (0.0, part[int(-at * RATE) :]) for at, part in parts]
    return _placed(late)[:length]


_MADE: dict[str, Callable[[random.Random], Pcm]] = {
    "cough": _cough,
    "claps": _claps,
    "knocks": _knocks,
    "keys": _keys,
    "breath": _breath,
    "steady": lambda rng: noise_clip(rng).noisy,
    "bell": _bell,
    "music": _music,
    "bark": _bark,
}
TRAINED = tuple(kind for kind in _MADE if kind not in UNTRAINED)


def draw_noise(rng: random.Random, kind: str = "") -> tuple[str, Pcm]:
    """A kind and its sound, 16 kHz, of any level, at most 3 s. A drawn kind is one of those that train."""
    chosen = kind or rng.choices(TRAINED, [_OFTEN.get(k, 1.0) for k in TRAINED])[0]
    return chosen, _MADE[chosen](rng)[: 3 * RATE]
