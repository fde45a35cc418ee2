"""What about a recording makes its figures doubtful without making them impossible, in words.

What makes them impossible is refused by ``recording``. Warnings go with the score into every report.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import Pcm

from .audible import THRESHOLD, audible, loudness
from .labels import Labels, UserTurn
from .recording import SPEECH, Recording

FULL = 0.999
"""Share of full scale from which a sample is at the end of its range."""
FLAT = 3
"""Samples in a row at the end of the range that are clipped; a loud peak touches it only once."""
LEAK = 0.5
"""Correlation of both channels under the user's speech from which the agent's holds the user's voice."""


def warnings(recording: Recording, labels: Labels) -> tuple[str, ...]:
    """Everything doubtful about a recording that fits its labels."""
    return (*_clipped(recording), *_silent(recording, labels), *_leaked(recording, labels))


def absent(recording: Recording, labels: Labels) -> frozenset[int]:
    """Numbers of the turns that need not be loud (coughs, asides, noise) and cannot be heard at all."""
    faint = [turn for turn in labels.turns if turn.kind not in SPEECH]
    if not faint:
        return frozenset()
    loud = loudness(recording.user, recording.rate) > THRESHOLD
    size = recording.rate // 100
    return frozenset(
        turn.number for turn in faint if not loud[turn.start // size : -(-turn.end // size)].any()
    )


def _clipped(recording: Recording) -> Iterator[str]:
    for name, channel in (("user", recording.user), ("agent", recording.agent)):
        flat = _flat(channel)
        if flat.any():
            first = int(np.argmax(flat)) / recording.rate
            yield (
                f"the {name}'s channel is clipped in {int(flat.sum())} samples, first at {first:.2f} s; "
                "a recogniser or detector heard another sound than was meant"
            )


def _flat(channel: Pcm) -> NDArray[np.bool_]:
    """Samples that lie in a row of FLAT or more at the same end of the range."""
    found = np.zeros(len(channel), bool)
    for side in (channel >= FULL, channel <= -FULL):
        if not side.any():
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[False], side, [False]]).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found[start:end] |= end - start >= FLAT
    return found


def _silent(recording: Recording, labels: Labels) -> Iterator[str]:
    """Only where something was to be said."""
    due = any(turn.reply for turn in labels.turns)
    if due and not audible(recording.agent, recording.rate).any():
        how = "holds nothing but zeros" if not recording.agent.any() else "is never audible"
        yield (
            f"the agent's channel {how}; if the agent did speak, it was not recorded: "
            "channel 1 holds the agent as played"
        )


def _leaked(recording: Recording, labels: Labels) -> Iterator[str]:
    alike = [
        turn.number for turn in labels.turns
        if turn.kind in SPEECH and _correlation(recording, turn) > LEAK
    ]  # fmt: skip
    if alike:
        yield (
            f"the agent's channel holds the user's voice in {len(alike)} of {len(labels.turns)} turns (first "
            f"in turn {alike[0]}), so overlap and cut-ins are too many; record the agent before it is mixed"
        )


def _correlation(recording: Recording, turn: UserTurn) -> float:
    """Of both channels over a turn; 0 where the agent cannot be heard."""
    sides = (recording.user[turn.start : turn.end], recording.agent[turn.start : turn.end])
    if not (loudness(sides[1], recording.rate) > THRESHOLD).any():
        return 0.0
    user, agent = (side.astype(np.float64) for side in sides)
    power = float(np.sqrt((user @ user) * (agent @ agent)))
    return abs(float(user @ agent)) / power if power else 0.0
