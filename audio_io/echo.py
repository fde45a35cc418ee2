"""Removes the agent's own voice from what the microphone captures (WebRTC's AEC3, wheel ``pywebrtc-audio``).

Works on 10 ms frames at 16 kHz, in the thread that captures. Until it is seen to work it lets nothing through
while the agent sounds: must never let the agent's first words pass for a user's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.errors import BugError, DeviceError
from pipeline.levels import decibels
from pipeline.ports import CAPTURE_RATE, Pcm

from .delay import DelayFinder

ECHO_FRAME = CAPTURE_RATE // 100
"""Samples per call: 10 ms."""
INSTALL = "pip install pywebrtc-audio"
REST = 1.0
"""Seconds of digital silence from the agent after which no echo can be in the air and AEC3 may rest."""
THROUGH = 128
"""Samples by which AEC3's output comes after its input (measured); it must be kept up while it rests."""
_STEP = 0.01
_SMOOTH = 0.05
"""Share of a new frame in the smoothed powers: a time constant of 0.2 s."""


@dataclass(frozen=True, slots=True)
class EchoCancelConfig:
    """When the canceller is trusted."""

    settle: float = 1.0
    "Seconds of the agent's voice for which the echo must have been gone until the microphone is let through."
    gone: float = 18.0
    "Decibels by which the microphone must have become quieter for the echo to be gone."
    still: float = -58.0
    "dBFS under which what is left is gone in any case."
    regain: float = 0.3
    "As ``settle``, after a disturbance."
    patience: float = 4.0
    "Seconds of the agent's voice after which the microphone is let through anyway: there may be no echo."
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
    """One session's canceller, for one thread.

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
        self._line: Pcm = np.zeros(0, dtype=np.float32)
        self._engine: Any = None
        self._aligned = False
        self._sounded = 0.0
        self._gone = 0.0
        self._ringing = 0.0
        self._mute, self._rested = 0.0, False
        self._through: Pcm = np.zeros(THROUGH, dtype=np.float32)
        self._before = self._after = 0.0
        self._align(max(0.0, delay - self.config.headroom))

    @property
    def settled(self) -> bool:
        """True once the user is heard while the agent sounds."""
        return self._gone >= self.config.settle or self._sounded >= self.config.patience

    @property
    def held(self) -> float:
        """Seconds by which the far end is held back to meet its echo."""
        return self._line.size / CAPTURE_RATE

    def disturb(self) -> None:
        """A device lost sound, so an echo may get through: let nothing pass until it is gone again."""
        self._gone = min(self._gone, self.config.settle - self.config.regain)

    def process(self, mic: Pcm, far: Pcm) -> Pcm:
        """The microphone's frame without the echo of ``far``, the frame handed to the device; both 10 ms."""
        if mic.shape != (ECHO_FRAME,) or far.shape != (ECHO_FRAME,):
            raise BugError(
                f"echo cancellation takes frames of {ECHO_FRAME} samples, not {mic.shape} and {far.shape}"
            )
        sounding = decibels(far) > self.config.audible
        self._follow(mic, far, sounding)
        line = np.concatenate((self._line, far))
        self._line = line[ECHO_FRAME:]
        near = self._near(np.ascontiguousarray(mic), line[:ECHO_FRAME].copy())
        if sounding and not self.settled:
            self._judge(mic, near)
        return near if self._ringing <= 0 or self.settled else np.zeros_like(near)

    def _near(self, mic: Pcm, due: Pcm) -> Pcm:
        """AEC3's output; while nothing sounds whose echo it could remove, the microphone, as late."""
        through = np.concatenate((self._through, mic))
        self._through = through[ECHO_FRAME:]
        self._mute = 0.0 if due.any() else self._mute + _STEP
        if self._mute > REST:
            self._rested = True
            return through[:ECHO_FRAME]
        near: Pcm = self._engine.process(mic, due)
        if self._rested:  # its first output is still of the time before it rested
            self._rested = False
            return through[:ECHO_FRAME]
        return near

    def _follow(self, mic: Pcm, far: Pcm, sounding: bool) -> None:
        """Follow the delay while the agent sounds or its echo may still be in the air."""
        self._ringing = self.config.hang + self.config.longest if sounding else self._ringing - _STEP
        if self._ringing <= 0:
            return
        delay = self._finder.feed(mic, far)
        if delay is None:
            return
        hold = max(0.0, delay - self.config.headroom)
        if not -self.config.headroom / 2 <= hold - self.held <= self.config.slack:
            self._align(hold)
        self._aligned = True

    def _align(self, hold: float) -> None:
        """Start afresh with the far end held back by this much."""
        self._line = np.zeros(round(hold * CAPTURE_RATE), dtype=np.float32)
        self._engine = self._processor(sample_rate=CAPTURE_RATE, echo_cancellation=True)
        self._sounded = self._gone = 0.0
        self._before = self._after = 1e-6

    def _judge(self, mic: Pcm, near: Pcm) -> None:
        """Count how long the echo has been gone."""
        self._sounded += _STEP
        self._before += _SMOOTH * (float(np.dot(mic, mic)) / ECHO_FRAME - self._before)
        self._after += _SMOOTH * (float(np.dot(near, near)) / ECHO_FRAME - self._after)
        config = self.config
        least = max(self._before * 10 ** (-config.gone / 10), 10 ** (config.still / 10))
        gone = self._aligned and self._after < least
        self._gone = self._gone + _STEP if gone else 0.0
