"""Removes the agent's own voice from what the microphone captures (WebRTC's AEC3, wheel ``pywebrtc-audio``).

Works on 10 ms frames at 16 kHz, in the thread that captures. Until it knows the room it lets nothing through
while the agent sounds: must never let the agent's first words pass for a user's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.errors import BugError, DeviceError
from pipeline.ports import CAPTURE_RATE, Pcm

from .delay import DelayFinder
from .formats import level

ECHO_FRAME = CAPTURE_RATE // 100
"""Samples per call: 10 ms."""
STEP = 0.01
INSTALL = "pip install pywebrtc-audio"


@dataclass(frozen=True, slots=True)
class EchoCancelConfig:
    """When the canceller is trusted."""

    settle: float = 0.8
    "Seconds of the agent's voice after alignment until the microphone is let through while it sounds."
    patience: float = 3.0
    "Seconds of the agent's voice without a clear echo after which there is taken to be none (headphones)."
    audible: float = -50.0
    "dBFS above which a frame of the agent's voice counts."
    hang: float = 0.25
    "Seconds for which its echo outlives the agent's voice, beyond the delay."
    headroom: float = 0.03
    "Seconds that the far end is kept ahead of its echo; AEC3 needs it to come first."
    slack: float = 0.06
    "Seconds by which the echo may come later than that before the far end is aligned anew."
    longest: float = 0.5
    "Seconds of the longest delay between loudspeaker and microphone that is looked for."


class EchoCanceller:
    """One session's canceller, for one thread. Adds no delay.

    ``delay`` is what the device says of the way from loudspeaker buffer to microphone; it may be wrong.
    Raises DeviceError where the wheel is absent.
    """

    def __init__(self, config: EchoCancelConfig | None = None, *, delay: float = 0.0) -> None:
        self.config = config or EchoCancelConfig()
        try:
            from pywebrtc_audio import AudioProcessor
        except ImportError as error:
            raise DeviceError(f"echo cancellation is not installed; to have it: {INSTALL}") from error
        self._processor = AudioProcessor
        self._finder = DelayFinder(self.config.longest)
        self._sounded = 0.0
        self._ringing = 0.0
        self._align(max(0.0, delay - self.config.headroom))

    @property
    def settled(self) -> bool:
        """True once the user is heard while the agent sounds."""
        return self._trusted >= self.config.settle

    @property
    def held(self) -> float:
        """Seconds by which the far end is held back to meet its echo."""
        return self._line.size / CAPTURE_RATE

    def process(self, mic: Pcm, far: Pcm) -> Pcm:
        """The microphone's frame without the echo of ``far``, the frame handed to the device; both 10 ms."""
        if mic.shape != (ECHO_FRAME,) or far.shape != (ECHO_FRAME,):
            raise BugError(
                f"echo cancellation takes frames of {ECHO_FRAME} samples, not {mic.shape} and {far.shape}"
            )
        self._look(mic, far)
        line = np.concatenate((self._line, far))
        self._line = line[ECHO_FRAME:]
        near: Pcm = self._engine.process(np.ascontiguousarray(mic), line[:ECHO_FRAME].copy())
        return near if self.settled or self._ringing <= 0 else np.zeros_like(near)

    def _look(self, mic: Pcm, far: Pcm) -> None:
        """Follow the delay while the agent sounds or its echo may still be in the air."""
        if level(far) > self.config.audible:
            self._ringing = self.config.hang + self.config.longest
            self._sounded += STEP
            self._trusted += STEP if self.aligned or self._sounded > self.config.patience else 0.0
        elif self._ringing <= 0:
            return
        self._ringing -= STEP
        delay = self._finder.feed(mic, far)
        if delay is None:
            return
        early = self.held + self.config.headroom - delay
        if -self.config.slack <= early <= self.config.headroom / 2:
            self.aligned = True
        else:
            self._align(max(0.0, delay - self.config.headroom))
            self.aligned = True

    def _align(self, hold: float) -> None:
        """Start afresh with the far end held back by this much."""
        self._line = np.zeros(round(hold * CAPTURE_RATE), dtype=np.float32)
        self._engine = self._processor(sample_rate=CAPTURE_RATE, echo_cancellation=True)
        self._trusted = 0.0
        self.aligned = False
