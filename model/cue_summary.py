"""What sums a segment's cues up: names of the numbers, and the bumps by which a network reads them.

Constants that torch, the graphs and training share. Raw numbers are hard to read off to a step of 5 Hz, so
each that is cited comes also as bumps exp(-((x - centre) / width)^2) along its range, as a scale with marks.
"""

from __future__ import annotations

from dataclasses import dataclass

SHORT = ("mean", "spread", "voiced", "power", "level", "rate", "syllables", "seconds", "sung")
"""Of the five cues of a voice; see ``cue_networks.summarise``."""
FULL = (
    *SHORT,
    "pitch", "pace", "slope", "pauses", "noise", "snr", "band", "second", "peak",
    "beep", "bell", "clap", "knock",
)  # fmt: skip
"""And of the sounds around it: median pitch (as the mean, 2 log2(Hz / 160)), syllables per second of speech
without pauses / 4, semitones at the end / 4, pauses, noise ((dB + 40) / 15), power over it (dB / 15), share
of telephone, seconds of a second voice, its densest 0.4 s, and how often each kind of event began."""

GAP, BLIP = 7, 3
"""Frames: silences shorter than the first are no pause, speech shorter than the second is none."""
NEWEST, EARLIER, LEAST = 4, 12, 10
"""The end's pitch: mean of the newest voiced frames against that of those before them; fewest in all.

Of six ways to measure it, read off trained heads, this one told rising from falling best."""
STRAY = 10 / 12
"""Octaves from the median beyond which a frame's pitch does not count."""
DENSEST = 10
"""Frames."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Evenly spaced bumps along one number; each as wide as the step between them."""

    name: str
    first: float
    step: float
    count: int
    width: float


SCALES = (
    Scale("pitch", -2.4, 0.18, 29, 0.18),
    Scale("pace", 0.25, 0.125, 17, 0.125),
    Scale("power", -2 / 3, 2 / 15, 22, 2 / 15),
    Scale("slope", -2.0, 0.25, 17, 0.25),
    Scale("pauses", 0.0, 1.0, 5, 0.4),
    Scale("snr", 0.0, 1 / 3, 9, 1 / 3),
    Scale("band", 0.0, 0.5, 3, 0.4),
    Scale("second", 0.0, 0.5, 4, 0.4),
    Scale("peak", 0.0, 0.5, 3, 0.4),
    *(Scale(kind, 0.0, 1.0, 10, 0.4) for kind in FULL[-4:]),
)
"""70 to 400 Hz, 1 to 9 syllables per second, -50 to -8 dB, 8 semitones either way, counts to 9."""
MOST = 3.0
"""Beside the bumps a number counts for no more than this, so that large ones do not drown small ones."""
BUMPS = tuple(
    (FULL.index(scale.name), scale.first + i * scale.step, scale.width)
    for scale in SCALES
    for i in range(scale.count)
)
"""Index of the number, centre, width."""
