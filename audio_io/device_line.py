"""One pair of open devices: what PortAudio's threads do with their blocks, and no more than that.

Callbacks copy, pull and hand over; they must never take a lock or wait. A line that was lost stays silent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DeviceError
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, Pcm, PlayoutSource

from .capture import Capture, Gaps
from .echo import EchoCanceller
from .far_end import FarEnd
from .resample import Resampler
from .sound_card import SoundCard

TICK = FRAME / CAPTURE_RATE
"""Seconds of a frame: our thread is woken no more often than that."""
_PLAYED = 500
"""Blocks of played sound that wait for the microphone; more means that it stands still."""


class Wishes(Protocol):
    """What a line needs of the configuration."""

    @property
    def microphone(self) -> str: ...

    @property
    def loudspeaker(self) -> str: ...

    @property
    def echo(self) -> str: ...

    @property
    def block(self) -> float: ...


@dataclass(frozen=True, slots=True)
class News:
    """A frame's worth of blocks on its way to the thread that turns blocks into frames."""

    line: Line
    sound: NDArray[np.float32] | None
    "What was captured; None: nothing more will come."
    at: float
    "When the callback came."
    disturbed: bool = False
    "A driver said since the last news that it lost sound."

    def process(self) -> list[Pcm | int]:
        """Frames and losses that it gives."""
        capture, played = self.line.capture, self.line.played
        if self.sound is None:
            return capture.stalled(self.at)
        if played:
            capture.played(np.concatenate([played.popleft() for _ in range(len(played))]))
        return capture.take(self.sound, self.at, disturbed=self.disturbed)


class Line:
    """Open devices, silent until ``start``. Raises DeviceError."""

    def __init__(
        self,
        wishes: Wishes,
        card: SoundCard,
        gaps: Gaps,
        post: Callable[[News], None],
        clock: Callable[[], float],
    ) -> None:
        self._post, self._clock = post, clock
        self._source: PlayoutSource | None = None
        self._rest: Pcm = np.zeros(0, dtype=np.float32)
        self.alive = True
        "False once lost: callbacks that still come are ignored."
        self.overflows = 0
        "Callbacks before which the driver lost captured sound."
        self.underruns = 0
        "Callbacks that came too late for the loudspeaker."
        self._faults = 0
        self._closed = False
        speaker = card.pick("loudspeaker", wishes.loudspeaker)
        self._mic = card.microphone(card.pick("microphone", wishes.microphone), wishes.block, self._captured)
        try:
            self._speaker = card.loudspeaker(speaker, wishes.block, self._wanted)
        except DeviceError:
            self._mic.close()
            raise
        self._resampler = Resampler(PLAYOUT_RATE, self._speaker.rate)
        self.output_latency = self._speaker.latency + self._resampler.delay / PLAYOUT_RATE
        self.loudspeaker = self._speaker.device.name
        self.name = (
            f"{self._mic.device.name} ({self._mic.rate} Hz), "
            f"{self._speaker.device.name} ({self._speaker.rate} Hz)"
        )
        self.note = ""
        self.echo = "none" if wishes.echo == "headphones" else "open"
        self.capture = Capture(self._mic.rate, gaps, FarEnd(), self._canceller(wishes.echo))
        self._heard_at = self._played_at = clock()
        self._heard = self._played = False
        self.played: deque[Pcm] = deque(maxlen=_PLAYED)
        "What was handed to the loudspeaker and not yet to the capture."
        self._blocks: list[NDArray[np.float32]] = []
        self._captured_count = 0
        self._due = round(self._mic.rate * (TICK + 0.001))  # a frame, and what the resampler looks ahead

    @property
    def seen(self) -> float:
        """When the device that was silent longer last called back."""
        return min(self._heard_at, self._played_at)

    @property
    def begun(self) -> bool:
        """True once both devices have called back."""
        return self._heard and self._played

    def start(self, source: PlayoutSource) -> None:
        """Let sound pass. May block for ever; raises DeviceError."""
        self._source = source
        self._heard_at = self._played_at = self._clock()
        self._speaker.start()
        self._mic.start()
        self._heard_at = self._played_at = self._clock()

    def close(self) -> None:
        """Give the devices back, once. May block for ever."""
        self.alive = False
        if self._closed:
            return  # PortAudio may have given the stream's memory to another
        self._closed = True
        self._mic.close()
        self._speaker.close()

    def _canceller(self, echo: str) -> EchoCanceller | None:
        if echo != "cancel":
            return None
        try:
            canceller = EchoCanceller(delay=self._mic.latency + self._speaker.latency)
        except DeviceError as error:
            self.note = str(error)
            return None
        self.echo = "cancelled"
        return canceller

    def _captured(self, data: NDArray[np.float32], lost: bool) -> None:
        if not self.alive:
            return
        self._heard_at, self._heard = self._clock(), True
        self.overflows += lost
        self._blocks.append(np.array(data, dtype=np.float32))
        self._captured_count += len(data)
        if self._captured_count < self._due:
            return
        self._due += round(self._mic.rate * TICK)
        blocks, self._blocks = self._blocks, []
        faults, self._faults = self._faults, self.overflows + self.underruns
        self._post(News(self, np.concatenate(blocks), self._heard_at, self._faults > faults))

    def _wanted(self, data: NDArray[np.float32], late: bool) -> None:
        if not self.alive or self._source is None:
            data.fill(0.0)
            return
        self._played_at, self._played = self._clock(), True
        self.underruns += late
        data[:] = self._next(len(data), self._source)[:, np.newaxis]

    def _next(self, count: int, source: PlayoutSource) -> Any:
        """``count`` samples at the device's rate, pulling no more than they need."""
        missing = count - self._rest.size
        if missing > 0:
            pulled = source.pull(self._resampler.need(missing))
            self.played.append(pulled)
            self._rest = np.concatenate((self._rest, self._resampler.push(pulled)))
        part, self._rest = self._rest[:count], self._rest[count:]
        return part
