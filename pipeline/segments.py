"""From a span of captured sound to the parts of a prompt."""

from __future__ import annotations

from .events import Sample, Span
from .ports import CAPTURE_RATE
from .prompt import Audio
from .ring import AudioRing

SEGMENT = 25 * CAPTURE_RATE
"""Longest audio segment in samples (Step-Audio's official clients split at 25 s)."""


def segments(ring: AudioRing, span: Span) -> tuple[Audio, ...]:
    """The span's sound as parts of at most 25 s each. Raises OverrunError where the ring has lost it."""
    cuts = range(span.start, span.end, SEGMENT)
    return tuple(Audio(ring.read(Span(Sample(at), Sample(min(at + SEGMENT, span.end))))) for at in cuts)
