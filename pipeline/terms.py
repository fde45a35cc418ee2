"""What facts and orders speak of: turns, drafts, positions in sound, and how things turned out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Turn = NewType("Turn", int)
"""Number of a turn, counted from 1 within a session; a user turn and its reply share it."""
Draft = NewType("Draft", int)
"""Number of a draft, counted from 1 within a session, never reused."""
Sample = NewType("Sample", int)
"""Absolute position on a timeline: capture (16 kHz) unless a field says playout (24 kHz)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of capture samples."""

    start: Sample
    end: Sample

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    def __len__(self) -> int:
        return self.end - self.start


class Overlap(StrEnum):
    """What speech over the agent's voice turned out to be."""

    BARGE_IN = "barge-in"
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    UNSURE = "unsure"
    "Nobody can tell yet; what is known so far stands in the reason."


class Ending(StrEnum):
    """How a draft stopped being written."""

    COMPLETE = "complete"
    DROPPED = "dropped"
    FAILED = "failed"
