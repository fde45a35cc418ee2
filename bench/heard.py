"""The agent's channel as the scorer hears it: the same sound, its silences joined at three lengths.

Made once per recording, asked by every measure, so that no two of them disagree about what was heard. Knows
no labels. Positions are samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ports import Pcm

from .audible import JOIN, Stretch, joined, pieces

YIELDED = 0.300
"""Seconds of silence that give the floor away: what sounds after it is a new start, not a going on."""
PROMPT = 5.0
"""Seconds after the harness asked for speech within which an utterance is put down to that."""
CERTAIN = 0.030
"""Seconds of sound inside a range from which it counts as heard there: the least that is audible at all."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything audible of the agent, in order."""

    parts: tuple[Stretch, ...]
    "Not joined: any silence of 10 ms or more lies between two of them."
    sound: tuple[Stretch, ...]
    "Parted by JOIN of silence or more: with it the voice has stopped."
    spoken: tuple[Stretch, ...]
    "Parted by YIELDED of silence or more: utterances."
    rate: int
    length: int
    prompted: frozenset[int] = frozenset()
    "Where utterances begin that the harness asked for, not the user."

    def seconds(self, start: int, end: int) -> float:
        """Seconds audible between two positions."""
        return sum(max(0, min(end, one.end) - max(start, one.start)) for one in self.parts) / self.rate

    def speaking(self, at: int) -> Stretch | None:
        """The voice that had begun before this position and has not stopped by it."""
        return within(self.sound, at)

    def utterance(self, at: int) -> Stretch | None:
        """The utterance that had begun before this position and goes on after it."""
        return within(self.spoken, at)

    def next(self, at: int) -> Stretch | None:
        """The first voice that begins at this position or later."""
        return next((one for one in self.sound if one.start >= at), None)


def listen(pcm: Pcm, rate: int, asked: Sequence[int] = ()) -> Heard:
    """What is audible in this channel; ``asked`` are positions at which the harness asked for speech."""
    parts = pieces(pcm, rate)
    sound, spoken = (tuple(joined(parts, gap * rate)) for gap in (JOIN, YIELDED))
    return Heard(tuple(parts), sound, spoken, rate, len(pcm), _prompted(spoken, asked, rate))


def _prompted(spoken: Sequence[Stretch], asked: Sequence[int], rate: int) -> frozenset[int]:
    """The first utterance after each asking, if it came in time."""
    firsts = (next((one.start for one in spoken if one.start >= at), None) for at in asked)
    return frozenset(
        first for first, at in zip(firsts, asked, strict=True)
        if first is not None and first - at < PROMPT * rate
    )  # fmt: skip


def within(found: Sequence[Stretch], at: int) -> Stretch | None:
    """Which of these a position lies inside."""
    return next((one for one in found if one.start < at < one.end), None)
