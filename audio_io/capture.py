"""From a microphone's blocks to 20 ms frames of the capture timeline: rate, gaps, own voice taken out.

Pure: blocks and times come in, frames and losses go out, in order. Must never stretch or squeeze time: what
the device lost is counted, not closed up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE, FRAME, Pcm

from .echo import ECHO_FRAME, EchoCanceller
from .far_end import FarEnd
from .formats import finite, mixdown
from .resample import Resampler

GAP = 0.1
"""Seconds of capture that must be missing to count as lost; less is the jitter of callbacks."""
SURE = 0.5
"""Seconds for which they must stay missing: a late burst is not a loss. What comes meanwhile is held back, so
that a loss lies before it."""
HOLD = 0.06
"""Seconds for which captured sound may wait for the loudspeaker's callback."""
DRIFT = 0.001
"""Share by which a device's clock may be slow against ours before that would count as loss."""


class Gaps:
    """Compares what was captured with what the clock says should have been. Times in seconds, one clock."""

    def __init__(self) -> None:
        self._zero: float | None = None
        self._got = 0.0
        self._base = 0.0
        self._seen = 0.0
        self._since: float | None = None
        self._least = 0.0

    def arrived(self, seconds: float, at: float) -> float:
        """A block of this length came at ``at``; gives the seconds lost before it, mostly 0."""
        if self._zero is None:
            self._zero, self._seen = at - seconds, at
        self._got += seconds
        lag = at - self._zero - self._got
        self._base = min(lag, self._base + DRIFT * max(0.0, at - self._seen))
        self._seen = at
        if lag - self._base <= GAP:
            self._since = None
            return 0.0
        if self._since is None:
            self._since, self._least = at, lag
        self._least = min(self._least, lag)
        return self._lose(self._least - self._base) if at - self._since >= SURE else 0.0

    @property
    def unsure(self) -> bool:
        """True while something is missing of which it is not yet known whether it is lost or late."""
        return self._since is not None

    def settle(self) -> float:
        """Nothing late will come any more; gives the seconds lost where that was not yet sure."""
        return 0.0 if self._since is None else self._lose(self._least - self._base)

    def stalled(self, at: float) -> float:
        """Nothing came for long and nothing of it will; gives the seconds lost up to ``at``."""
        if self._zero is None:
            self._zero = self._seen = at
            return 0.0
        return self._lose(max(0.0, at - self._zero - self._got - self._base))

    def _lose(self, seconds: float) -> float:
        self._got += seconds
        self._since = None
        return seconds


class Capture:
    """One device's way into the ring. For one thread."""

    def __init__(self, rate: int, gaps: Gaps, far: FarEnd, canceller: EchoCanceller | None) -> None:
        self._rate = rate
        self._gaps, self._far, self._canceller = gaps, far, canceller
        self._resampler = Resampler(rate, CAPTURE_RATE)
        self._rest: Pcm = np.zeros(0, dtype=np.float32)
        self._held: list[Pcm] = []
        self._faulty = self._begun = False
        self.unsound = 0
        "Samples that came as NaN or Inf and became silence."
        self.silent = 0.0
        "Seconds of digital silence up to now: a muted microphone gives nothing else."

    def take(self, block: NDArray[Any], at: float, *, disturbed: bool = False) -> list[Pcm | int]:
        """Frames of shape (320,), and counts of lost samples, in order. ``block``: (frames, channels).

        ``disturbed``: a driver said that it lost sound, of either direction. While it is not sure whether
        sound was lost before this block, nothing comes out, for at most SURE.
        """
        sound, bad = finite(mixdown(block))
        self.unsound += bad
        seconds = sound.size / self._rate
        self.silent = 0.0 if np.any(sound) else self.silent + seconds
        frames = [] if self._begun else self._until(at - seconds)  # what went before this device is not late
        self._begun = True
        gone = self._gaps.arrived(seconds, at)
        self._held.append(np.clip(self._resampler.push(sound), -1.0, 1.0))
        self._faulty |= disturbed
        return frames if self._gaps.unsure else frames + self._go(gone)

    def played(self, pcm: Pcm) -> None:
        """What was handed to the loudspeaker, at PLAYOUT_RATE."""
        if self._canceller is not None:
            self._far.push(pcm)

    def stalled(self, at: float) -> list[Pcm | int]:
        """The device gives nothing more: what was held back, and the loss so far."""
        return self._go(self._gaps.settle()) + self._until(at)

    def _until(self, at: float) -> list[Pcm | int]:
        lost = round(self._gaps.stalled(at) * CAPTURE_RATE)
        return [lost] if lost else []

    def _go(self, gone: float) -> list[Pcm | int]:
        """What was lost, then what was held back since."""
        lost = round(gone * CAPTURE_RATE)
        frames: list[Pcm | int] = [lost] if lost else []
        self._far.skip(lost)
        missing = self._far.missing
        self._rest, self._held = np.concatenate((self._rest, *self._held)), []
        while self._rest.size >= FRAME and self._may_go():
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            frames.append(self._cancel(frame))
        if self._canceller and (self._faulty or lost or self._far.missing > missing):
            self._canceller.disturb()
        self._faulty = False
        return frames

    def _may_go(self) -> bool:
        """Wait a little for what was played meanwhile: its callback may be late, its echo is not."""
        late = self._rest.size > round(HOLD * CAPTURE_RATE)
        return self._canceller is None or late or self._far.ready(FRAME)

    def _cancel(self, frame: Pcm) -> Pcm:
        if self._canceller is None:
            return frame
        far = self._far.pull(FRAME)
        steps = [slice(at, at + ECHO_FRAME) for at in range(0, FRAME, ECHO_FRAME)]
        return np.concatenate([self._canceller.process(frame[step], far[step]) for step in steps])
