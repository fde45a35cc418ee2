"""What the harness's user says: sound with sample-exact labels, made by a voice that is not the agent's.

A stimulus is trimmed to its first and last sample above -50 dBFS, so its labelled end is where its sound
ends. Synthetic speech ends cleanly; no threshold may be tuned on it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio_io.resample import resample
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE, Pcm, Voice

from .audible import loudness
from .labels import WANTS_REPLY, Kind, Pause

EDGE = 10.0 ** (-50.0 / 20.0)
"""Amplitude at which speech is said to begin and end."""
LEVEL = 10.0 ** (-23.0 / 20.0)
"""RMS of the loud windows that every stimulus is brought to."""
PEAK = 0.9
"""Largest sample after that; a spiky voice stays quieter instead of being clipped."""


@dataclass(frozen=True, slots=True, eq=False)
class Stimulus:
    """One thing to be said by the user: speech from the first sample on, at CAPTURE_RATE."""

    pcm: Pcm
    kind: Kind = Kind.QUESTION
    pauses: tuple[Pause, ...] = ()
    "Positions from its first sample."
    text: str = ""
    expected: str | None = None
    reply: bool = True
    voice: str = ""
    tail: int = 0
    "Samples of ``pcm`` after the speech is over: a room's answer to it. The label ends before them."

    @property
    def seconds(self) -> float:
        return self.length / CAPTURE_RATE

    @property
    def length(self) -> int:
        """Samples of the speech, which the label spans."""
        return len(self.pcm) - self.tail


def trimmed(pcm: Pcm, *, what: str = "the sound") -> Pcm:
    """From the first to the last sample above -50 dBFS. Raises VoiceError when there is none."""
    loud = np.flatnonzero(np.abs(pcm) > EDGE)
    if not len(loud):
        raise VoiceError(f"{what} is silent: nothing in it is louder than -50 dBFS")
    return np.ascontiguousarray(pcm[loud[0] : loud[-1] + 1], np.float32)


def levelled(pcm: Pcm, rate: int = CAPTURE_RATE) -> Pcm:
    """The same speech with an active level of LEVEL, or less where its peaks would pass PEAK."""
    windows = loudness(pcm, rate)
    active = windows[windows > EDGE]
    power = float(np.sqrt(np.mean(active**2))) if len(active) else 0.0
    peak = float(np.max(np.abs(pcm), initial=0.0))
    gain = min(LEVEL / power, PEAK / peak) if power and peak else 1.0
    return (pcm * gain).astype(np.float32)


async def synthesise(voice: Voice, text: str) -> Pcm:
    """A text in a voice, levelled and trimmed, at CAPTURE_RATE. Raises VoiceError."""
    chunks = [chunk.pcm async for chunk in voice.speak(text)]
    whole = np.concatenate([np.zeros(0, np.float32), *chunks])
    level = levelled(resample(whole, voice.rate, CAPTURE_RATE))
    return trimmed(level, what=f"{text!r} in the voice {voice.name}")


async def spoken(
    voice: Voice,
    text: str,
    kind: Kind = Kind.QUESTION,
    *,
    expected: str | None = None,
    reply: bool | None = None,
) -> Stimulus:
    """A text without pauses. ``reply`` None: as the kind wants."""
    due = kind in WANTS_REPLY if reply is None else reply
    return Stimulus(await synthesise(voice, text), kind, (), text, expected, due, voice.name)


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence between two pieces of a turn."""

    seconds: float
    marked: bool = True
    'Labelled as a pause; False for the breath before an "um", which is no event of its own.'


async def composed(
    voice: Voice, parts: Sequence[str | Gap], kind: Kind = Kind.QUESTION, *, expected: str | None = None
) -> Stimulus:
    """Pieces of speech with silence between: each is spoken on its own, so each sounds as if it were the end.

    Every gap is exactly as long as asked, from the last sample of one piece to the first of the next. Raises
    ValueError where a turn begins or ends in silence.
    """
    if not parts or isinstance(parts[0], Gap) or isinstance(parts[-1], Gap):
        raise ValueError("a turn begins and ends with speech")
    pieces, marks, reached = list[Pcm](), list[Pause](), 0
    for part in parts:
        if isinstance(part, Gap):
            piece = np.zeros(round(part.seconds * CAPTURE_RATE), np.float32)
            if part.marked:
                marks.append(Pause(reached, reached + len(piece)))
        else:
            piece = await synthesise(voice, part)
        pieces.append(piece)
        reached += len(piece)
    text = " ".join("…" if isinstance(part, Gap) else part for part in parts)
    return Stimulus(
        np.concatenate(pieces), kind, tuple(marks), text, expected, kind in WANTS_REPLY, voice.name
    )


async def hesitating(
    voice: Voice, parts: Sequence[str], pauses: Sequence[float], *, expected: str | None = None
) -> Stimulus:
    """A question broken by as many pauses as it has borders between its parts. See ``composed``."""
    if len(pauses) != len(parts) - 1:
        raise ValueError(f"{len(parts)} parts have {len(parts) - 1} pauses between them, not {len(pauses)}")
    mixed: list[str | Gap] = [parts[0]]
    for seconds, part in zip(pauses, parts[1:], strict=True):
        mixed += [Gap(seconds), part]
    return await composed(voice, mixed, expected=expected)
