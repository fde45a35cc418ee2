"""What everyone hears beside the peers: their two recordings laid out as their scripts do, and variants.

Sample-exact: the same 16-bit samples, the same faint noise, the same seconds of silence. It must never shift
a variant for one system only; where a script needs its parts by other names, the sum is the same timeline.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, FRAME

Words: TypeAlias = NDArray[np.int16]
"""16-bit mono at CAPTURE_RATE."""
Wave: TypeAlias = NDArray[np.float64]

QUESTION, BARGE = "weather_question_t.wav", "q2_t.wav"
LEAD, TAIL = 1.0, 2.5
"""Seconds of silence around the timeline, as in the scripts."""
GAP = 4.5
"""Seconds from the question's end to the barge-in: long enough for a reply to be well under way."""
HISS = 8.0
"""Standard deviation of the scripts' noise, in 16-bit steps: -72 dBFS."""
FADES = (80, 160)
"""Samples over which a cut word rises and falls."""
BORDER = 0.41
"""Seconds into the question where a word ends (what's | the weather in Paris): its quietest place."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One user side, ready to be played in frames."""

    pcm: Words
    end: float
    "Seconds to one past the last sample of the question."
    barge: float
    "Seconds to the first sample of what is said over the agent's voice."
    barge_end: float

    @property
    def frames(self) -> int:
        """Whole frames; the rest is not played."""
        return len(self.pcm) // FRAME


def timeline(question: Words, barge: Words, gap: float = GAP) -> Timeline:
    """Silence, the question, ``gap`` seconds, the barge-in, silence, all over faint noise."""
    pieces = [silence(LEAD), question, silence(gap), barge, silence(TAIL)]
    clean = np.concatenate(pieces).astype(np.int32)
    hiss = np.random.default_rng(0).normal(0, HISS, len(clean)).astype(np.int32)
    end = LEAD + len(question) / CAPTURE_RATE
    whole = np.clip(clean + hiss, -32768, 32767).astype(np.int16)
    return Timeline(whole, end, end + gap, end + gap + len(barge) / CAPTURE_RATE)


def silence(seconds: float) -> Words:
    """Digital silence."""
    return np.zeros(int(seconds * CAPTURE_RATE), np.int16)


def parted(question: Words, seconds: float, border: float = BORDER) -> tuple[Words, Words, Words]:
    """The question's first part, with a pause of ``seconds`` and its second part: their sum is what is heard.

    Raises UserError where the border lies outside the question.
    """
    at = round(border * CAPTURE_RATE)
    if not 0 < at < len(question):
        raise UserError(f"a pause at {border:g} s lies outside a question of {len(question) / 16000:g} s")
    return question[:at], silence(seconds), question[at:]


# --- bursts over the agent's voice ------------------------------------------------------------------------


def short_word(barge: Words, start: float = 0.09, end: float = 0.35) -> Words:
    """The voiced part of the barge-in's first word, faded in and out: every detector takes it for speech."""
    piece = barge[round(start * CAPTURE_RATE) : round(end * CAPTURE_RATE)].astype(np.float64)
    if len(piece) < FADES[0] + FADES[1]:
        raise UserError(f"a barge-in of {len(barge) / CAPTURE_RATE:g} s is too short to cut a word from")
    piece[: FADES[0]] *= np.linspace(0, 1, FADES[0])
    piece[-FADES[1] :] *= np.linspace(1, 0, FADES[1])
    return np.asarray(np.round(piece), np.int16)


def murmur(seconds: float = 0.3) -> Words:
    """An "mm-hm": a hum in two swells, the second higher. Not every detector takes it for speech."""
    count = round(seconds * CAPTURE_RATE)
    at = np.arange(count) / CAPTURE_RATE
    middle = 0.45 * seconds
    pitch = np.where(at < middle, 115.0, 150.0) - 10 * np.sin(2 * np.pi * at / seconds)
    pulses = np.diff(np.floor(np.cumsum(pitch) / CAPTURE_RATE), prepend=0.0)
    sound = _formants(pulses, ((250, 60, 1.0), (1000, 120, 0.25), (2200, 180, 0.1)))
    swell = np.minimum(1, np.minimum(at, seconds - at) / 0.02)
    dip = 1 - 0.8 * np.exp(-(((at - middle) / 0.02) ** 2))
    return _scaled(sound * swell * dip, 0.4)


def cough(seconds: float = 0.28) -> Words:
    """A burst of breath and a weaker one. A good detector does not take it for speech."""
    count = round(seconds * CAPTURE_RATE)
    at = np.arange(count) / CAPTURE_RATE
    breath = np.random.default_rng(3).normal(0, 1, count)
    sound = _formants(breath, ((600, 300, 1.0), (1600, 400, 0.8), (3000, 700, 0.6)))
    bark = np.minimum(1, at / 0.005) * (np.exp(-at / 0.05) + 0.35 * np.exp(-(((at - 0.19) / 0.04) ** 2)))
    return _scaled(sound * bark * np.minimum(1, (seconds - at) / 0.01), 0.6)


def _formants(source: Wave, peaks: Sequence[tuple[float, float, float]]) -> Wave:
    """A source through resonators in parallel: (frequency, bandwidth, gain) each, in Hz."""
    total = np.zeros(len(source))
    for frequency, width, gain in peaks:
        radius = np.exp(-np.pi * width / CAPTURE_RATE)
        first = 2 * radius * np.cos(2 * np.pi * frequency / CAPTURE_RATE)
        before, last = 0.0, 0.0
        for index, sample in enumerate(source):
            before, last = last, sample + first * last - radius * radius * before
            total[index] += gain * last
    return total


def _scaled(sound: Wave, peak: float) -> Words:
    return np.asarray(np.round(sound / np.abs(sound).max() * peak * 32767), np.int16)


# --- files ------------------------------------------------------------------------------------------------


def read_words(path: Path) -> Words:
    """A recording's samples as they are. Raises UserError for anything but 16-bit mono at CAPTURE_RATE."""
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise UserError(f"{path} cannot be read as a WAV file ({error}); --peers-dir holds it") from None
    if form != (1, 2, CAPTURE_RATE):
        found = f"{form[0]} channels of {8 * form[1]} bit at {form[2]} Hz"
        raise UserError(f"{path} has {found}; the peers' scripts read 1 of 16 bit at {CAPTURE_RATE} Hz")
    return np.frombuffer(data, "<i2").astype(np.int16)


def write_words(path: Path, pcm: Words) -> Path:
    """Write 16-bit mono; it reads back equal."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(CAPTURE_RATE)
        file.writeframes(pcm.astype("<i2").tobytes())
    return path
