"""An edge of sound without devices: a user who was made beforehand, played in real time beside the agent.

Frame by frame, in step with the running loop: what the user says goes into the ring, what the agent says is
pulled, so that sample n of both is one instant. It never runs ahead of the clock.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import numpy as np

from pipeline.clock import now
from pipeline.events import PlaybackStarted, Remember
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing
from pipeline.trace import Entry

STEP = FRAME / CAPTURE_RATE
"""Seconds per frame."""
PULL = round(STEP * PLAYOUT_RATE)
"""Playout samples per frame."""
NOISE = 10 ** (-70 / 20)
"""Level of the noise that every microphone has; digital silence is not what a detector was made for."""


class Part(Protocol):
    """What the user says, frame by frame."""

    def frame(self, at: float) -> Pcm | None:
        """The next FRAME samples, at second ``at`` of the loop's clock; None: the conversation is over."""
        ...


class Player:
    """An AudioEdge that plays a part. For one run."""

    def __init__(self, part: Part, name: str) -> None:
        self._part = part
        self._name = name
        self._noise = np.random.default_rng(1)

    def report(self) -> EdgeReport:
        """Nothing the agent says can come back, and nothing lies between pull and ear."""
        return EdgeReport(self._name, "none", 0.0)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Play until the part is over. A late frame is made up for, none is left out."""
        began, frames = now(), 0
        while (said := self._part.frame(now())) is not None:
            frames += 1
            await asyncio.sleep(max(began + frames * STEP - now(), 0.0))
            noise = NOISE * self._noise.standard_normal(FRAME, dtype=np.float32)
            ring.write(np.clip(said + noise, -1.0, 1.0))
            source.pull(PULL)


class Recording:
    """The part of a recording: its sound, then silence until the agent has answered."""

    def __init__(self, sound: Pcm, *, patience: float = 6.0, after: float = 1.0) -> None:
        """``patience``: seconds of waiting for an answer; ``after``: seconds of silence behind it."""
        self._sound = sound
        self._at = 0
        self._patience, self._after = patience, after
        self._speaking = False
        self._quiet_since: float | None = None
        self._answered = False

    @property
    def played(self) -> float:
        """Seconds of the recording that the agent has heard."""
        return min(self._at, len(self._sound)) / CAPTURE_RATE

    def see(self, entry: Entry) -> None:
        """For ``trace.subscribe``: follows when the agent speaks."""
        if isinstance(entry.item, PlaybackStarted):
            self._speaking, self._answered = True, True
        elif isinstance(entry.item, Remember):
            self._speaking, self._quiet_since = False, now()

    def frame(self, at: float) -> Pcm | None:
        piece = self._sound[self._at : self._at + FRAME]
        self._at += FRAME
        if len(piece):
            self._quiet_since = at
        elif not self._speaking and self._quiet_since is not None:
            wait = self._after if self._answered else self._patience
            if at > self._quiet_since + wait:
                return None
        return np.pad(piece, (0, FRAME - len(piece)))
