"""A script that also notes when it was asked for each frame: how well the load generator kept its own time.

A level whose own ticks came late measures the generator. Notes times, never changes what is said.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import Pcm

from .edge import LATE, TICK
from .script import Cue, Script

TOO_LATE = 0.020
"""Seconds: a level is valid when 99 % of its ticks came at most this late. What the harness claims to
measure to over a socket; a reply can be misplaced by as much as the tick that carried it was late."""


class TimedScript(Script):
    """Open-loop cues and a recording of a length that nothing the agent does can change."""

    def __init__(self, cues: Sequence[Cue], seconds: float, clock: Callable[[], float]) -> None:
        """``clock`` gives the time that the ticks follow, in seconds."""
        super().__init__(cues, tail=0.0, least=seconds, limit=seconds)
        self._clock = clock
        self._ticked = array("d")
        self.planned: float | None = None
        "When the first frame is due, by that clock; None: nobody planned it."

    def frame(self, heard: bool) -> Pcm:
        """As ``Script.frame``."""
        self._ticked.append(self._clock())
        return super().frame(heard)

    def lateness(self) -> NDArray[np.float64]:
        """Seconds by which each tick came late, shape (ticks,); the most punctual one is the zero."""
        times = np.frombuffer(self._ticked, np.float64)
        behind = times - TICK * np.arange(len(times))
        return behind - behind.min() if len(behind) else behind

    def begun_late(self) -> float:
        """Seconds from the planned beginning to the first tick; 0 where nothing was planned or begun.

        No tick's lateness holds it: questions and labels move with the recording, whenever that begins.
        """
        return self._ticked[0] - self.planned if self._ticked and self.planned is not None else 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Lateness of all ticks of a level, in seconds."""

    ticks: int
    late: int
    "Ticks more than 5 ms late."
    p50: float
    p99: float
    worst: float
    begun: float = 0.0
    "Of the session that began latest after its planned time, whatever its ticks did then."

    @property
    def good(self) -> bool:
        """Whether the generator kept up, so that the level measured something else."""
        return self.ticks > 0 and self.p99 <= TOO_LATE


def pace(scripts: Sequence[TimedScript]) -> Pace:
    """Of all sessions together."""
    behind = np.concatenate([np.zeros(0), *(script.lateness() for script in scripts)])
    if not len(behind):
        return Pace(0, 0, 0.0, 0.0, 0.0)
    middle, high = np.quantile(behind, (0.5, 0.99))
    begun = max(script.begun_late() for script in scripts)
    return Pace(
        len(behind), int((behind > LATE).sum()), float(middle), float(high), float(behind.max()), begun
    )
