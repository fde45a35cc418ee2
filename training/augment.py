"""Turns a clean utterance into what a microphone might deliver; what is measured follows every change.

Order: another speaker, speed, level, pauses, sounds around the words, silence around all, then the channel
and noise. Must never: draw from anything but the `rng` that is passed in.
"""

import random
from dataclasses import dataclass, field, replace

import numpy as np

from . import measure
from .audio import POSITION, RATE, Pcm, rms
from .augment_channel import FULL, Setup, channel, draw_setup, through
from .augment_noise import Babble, noise
from .corpus import Utterance
from .labels import Track, track
from .skills.question import How, Measured
from .skills.registry import family_of
from .sounds import place
from .spectrum import NO_WARP, WARPS
from .speech_change import change, draw_speaker

LEVELS = (-44.0, -12.0)
_SIDES = {"soft": (LEVELS[0], -30.2), "loud": (-21.5, LEVELS[1]), "": LEVELS}
"dB full scale of the words; measured over speech alone they come out up to 1 dB louder."
OTHER_SPEAKERS = 0.45
"Share of clips by a made-up speaker."
WARPED = 0.3
CHANNELLED = 0.6
TRIES = 5
"Ways of preparing one utterance before it is given up: it must measure as it was wanted."


@dataclass(frozen=True, slots=True)
class Clip:
    """One training item."""

    noisy: Pcm
    "What is heard; a whole number of 80 ms positions."
    clean: Pcm
    "The same length, the first voice alone, without room and noise: measured labels come from it."
    warp: int
    "Index into `WARPS`."
    ends: tuple[int, ...] = ()
    "Samples at which the words end; empty if unknown."
    pauses: tuple[tuple[int, int], ...] = ()
    "First sample and end of each silence that was put between words."
    onsets: tuple[tuple[str, int], ...] = ()
    "Kind and sample of each sound event."
    noise: float | None = None
    "dB full scale of the steady floor; None: digital silence."
    bandwidth: float = FULL
    "Hz below which nearly all of the speech lies."
    others: tuple[tuple[int, int], ...] = ()
    "Samples between which a second voice speaks."
    measured: Measured = field(default_factory=Measured)
    "What a thought about this clip may cite."
    fit: bool = True
    "Whether it measures as its question wanted."
    _track: list[Track] = field(default_factory=list, repr=False, compare=False)

    @property
    def track(self) -> Track:
        """Frames of `clean`, measured once."""
        if not self._track:
            self._track.append(track(self.clean))
        return self._track[0]


def _resample(pcm: Pcm, factor: float) -> Pcm:
    """Faster and higher by `factor` (linear interpolation)."""
    places = np.arange(0, len(pcm) - 1, factor)
    return np.asarray(np.interp(places, np.arange(len(pcm)), pcm), np.float32)


def _speed(pcm: Pcm, utterance: Utterance, rng: random.Random) -> tuple[Pcm, float]:
    """Samples and factor of a random change of speed."""
    if rng.random() > 0.4:
        return pcm, 1.0
    synthetic = utterance.group in ("espeak", "invented")
    factor = rng.uniform(0.87, 1.15) if synthetic else rng.uniform(0.82, 1.2)
    return _resample(pcm, factor), factor


def draw_level(how: How, rng: random.Random) -> float:
    """dB full scale, on the side that is wanted."""
    return rng.uniform(*_SIDES[how.loudness])


def _floor(speech_level: float, wanted: str, rng: random.Random) -> float | None:
    """Noise level in dB: none (digital silence), a quiet room, or a noisy one."""
    kind = rng.random()
    if wanted == "noisy":
        return speech_level - rng.uniform(3, 13)
    if wanted == "quiet":
        return None if kind < 0.25 else speech_level - rng.uniform(28, 50)
    if kind < 0.25:
        return None
    if kind < 0.6:
        return min(rng.uniform(-85, -52), speech_level - 10)
    return speech_level - rng.uniform(5, 40)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a clip with their marks, in samples."""

    pcm: Pcm
    ends: tuple[int, ...]
    others: tuple[tuple[int, int], ...]
    pauses: tuple[tuple[int, int], ...] = ()


def _scaled(utterance: Utterance, pcm: Pcm, factor: float) -> tuple[_Words, list[int]]:
    """Marks of speech that is `factor` shorter than what was stored, and its breaks."""

    def moved(at: int) -> int:
        return min(int(at / factor), len(pcm))

    words = _Words(
        pcm, tuple(map(moved, utterance.ends)), tuple((moved(a), moved(b)) for a, b in utterance.others)
    )
    return words, [moved(at) for at in utterance.breaks]


def _pausing(
    words: _Words, breaks: list[int], how: How, rng: random.Random, seconds: tuple[float, float]
) -> _Words:
    """Silence at breaks of the voice: at all where pauses are counted, else at a lone one or most of many."""
    pcm, ends, others = words.pcm, list(words.ends), list(words.others)
    parts, pauses, done, added = list[Pcm](), list[tuple[int, int]](), 0, 0
    for at in breaks:
        if how.pauses is None and len(breaks) > 1 and rng.random() < 0.3:
            continue
        count = int(RATE * (rng.uniform(0.5, 1.3) if how.pauses else rng.uniform(*seconds)))
        parts += [pcm[done:at], np.zeros(count, np.float32)]
        pauses.append((at + added, at + added + count))
        ends = [end + count if end > at + added + 2 else end for end in ends]
        others = [(a + count * (a >= at + added), b + count * (b > at + added)) for a, b in others]
        done, added = at, added + count
    return _Words(np.concatenate([*parts, pcm[done:]]), tuple(ends), tuple(others), tuple(pauses))


def padded(pcm: Pcm, head: int, tail: int) -> Pcm:
    """With silence before and after, the tail longer so that whole positions come out."""
    tail += -(len(pcm) + head + tail) % POSITION
    return np.pad(pcm, (head, tail))


def _alone(pcm: Pcm, others: tuple[tuple[int, int], ...]) -> Pcm:
    """Without the second voice."""
    if not others:
        return pcm
    first = pcm.copy()
    for start, end in others:
        first[start:end] = 0
    return first


def _prepared(
    words: _Words, how: How, level: float, rng: random.Random, around: tuple[float, float]
) -> tuple[Clip, Pcm]:
    """Words among sounds and silence: a clip that is still clean, and the same with the sounds."""
    pcm, start, onsets = words.pcm, 0, tuple[tuple[str, int], ...]()
    sounding = pcm
    if how.events:
        placed = place(pcm, how.events, level, rng)
        pcm, sounding, start, onsets = placed.clean, placed.pcm, placed.start, placed.onsets
    head, tail = int(RATE * rng.uniform(0.04, around[0])), int(RATE * rng.uniform(0.05, around[1]))
    start += head
    others = tuple((a + start, b + start) for a, b in words.others)
    clean = np.clip(_alone(padded(pcm, head, tail), others), -1, 1)
    clip = Clip(
        clean,
        clean,
        NO_WARP,
        tuple(end + start for end in words.ends),
        tuple((first + start, last + start) for first, last in words.pauses),
        tuple((kind, at + head) for kind, at in onsets),
        others=others,
    )
    return clip, padded(sounding, head, tail)


def _finished(clip: Clip, utterance: Utterance) -> Clip:
    """With what can be measured of it."""
    clip = replace(clip, _track=[track(clip.clean)])
    found = measure.of(clip, utterance.syllables)
    asked = family_of(utterance.question)
    return replace(
        clip,
        measured=found,
        fit=measure.fits(utterance.question.how, found)
        and (asked is None or measure.label(asked, found) is not None),
    )


def _augmented(pcm: Pcm, utterance: Utterance, rng: random.Random, babble: Babble | None) -> Clip:
    how = utterance.question.how
    if rng.random() < OTHER_SPEAKERS:
        pcm = change(pcm, draw_speaker(rng), rng)
    pcm, factor = _speed(pcm, utterance, rng)
    level = draw_level(how, rng)
    words, breaks = _scaled(utterance, pcm * np.float32(10 ** (level / 20) / rms(pcm)), factor)
    words = _pausing(words, breaks, how, rng, (0.06, 0.4) if rng.random() < 0.4 else (0.15, 1.5))
    clip, sounding = _prepared(words, how, level, rng, (0.45, 0.5))
    length = len(sounding)
    setup = draw_setup(rng, how.line) if how.line or rng.random() < CHANNELLED else Setup()
    floor, background = _floor(level, how.noise, rng), None
    if floor is not None:
        crowded = babble is not None and rng.random() < 0.25
        background = babble(length, floor, rng) if crowded and babble else noise(length, floor, rng)
    if setup == Setup():
        noisy = sounding if background is None else sounding + background
    else:
        noisy = through(sounding, setup, rng, background).pcm
    warped = not (how.pitch or how.end or utterance.question.skill == "pitch") and rng.random() < WARPED
    clip = replace(
        clip,
        noisy=np.clip(noisy, -1, 1),
        warp=rng.randrange(len(WARPS)) if warped else NO_WARP,
        noise=floor,
        bandwidth=setup.high,
    )
    return _finished(clip, utterance)


def augment(pcm: Pcm, utterance: Utterance, rng: random.Random, babble: Babble | None = None) -> Clip:
    """`pcm`: the stored clean speech of `utterance`. `Clip.fit` says whether it came out as wanted."""
    clip = _augmented(pcm, utterance, rng, babble)
    for _ in range(TRIES - 1):
        if clip.fit:
            break
        clip = _augmented(pcm, utterance, rng, babble)
    return clip


def plain(pcm: Pcm, utterance: Utterance, rng: random.Random) -> Clip:
    """For tests: what was wanted, a level, silence around, a quiet room (every fourth: digital silence)."""
    for _ in range(TRIES):
        clip = _plain(pcm, utterance, rng)
        if clip.fit:
            break
    return clip


def _plain(pcm: Pcm, utterance: Utterance, rng: random.Random) -> Clip:
    how = utterance.question.how
    level = draw_level(how, rng) if how.loudness else rng.uniform(-40, -12)
    words, breaks = _scaled(utterance, pcm * np.float32(10 ** (level / 20) / rms(pcm)), 1.0)
    words = _pausing(words, breaks, how, rng, (0.2, 1.0))
    clip, sounding = _prepared(words, how, level, rng, (0.45, 0.5))
    floor = _floor(level, how.noise, rng) if how.noise else None
    if not how.noise and rng.random() < 0.75:
        floor = min(rng.uniform(-80, -55), level - 26)
    background = None if floor is None else noise(len(sounding), floor, rng)
    telephone = how.line == "telephone"
    setup = Setup(low=300.0, high=3400.0, telephone=True) if telephone else Setup()
    if telephone:
        sounding = through(sounding, setup, rng, background).pcm
    elif background is not None:
        sounding = sounding + background
    clip = replace(clip, noisy=np.clip(sounding, -1, 1), noise=floor, bandwidth=setup.high)
    return _finished(clip, utterance)


def noise_clip(rng: random.Random) -> Clip:
    """No speech at all: noise, a hum, a chord, or clicks."""
    length = POSITION * rng.randint(4, 40)
    level = rng.uniform(-55, -15)
    kind = rng.random()
    if kind < 0.5:
        pcm = noise(length, level, rng)
    else:
        seconds = np.arange(length, dtype=np.float32) / RATE
        pcm = np.zeros(length, np.float32)
        for _ in range(rng.randint(1, 5)):
            pcm += np.sin(2 * np.pi * rng.uniform(60, 2500) * seconds, dtype=np.float32) * np.float32(
                rng.random()
            )
        if kind < 0.8:
            beat = np.abs(np.sin(2 * np.pi * rng.uniform(0.5, 6) * seconds)) ** rng.uniform(0.5, 8)
            pcm = pcm * beat.astype(np.float32)
        pcm = pcm * np.float32(10 ** (level / 20) / rms(pcm)) + noise(length, rng.uniform(-80, -45), rng)
    return Clip(np.clip(pcm, -1, 1), np.zeros(length, np.float32), NO_WARP)


__all__ = [
    "LEVELS",
    "Babble",
    "Clip",
    "augment",
    "channel",
    "draw_level",
    "noise",
    "noise_clip",
    "padded",
    "plain",
]
