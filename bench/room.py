"""A simulated room: the agent's voice comes back into the microphone, and our echo canceller works on it.

The room is made of numbers (``audio_io.echo_path``), so its delay and level are known; a real one is harder.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from audio_io.echo_path import EchoConfig, EchoPath
from audio_io.resample import Resampler
from pipeline.errors import BugError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

FRAME = CAPTURE_RATE // 100
"""Samples per call of a canceller: 10 ms."""


class Canceller(Protocol):
    """What takes an echo out: ``audio_io.echo.EchoCanceller``."""

    def process(self, mic: Pcm, far: Pcm) -> Pcm:
        """The microphone's 10 ms without the echo of ``far``, the 10 ms handed to the loudspeaker."""
        ...


class Room:
    """Echo at ``level`` dB of the playback; ``canceller`` None leaves it in."""

    def __init__(
        self, level: float, canceller: Canceller | None, *, delay: float = 0.06, seed: int = 0
    ) -> None:
        self._canceller = canceller
        self._path = EchoPath(EchoConfig(gain=level, delay=delay, seed=seed))
        self._down = Resampler(PLAYOUT_RATE, CAPTURE_RATE)
        self._far = np.zeros(self._down.delay * CAPTURE_RATE // PLAYOUT_RATE, np.float32)

    def mix(self, user: Pcm, played: Pcm) -> tuple[Pcm, Pcm]:
        """What the microphone has, and what is left of it after cancelling.

        ``user`` is a whole number of 10 ms at CAPTURE_RATE, ``played`` as long at PLAYOUT_RATE.
        """
        if len(user) % FRAME or len(user) * PLAYOUT_RATE != len(played) * CAPTURE_RATE:
            raise BugError(f"a room takes equal times in steps of 10 ms, not {len(user)} and {len(played)}")
        line = np.concatenate([self._far, self._down.push(played)])
        far, self._far = line[: len(user)], line[len(user) :]
        near = np.clip(user + self._path.hear(far), -1.0, 1.0).astype(np.float32)
        if self._canceller is None:
            return near, near
        steps = range(0, len(near), FRAME)
        clean = [self._canceller.process(near[at : at + FRAME], far[at : at + FRAME]) for at in steps]
        return near, np.concatenate(clean)
