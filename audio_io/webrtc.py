"""WebRTC's voice detector behind the same port as Silero: 100 times lighter, and easily fooled by noise.

Its yes-or-no votes on 10 ms are smoothed into a score and weighed by loudness over the noise floor. Must
never be the first choice where Silero is installed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.errors import BugError, ModelError
from pipeline.levels import decibels
from pipeline.ports import CAPTURE_RATE, Pcm

from .formats import to_int16

_STEP = CAPTURE_RATE // 100
_KEEP = 0.8
"""Share of the old score that a new vote leaves: a time constant of 45 ms."""
_MEMORY = 200
"""Votes over which the quietest is the noise floor: 2 s, in which speech always dips."""
_FLOOR = -70.0
"""dBFS that the floor never lies below: digital silence is no measure of noise."""
_LIFT = 6.0
"""Decibels over the floor at which a vote counts half."""


class WebrtcDetector:
    """Score of speech in 32 ms windows; implements ``pipeline.ports.VoiceDetector``.

    ``strictness`` 0 to 3 is the library's mode. Raises ModelError where the wheel is absent.
    """

    window = 512

    def __init__(self, strictness: int = 2) -> None:
        try:
            import webrtcvad
        except ImportError as error:
            raise ModelError(
                "the WebRTC voice detector is not installed; pip install webrtcvad-wheels"
            ) from error
        self._make: Callable[[], Any] = lambda: webrtcvad.Vad(strictness)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._vad: Any = self._make()
        self._rest: Pcm = np.zeros(0, dtype=np.float32)
        self._score = 0.0
        self._levels: deque[float] = deque(maxlen=_MEMORY)

    def score(self, window: Pcm) -> float:
        """Score in [0, 1] that this window holds speech. Shape (512,); 10 ms steps carry over calls."""
        if window.shape != (self.window,):
            raise BugError(f"the WebRTC detector takes {self.window} samples at a time, not {window.shape}")
        sound = np.concatenate((self._rest, window))
        steps = sound.size // _STEP
        for step in np.split(sound[: steps * _STEP], steps):
            self._score = _KEEP * self._score + (1.0 - _KEEP) * self._vote(step)
        self._rest = sound[steps * _STEP :]
        return self._score

    def _vote(self, step: Pcm) -> float:
        loud = decibels(step)
        self._levels.append(max(loud, _FLOOR))
        if not self._vad.is_speech(to_int16(step).tobytes(), CAPTURE_RATE):
            return 0.0
        return float(1.0 / (1.0 + np.exp(_LIFT - (loud - min(self._levels)))))
