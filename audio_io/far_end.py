"""What was handed to the loudspeaker, waiting to be compared with what the microphone captures.

Both devices run on clocks of their own, so this line must never grow: it is cut while the agent is silent.
"""

from __future__ import annotations

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from .formats import level
from .resample import Resampler

SPARE = 0.01
"""Seconds that may wait for good; more than this that was never needed for two seconds is cut."""
LOOK = 2.0
"""Seconds over which the least that waited is taken."""
MOST = 0.25
"""Seconds at which the line is cut even though the agent sounds."""
_SILENT = -60.0


class FarEnd:
    """A line of samples at CAPTURE_RATE. For one thread."""

    def __init__(self) -> None:
        self._resampler = Resampler(PLAYOUT_RATE, CAPTURE_RATE)
        self._line: Pcm = np.zeros(0, dtype=np.float32)
        self._least = 1 << 30
        self._looked = 0
        self.missing = 0
        "Samples that were wanted before they were handed to the loudspeaker."
        self.trimmed = 0
        "Samples that were cut."

    @property
    def waiting(self) -> int:
        """Samples in the line."""
        return self._line.size

    def push(self, played: Pcm) -> None:
        """Sound at PLAYOUT_RATE, as handed to the loudspeaker."""
        self._line = np.concatenate((self._line, self._resampler.push(played)))
        if self.waiting > MOST * CAPTURE_RATE:
            self._cut(self.waiting - round(SPARE * CAPTURE_RATE))

    def pull(self, count: int) -> Pcm:
        """The next samples; silence where none are there yet."""
        part, self._line = self._line[:count], self._line[count:]
        self.missing += count - part.size
        self._least = min(self._least, self.waiting)
        self._looked += count
        if self._looked >= LOOK * CAPTURE_RATE:
            self._trim()
        return np.pad(part, (0, count - part.size))

    def _trim(self) -> None:
        extra = self._least - round(SPARE * CAPTURE_RATE)
        if extra > 0 and level(self._line[:extra]) > _SILENT:
            return  # again at the next pull, until the agent pauses
        self._cut(max(0, extra))
        self._least, self._looked = 1 << 30, 0

    def _cut(self, count: int) -> None:
        self._line = self._line[count:]
        self.trimmed += count
        self._least = max(0, self._least - count)
