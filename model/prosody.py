"""How something was said, measured: pitch, pace, level and pauses, for brains that only read.

Plain numpy, no model. It tells what a meter would, and never guesses a feeling, an age or a sex.

Pitch: the highest peak of a window's autocorrelation, divided by the window's own (Boersma 1993, "Accurate
short-term analysis of the fundamental frequency"). Pace: peaks of the level with a dip between them, where
there is pitch (de Jong and Wempe 2009, "Praat script to detect syllable nuclei").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE, Pcm, SpokenWord

LOWEST, HIGHEST = 60.0, 420.0
"""Hz between which pitch is looked for."""
SHORTEST = 0.25
"""Seconds of silence from which it is a pause; less belongs to a stop consonant."""
LEAST = 0.2
"""Seconds of speech under which nothing is told."""
TURNING = 2.0
"""Semitones over the last ``ENDING`` seconds of pitch from which it rises or falls."""
ENDING = 0.4
"""Seconds of pitch that are the end."""

_HOP = 0.01
_RATE = CAPTURE_RATE // 2
_WINDOW = 400
"""Samples at half the rate: 50 ms, three periods of the lowest pitch."""
_LAGS = 1024
_VOICED = 0.5
_OCTAVE = 0.02
"""What an octave further down must be better by, so that a tone is not taken for its undertone."""
_BELOW = 35.0
"""Decibels below the loudest under which there is no speech."""
_ABOVE = 6.0
"""Decibels above the quietest tenth, where that is no speech itself."""
_NUCLEUS, _DIP = 25.0, 2.0
"""Decibels: how far below the loudest a syllable may be, and how deep the dip between two."""

Track = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause inside of speech."""

    begins: float
    "Seconds from the start of the sound."
    seconds: float


@dataclass(frozen=True, slots=True)
class Cues:
    """What was measured; None where there was too little to measure."""

    speech: float = 0.0
    "Seconds from the first to the last of it."
    pitch: float | None = None
    "Hz, the median."
    low: float | None = None
    high: float | None = None
    "Hz: nine tenths of the pitch lie above, and below."
    ending: float | None = None
    "Semitones by which pitch changes over the last ENDING seconds of it; negative: falls."
    pace: float | None = None
    "Syllables per second of speech, pauses left out."
    level: float | None = None
    "dBFS of speech, pauses left out."
    dynamics: float | None = None
    "Decibels between its loud and its quiet tenth."
    pauses: tuple[Silence, ...] = ()


def cues(pcm: Pcm) -> Cues:
    """Measure mono sound at CAPTURE_RATE, shape (samples,)."""
    levels = _levels(pcm)
    loud = _spoken(levels)
    at = np.flatnonzero(loud)
    if not len(at) or (at[-1] + 1 - at[0]) * _HOP < LEAST:
        return Cues()
    first, last = int(at[0]), int(at[-1]) + 1
    pauses = _pauses(loud[first:last], first)
    speech = (last - first) * _HOP
    track = _pitch(pcm, len(levels))
    track[~loud] = np.nan
    track = _steady(track)
    voiced = track[~np.isnan(track)]
    spoken = speech - sum(pause.seconds for pause in pauses)
    power = np.power(10.0, levels[loud] / 10.0)
    tenths = np.percentile(levels[loud], (10, 90))
    nuclei = _nuclei(levels, ~np.isnan(track))
    tell = len(voiced) * _HOP >= LEAST / 2
    low, pitch, high = np.percentile(voiced, (10, 50, 90)) if tell else (np.nan,) * 3
    return Cues(
        speech=round(speech, 2),
        pitch=_told(pitch, 1), low=_told(low, 1), high=_told(high, 1),
        ending=_ending(voiced),
        pace=_told(nuclei / spoken, 2) if nuclei and spoken >= 2 * LEAST else None,
        level=_told(10 * np.log10(np.mean(power)), 1),
        dynamics=_told(tenths[1] - tenths[0], 1),
        pauses=pauses,
    )  # fmt: skip


def told(found: Cues, words: Sequence[SpokenWord] = ()) -> str:
    """The cues as one short bracket; empty where there is nothing to tell.

    ``(voice: pitch 118 Hz, falling at the end; 4.1 syllables a second; -24 dB;
    a pause of 0.6 s after "is")``. ``words`` with their times say where a pause was.
    """
    said: list[str] = []
    if found.pitch is not None:
        said.append(f"pitch {found.pitch:.0f} Hz{_turn(found.ending)}")
    if found.pace is not None:
        said.append(f"{found.pace:.1f} syllables a second")
    if found.level is not None:
        said.append(f"{found.level:.0f} dB")
    said += [_where(pause, words) for pause in found.pauses[:3]]
    if len(found.pauses) > 3:
        more = len(found.pauses) - 3
        said.append(f"{more} more {'pause' if more == 1 else 'pauses'}")
    return f"(voice: {'; '.join(said)})" if said else ""


def measured(pcm: Pcm, words: Sequence[SpokenWord] = ()) -> str:
    """Both at once: the bracket for this sound."""
    return told(cues(pcm), words)


def _turn(ending: float | None) -> str:
    if ending is None or abs(ending) < TURNING:
        return ""
    return ", rising at the end" if ending > 0 else ", falling at the end"


def _where(pause: Silence, words: Sequence[SpokenWord]) -> str:
    before = [word for word in words if (word.begins + word.ends) / 2 < pause.begins]
    place = f' after "{before[-1].text}"' if before else ""
    return f"a pause of {pause.seconds:.1f} s{place}"


# --- tracks, one value per 10 ms -----------------------------------------------------------------------


def _levels(pcm: Pcm) -> Track:
    """dBFS per whole 10 ms, over the 30 ms around."""
    hop = round(_HOP * CAPTURE_RATE)
    count = len(pcm) // hop
    power = np.mean(np.square(pcm[: count * hop], dtype=np.float64).reshape(count, hop), axis=1)
    wide = np.convolve(np.pad(power, 1, mode="edge"), np.full(3, 1 / 3), "valid") if count else power
    return np.asarray(10.0 * np.log10(wide + 1e-12))


def _spoken(levels: Track) -> NDArray[np.bool_]:
    """Where there is speech: near the loudest, and above the room where the room can be told."""
    if not len(levels):
        return np.zeros(0, bool)
    loudest = float(np.percentile(levels, 98))
    floor = float(np.percentile(levels, 10)) + _ABOVE
    bar = max(loudest - _BELOW, floor if floor < loudest - 15.0 else -np.inf, -65.0)
    return np.asarray(levels > bar)


def _pauses(loud: NDArray[np.bool_], first: int) -> tuple[Silence, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], loud, [True]]).astype(np.int8)))
    spans = zip(edges[::2], edges[1::2], strict=True)
    return tuple(
        Silence(round((first + int(a)) * _HOP, 2), round(int(b - a) * _HOP, 2))
        for a, b in spans
        if (b - a) * _HOP >= SHORTEST
    )


def _pitch(pcm: Pcm, count: int) -> Track:
    """Hz per 10 ms, NaN where there is none."""
    half = np.asarray(pcm[: len(pcm) // 2 * 2], np.float32).reshape(-1, 2).mean(axis=1)
    hop = round(_HOP * _RATE)
    padded = np.pad(half, (_WINDOW // 2 - hop // 2, _WINDOW))
    frames = sliding_window_view(padded, _WINDOW)[::hop][:count]
    window = np.hanning(_WINDOW).astype(np.float32)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _LAGS)) ** 2)
    shortest, longest = int(_RATE / HIGHEST), int(_RATE / LOWEST)
    track = np.full(count, np.nan)
    for start in range(0, count, 256):  # in pieces: a minute of frames at once is slow
        some = frames[start : start + 256]
        spectrum = np.fft.rfft((some - some.mean(axis=1, keepdims=True)) * window, _LAGS)
        alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, : longest + 2]
        energy = alike[:, :1]
        alike = alike / (energy + 1e-9) / (own[: longest + 2] / own[0])
        track[start : start + 256] = _best(alike, shortest, longest)
    return track


def _best(alike: NDArray[np.floating], shortest: int, longest: int) -> Track:
    """The pitch that each row's best peak stands for, between samples by a parabola."""
    lags = np.arange(shortest, longest + 1)
    here, left, right = alike[:, lags], alike[:, lags - 1], alike[:, lags + 1]
    peak = (here >= left) & (here > right)
    value = np.where(peak, here - _OCTAVE * np.log2(lags / shortest), -1.0)
    at = value.argmax(axis=1)
    rows = np.arange(len(alike))
    a, b, c = left[rows, at], here[rows, at], right[rows, at]
    bend = a - 2 * b + c
    shift = np.clip(0.5 * (a - c) / np.where(bend < -1e-9, bend, -1.0), -0.5, 0.5)
    voiced = peak[rows, at] & (b > _VOICED)
    return np.where(voiced, _RATE / (lags[at] + shift), np.nan)


def _steady(track: Track) -> Track:
    """Without frames that jump: each must be near the median of all, and near one beside it."""
    known = track[~np.isnan(track)]
    if not len(known):
        return track
    tone = 12 * np.log2(track / np.median(known))
    padded = np.pad(tone, 1, constant_values=np.nan)
    with np.errstate(invalid="ignore"):
        near = (np.abs(padded[:-2] - tone) < 2.0) | (np.abs(padded[2:] - tone) < 2.0)
        keep = near & (np.abs(tone) < 10.0)
    return np.where(keep, track, np.nan)


def _ending(voiced: Track) -> float | None:
    """Semitones between the first and the last third of the last ENDING seconds of pitch, over all of it."""
    count = round(ENDING / _HOP)
    if len(voiced) < count:
        return None
    tone = 12 * np.log2(voiced[-count:])
    third = count // 3
    change = np.median(tone[-third:]) - np.median(tone[:third])
    return _told(change * count / (count - third), 1)  # the thirds' middles lie two thirds apart


def _nuclei(levels: Track, voiced: NDArray[np.bool_]) -> int:
    """Syllables: peaks of the level with a dip between them, where there is pitch."""
    smooth = np.convolve(np.pad(levels, 2, mode="edge"), np.array([1, 2, 3, 2, 1]) / 9.0, "valid")
    bar = float(smooth.max()) - _NUCLEUS
    count, rising, pitched, turn = 0, True, False, -np.inf
    for level, has_pitch in zip(smooth, voiced, strict=True):
        if rising:
            if level > turn:
                turn, pitched = level, bool(has_pitch)
            elif level < turn - _DIP:
                count += turn > bar and pitched
                rising, turn = False, level
        elif level < turn:
            turn = level
        elif level > turn + _DIP:
            rising, turn, pitched = True, level, bool(has_pitch)
    return int(count + (rising and turn > bar and pitched))


def _told(value: float | np.floating, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
