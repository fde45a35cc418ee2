"""What was handed to the loudspeaker, waiting to be compared with what the microphone captures.

Both devices run on clocks of their own, so this line must never grow: it is cut while the agent is silent.
"""

from __future__ import annotations

import numpy as np

from pipeline.levels import decibels
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from .resample import Resampler

SPARE = 0.01
"""Seconds that may wait, or be short, for good."""
LOOK = 0.5
"""Seconds over which the least that waited is taken; more than SPARE of that was never needed."""
LATE = 0.02
"""Seconds never needed that are cut even though the agent sounds: the microphone lost that much."""
MOST = 1.5
"""Seconds at which the line is cut at once: a hole, and the time until it is sure that it is one."""
DEBT = 0.06
"""Seconds by which the loudspeaker's callback may come late without the loudspeaker falling silent."""
_SILENT = -60.0


class FarEnd:
    """A line of samples at CAPTURE_RATE. For one thread.

    What comes too late is skipped, so that an echo never comes before the sound that made it.
    """

    def __init__(self) -> None:
        self._resampler = Resampler(PLAYOUT_RATE, CAPTURE_RATE)
        self._line: Pcm = np.zeros(0, dtype=np.float32)
        self._least = 1 << 30
        self._looked = 0
        self._debt = 0
        self._shift = 0
        self._begun = False
        self.missing = 0
        "Samples, beyond a little, that were wanted before they were handed to the loudspeaker."
        self.trimmed = 0
        "Samples that were cut."

    @property
    def waiting(self) -> int:
        """Samples in the line."""
        return self._line.size

    def push(self, played: Pcm) -> None:
        """Sound at PLAYOUT_RATE, as handed to the loudspeaker."""
        self._begun = True
        self._line = np.concatenate((self._line, self._resampler.push(played)))
        late = min(self._debt, self.waiting)
        self._debt -= late
        self._line = self._line[late:]
        if self.waiting > MOST * CAPTURE_RATE:
            self._cut(self.waiting - round(SPARE * CAPTURE_RATE))

    def pull(self, count: int) -> Pcm:
        """The next samples; silence where none are there yet."""
        part, self._line = self._line[:count], self._line[count:]
        if self._begun and part.size < count:
            self._short(count - part.size)
        self._least = min(self._least, self.waiting)
        self._looked += count
        if self._looked >= LOOK * CAPTURE_RATE:
            self._trim()
        return part if part.size == count else np.pad(part, (0, count - part.size))

    def ready(self, count: int) -> bool:
        """True when no more than a little would be missing."""
        return not self._begun or self.waiting >= count - round(SPARE * CAPTURE_RATE)

    def skip(self, count: int) -> None:
        """The microphone lost this many samples."""
        self._line = self._line[count:]

    def _short(self, count: int) -> None:
        """A little may shift the line for good; what is more comes too late and will be skipped."""
        if self._shift + count <= SPARE * CAPTURE_RATE:
            self._shift += count
            return
        self.missing += count
        self._debt = min(self._debt + count, round(DEBT * CAPTURE_RATE))

    def _trim(self) -> None:
        extra = self._least - round(SPARE * CAPTURE_RATE)
        if 0 < extra < LATE * CAPTURE_RATE and decibels(self._line[:extra]) > _SILENT:
            return  # again at the next pull, until the agent pauses
        self._cut(max(0, extra))
        self._least, self._looked = 1 << 30, 0

    def _cut(self, count: int) -> None:
        self._line = self._line[count:]
        self.trimmed += count
        self._shift = max(0, self._shift - count)
        self._least = max(0, self._least - count)
