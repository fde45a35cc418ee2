"""Where a reply's time went, as far as the session's own trace can tell. It explains scores, it makes none.

Voice-to-voice = how late the detector placed the end of speech + the endpoint wait + the rest: what brain,
voice and runtime took beyond the wait. The first two are known, so the rest follows, turn by turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.events import SpeechPaused
from pipeline.ports import CAPTURE_RATE
from pipeline.trace import read

from .labels import Labels
from .score import Score

NEAR = 0.5
"""Seconds around the labelled end in which the detector's end is looked for."""


@dataclass(frozen=True, slots=True)
class Share:
    """One turn's voice-to-voice in parts, in seconds."""

    turn: int
    detector: float
    "Where the detector placed the end, from the labelled end; signed."
    rest: float | None
    "Beyond that and the endpoint wait; None when the wait is not one number."


def detected_ends(trace: Path) -> list[int]:
    """Capture samples at which the session took speech to have ended; empty without a trace."""
    if not trace.exists():
        return []
    return [entry.item.at for entry in read(trace) if isinstance(entry.item, SpeechPaused)]


def shares(one: Score, labels: Labels, ends: list[int], endpoint: float | None) -> list[Share]:
    """Of every turn that was answered after its end. The trace's samples count from the recording's first."""
    found = []
    for turn, said in zip(one.turns, labels.turns, strict=True):
        if turn.voice_to_voice is None or turn.censored or turn.cut_in:
            continue
        labelled = labels.seconds(said.end)
        near = [end / CAPTURE_RATE - labelled for end in ends if abs(end / CAPTURE_RATE - labelled) < NEAR]
        if near:
            lag = min(near, key=abs)
            rest = None if endpoint is None else turn.voice_to_voice - endpoint - lag
            found.append(Share(turn.number, lag, rest))
    return found
