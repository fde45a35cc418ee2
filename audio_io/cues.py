"""What a scripted user says and when: recordings begun at a time, after an answer, or during one.

Knows the agent by its sound alone, as a person would. Pure: frames in, frames out. Must never begin a cue
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import ConfigError
from pipeline.levels import decibels
from pipeline.ports import CAPTURE_RATE, FRAME, Pcm

TICK = FRAME / CAPTURE_RATE
"""Seconds per frame."""
AUDIBLE = -50.0
"""dBFS above which a frame of the agent's counts as sound."""
LONGEST_TAIL = 600.0
"""Seconds after the last recording at which all is over even though the agent still speaks."""
_BREATH = 0.3
"""Seconds of silence that do not interrupt the agent's speech."""


class Ear:
    """What a listener knows of the agent from its sound alone. Times in seconds, on the capture timeline."""

    def __init__(self) -> None:
        self.time = 0.0
        "Seconds since the edge began."
        self.silent = 0.0
        "Seconds since the agent last sounded, or since the edge began."
        self.sounding = 0.0
        "Seconds for which the agent has spoken with no gap above 0.3 s."
        self.last = -1.0
        "When the agent last sounded; -1 if never."

    def hear(self, pcm: Pcm) -> None:
        """The agent's sound of the frame that begins now."""
        if decibels(pcm) > AUDIBLE:
            self.last, self.silent = self.time, 0.0
            self.sounding += TICK
        else:
            self.silent += TICK
            self.sounding = 0.0 if self.silent > _BREATH else self.sounding
        self.time += TICK


@dataclass(frozen=True, slots=True)
class Cue:
    """A recording and the moment to begin it: exactly one of ``at``, ``silence`` and ``during``."""

    pcm: Pcm
    "Mono at CAPTURE_RATE."
    at: float | None = None
    "Seconds since the edge began; at once when that is past."
    silence: float | None = None
    "After the agent has answered the cue before and has then been silent for this long."
    during: float | None = None
    "After the agent has spoken for this long: an interruption."
    patience: float = 10.0
    "Seconds to wait for the agent to begin to speak; then the cue begins anyway."

    def __post_init__(self) -> None:
        if [self.at, self.silence, self.during].count(None) != 2:
            raise ConfigError("a cue needs exactly one of at=, silence= and during=, in seconds")


class Recordings:
    """Cues one after another, silence between them, and an end when the agent has had its say."""

    def __init__(self, cues: Sequence[Cue], tail: float, quiet: Callable[[], bool]) -> None:
        self._cues = list(cues)
        self._tail, self._quiet = tail, quiet
        self._sound: Pcm = np.zeros(0, dtype=np.float32)
        self._free_since = 0.0
        self._calm = 0.0

    def frame(self, heard: Ear) -> Pcm | None:
        if not self._sound.size and self._cues and self._due(self._cues[0], heard):
            self._sound = self._cues.pop(0).pcm
        if self._sound.size:
            part, self._sound = self._sound[:FRAME], self._sound[FRAME:]
            self._free_since = heard.time + TICK
            return np.pad(part, (0, FRAME - part.size)).astype(np.float32, copy=False)
        if not self._cues and self._over(heard):
            return None
        return np.zeros(FRAME, dtype=np.float32)

    def _due(self, cue: Cue, heard: Ear) -> bool:
        waited = heard.time - self._free_since
        answered = heard.last >= self._free_since
        if cue.at is not None:
            return heard.time >= cue.at - TICK / 2
        if not answered and waited >= cue.patience:
            return True
        if cue.during is not None:
            return answered and heard.sounding >= cue.during - TICK / 2
        assert cue.silence is not None
        return answered and heard.silent >= cue.silence - TICK / 2

    def _over(self, heard: Ear) -> bool:
        """True when the agent has been silent, and says that it has nothing left, for the whole tail."""
        calm = self._quiet() and heard.silent > 0.0
        self._calm = self._calm + TICK if calm else 0.0
        return self._calm >= self._tail or heard.time - self._free_since > LONGEST_TAIL + self._tail
