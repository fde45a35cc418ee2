"""Sounds that are no speech, to be counted: beeps, bells, claps and knocks; and a second voice.

Every series is drawn anew: pitch, decay, spacing, loudness, a little irregularity. Distractors are none of
the kinds. Must never: know a question or a microphone; what a channel does to sound is `augment`'s.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .audio import RATE, Floats, Pcm, rms

KINDS = ("beep", "bell", "clap", "knock")
GAP = 0.2
"Seconds between two onsets at least: each must be an event of its own at 25 frames per second."
LONGEST = 4.0
"Seconds from the first onset of a series to its last, at most (where `GAP` allows)."
DISTRACTED = 0.15
"Share of placements with something else that is to be ignored."


@dataclass(frozen=True, slots=True)
class Series:
    """Some events of one kind."""

    kind: str
    pcm: Pcm
    "Loudest sample near 1."
    onsets: tuple[int, ...]
    "Samples."


@dataclass(frozen=True, slots=True)
class Placed:
    """Words with events around them."""

    pcm: Pcm
    clean: Pcm
    "The words alone, as long as `pcm`."
    start: int
    "Sample at which the words begin."
    onsets: tuple[tuple[str, int], ...]
    "Kind and sample of each event."


def _time(seconds: float) -> Floats:
    return np.arange(int(RATE * seconds), dtype=np.float32) / np.float32(RATE)


def _sine(hertz: float, t: Floats) -> Floats:
    return np.asarray(np.sin(t * np.float32(2 * np.pi * hertz)))


def _noise(count: int, rng: random.Random) -> Floats:
    return np.random.default_rng(rng.getrandbits(32)).standard_normal(count, np.float32)


def _banded(pcm: Floats, low: float, high: float) -> Floats:
    """Between two frequencies, with soft edges."""
    spectrum = np.fft.rfft(pcm)
    hertz = np.linspace(0, RATE / 2, len(spectrum))
    with np.errstate(divide="ignore"):
        gain = 1 / np.sqrt((1 + (low / np.maximum(hertz, 1)) ** 6) * (1 + (hertz / high) ** 6))
    return np.fft.irfft(spectrum * gain, len(pcm)).astype(np.float32)


def _beep(rng: random.Random) -> Callable[[], Floats]:
    """A tone that begins and ends at once: sine, square-like, or two at a time."""
    hertz, seconds = 300 * 2 ** rng.uniform(0, 3.3), rng.uniform(0.06, 0.32)
    harmonics = rng.choice(([1.0], [1.0], [1.0, 0, 0.33, 0, 0.2], [1.0, 0.5, 0.25], [1.0, 0, 0.11]))
    second = rng.choice((0.0, 0.0, 0.0, rng.uniform(1.2, 1.9)))
    edge = rng.uniform(0.002, 0.015)

    def one() -> Floats:
        t = _time(seconds)
        tone = np.zeros_like(t)
        for ratio in (1.0, second) if second else (1.0,):
            for k, part in enumerate(harmonics, 1):
                if part and hertz * k * ratio < 0.45 * RATE:
                    tone += part * _sine(hertz * k * ratio, t)
        shape = np.minimum(1, np.minimum(t, t[-1] - t) / edge)
        return np.asarray(tone * shape, np.float32)

    return one


def _bell(rng: random.Random) -> Callable[[], Floats]:
    """Partials that do not fit together and die away slowly, the high ones first."""
    hertz, decay = 350 * 2 ** rng.uniform(0, 2.6), rng.uniform(0.12, 0.5)
    ratios = [1.0] + [ratio * rng.uniform(0.98, 1.02) for ratio in (2.0, 2.76, 3.0, 4.1, 5.4)]
    parts = [rng.uniform(0.5, 1.0)] + [rng.uniform(0.1, 0.9) / (1 + 0.4 * i) for i in range(5)]

    def one() -> Floats:
        t = _time(min(1.2, 4.5 * decay))
        tone = np.zeros_like(t)
        for i, (ratio, part) in enumerate(zip(ratios, parts, strict=True)):
            if hertz * ratio < 0.45 * RATE:
                tone += part * _sine(hertz * ratio, t) * np.exp(t * np.float32(-(1 + 0.7 * i) / decay))
        tone[:24] *= np.linspace(0, 1, 24, dtype=np.float32)
        return tone

    return one


def _clap(rng: random.Random) -> Callable[[], Floats]:
    """Hands: two or three bursts of noise within 20 ms, then a short tail in the middle of the spectrum."""
    centre, decay = rng.uniform(900, 2600), rng.uniform(0.008, 0.035)
    width, bursts = rng.uniform(1.6, 3.0), rng.choice((1, 2, 3, 3))

    def one() -> Floats:
        t = _time(0.16)
        shape = np.zeros_like(t)
        for i in range(bursts):
            at = int(RATE * 0.006 * i * rng.uniform(0.7, 1.3))
            last = decay if i == bursts - 1 else 0.002
            shape[at:] += np.exp(-t[: len(t) - at] / last)
        return _banded(_noise(len(t), rng), centre / width, centre * width) * shape

    return one


def _knock(rng: random.Random) -> Callable[[], Floats]:
    """A door: a few low, strongly damped tones and the click of the knuckle."""
    low, decay = rng.uniform(90, 320), rng.uniform(0.012, 0.04)
    ratios = [1.0, rng.uniform(1.4, 1.9), rng.uniform(2.2, 3.1)]
    parts, click = [1.0, rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.5)], rng.uniform(0.05, 0.35)

    def one() -> Floats:
        t = _time(0.2)
        tone = np.zeros_like(t)
        for ratio, part in zip(ratios, parts, strict=True):
            hertz = low * ratio * rng.uniform(0.97, 1.03)
            tone += part * _sine(hertz, t) * np.exp(t * np.float32(-(ratio**0.5) / decay))
        return np.asarray(tone + click * _noise(len(t), rng) * np.exp(-t / 0.003), np.float32)

    return one


_MAKERS = {"beep": _beep, "bell": _bell, "clap": _clap, "knock": _knock}
_LEAST = {"beep": GAP, "bell": 0.3, "clap": GAP, "knock": GAP}
_SAME = ("beep", "bell")
"A machine's or a bell's are alike, hands and knuckles never are."
_MOST = {"beep": 0.9, "bell": 1.2, "clap": 0.8, "knock": 0.7}


def series(kind: str, count: int, rng: random.Random) -> Series:
    """`count` events of one kind, evenly or not, alike but never the same. ValueError without a kind."""
    if kind not in _MAKERS or count < 1:
        raise ValueError(f"{count} sounds of the kind {kind!r} cannot be made; kinds are {', '.join(KINDS)}")
    one = _MAKERS[kind](rng)
    sounds = [one()] * count if kind in _SAME else [one() for _ in range(count)]
    longest = max(len(sound) for sound in sounds) / RATE + 1e-4
    least = max(_LEAST[kind], longest + 0.07) if kind == "beep" else _LEAST[kind]
    most = max(least, min(_MOST[kind], LONGEST / max(1, count - 1)))
    every, uneven = rng.uniform(least, most), rng.choice((0.0, 0.05, 0.3))
    onsets, at = [0], 0.0
    for _ in range(count - 1):
        at += max(least, every * (1 + rng.uniform(-uneven, uneven)))
        onsets.append(int(at * RATE))
    pcm = np.zeros(onsets[-1] + int(RATE * max(longest, GAP)), np.float32)
    for place, sound in zip(onsets, sounds, strict=True):
        peak = max(1e-6, float(np.abs(sound).max()))
        pcm[place : place + len(sound)] += sound * np.float32(rng.uniform(0.8, 1.0) / peak)
    return Series(kind, pcm / np.float32(max(1.0, float(np.abs(pcm).max()))), tuple(onsets))


def distractor(rng: random.Random) -> Pcm:
    """Something that is none of the kinds, 0.3 to 1.2 s, loudest sample 1: a hiss, a sweep, a buzz."""
    t = _time(rng.uniform(0.3, 1.2))
    swell = np.abs(np.sin(np.pi * t / t[-1])) ** rng.uniform(0.7, 2)
    kind = rng.randrange(3)
    if kind == 0:
        centre = 300 * 2 ** rng.uniform(0, 4)
        pcm = _banded(_noise(len(t), rng), centre / 2, centre * 2) * swell
    elif kind == 1:
        first = 300 * 2 ** rng.uniform(0, 3)
        ratio = 2 ** (rng.choice((-1, 1)) * rng.uniform(0.8, 1.6))
        hertz = first * ratio ** (t / t[-1])
        pcm = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * swell
    else:
        low = rng.uniform(50, 120)
        pcm = sum(np.sin(2 * np.pi * low * k * t) / k for k in range(1, 12)) * swell
    return np.asarray(pcm / np.abs(pcm).max(), np.float32)


def _sides(events: Sequence[tuple[str, int]], rng: random.Random) -> tuple[list[Series], list[Series]]:
    """What sounds before and what after the words; one kind may be split between both sides."""
    sides: tuple[list[Series], list[Series]] = ([], [])
    for kind, count in events:
        before = count if rng.random() < 0.5 else 0
        if count > 1 and rng.random() < 0.25:
            before = rng.randrange(1, count)
        for side, some in zip(sides, (before, count - before), strict=True):
            if some:
                side.append(series(kind, some, rng))
    return sides


def place(speech: Pcm, events: Sequence[tuple[str, int]], level: float, rng: random.Random) -> Placed:
    """`events` (kinds with counts) before, after or on both sides of the words, never under them.

    `level`: of the speech, dB full scale. An event's loudest sample lies -6 to +10 dB from what speech of
    that level has (its root mean square and 12 dB), and below full scale.
    """
    before, after = _sides(events, rng)
    words = Series("", speech, ())
    parts = [*before, words, *after]
    if rng.random() < DISTRACTED:
        parts.insert(rng.choice((0, len(parts))), Series("", distractor(rng), ()))
    pcm, clean, onsets, start, at = list[Pcm](), list[Pcm](), list[tuple[str, int]](), 0, 0
    for i, part in enumerate(parts):
        gap = np.zeros(int(RATE * rng.uniform(0.25, 0.8)) if i else 0, np.float32)
        at += len(gap)
        loud = 1.0 if part is words else min(0.9, 10 ** ((level + 12 + rng.uniform(-6, 10)) / 20))
        start = at if part is words else start
        onsets += [(part.kind, at + where) for where in part.onsets]
        pcm += [gap, part.pcm * np.float32(loud)]
        clean += [gap, part.pcm if part is words else np.zeros_like(part.pcm)]
        at += len(part.pcm)
    return Placed(np.concatenate(pcm), np.concatenate(clean), start, tuple(onsets))


def beside(clean: Pcm, other: Pcm, rng: random.Random) -> tuple[Pcm, tuple[tuple[int, int], ...]]:
    """A second voice: what to ADD to the sound of `clean` (as long as it), and where it speaks.

    `other`: another speaker's words, trimmed; cut where it would be longer. It is 0 to 9 dB softer.
    """
    room = len(clean) - len(other)
    start = rng.randrange(room + 1) if room > 0 else 0
    said = other[: len(clean)]
    loud = rms(clean[np.abs(clean) > 1e-4]) if np.any(np.abs(clean) > 1e-4) else 0.05
    added = np.zeros_like(clean)
    added[start : start + len(said)] = said * np.float32(loud * 10 ** (-rng.uniform(0, 9) / 20) / rms(said))
    return added, ((start, start + len(said)),)
