"""An edge of sound that tells how loud the agent is, and records both voices where that was asked for.

It passes everything on unchanged. Nothing is kept unless a recorder was given.
"""

from __future__ import annotations

import asyncio
import wave
from collections import deque
from pathlib import Path
from typing import cast

import numpy as np

from agent.timeline import Tracks
from audio_io.recorder import StereoRecorder
from pipeline.errors import SoundFileError
from pipeline.events import Sample, Span
from pipeline.levels import decibels
from pipeline.ports import (
    CAPTURE_RATE,
    PLAYOUT_RATE,
    AudioEdge,
    EdgeReport,
    Emit,
    FollowedSource,
    Pcm,
    PlayoutProgress,
    PlayoutSource,
)
from pipeline.records import Window
from pipeline.ring import AudioRing

SLIP = 0.005
"""Seconds by which the counted playout may differ from capture's clock before it is moved, in silence."""
TORN = 0.2
"""The same, before it is moved at once: a device was lost or stood still."""
LOOK = 0.05
"""Weight of one look at capture's clock in the mean."""
_SILENT = -120.0


class Tap:
    """Wraps the edge of one session. ``pull`` may run in a device's thread, the rest in the loop's."""

    def __init__(self, edge: AudioEdge, recorder: StereoRecorder | None = None) -> None:
        self.level = _SILENT
        "dBFS of the block last played."
        self.zero: float | None = None
        "The loop's time of capture sample 0, once known: second 0 of the recording."
        self._edge = edge
        self._recorder = recorder
        self._played: deque[tuple[int, Pcm]] = deque(maxlen=1500)
        self._taken = Sample(0)
        self._at: int | None = None
        self._behind = 0.0

    def report(self) -> EdgeReport:
        return self._edge.report()

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        self._ring, self._source = ring, source
        self._loop = asyncio.get_running_loop()
        self._latency = self.report().output_latency
        await self._edge.run(ring, self, emit)

    @property
    def progress(self) -> PlayoutProgress:
        """As the source's, which must be one that is followed."""
        return cast(FollowedSource, self._source).progress

    def pull(self, count: int) -> Pcm:
        """What the session wants played."""
        pcm = self._source.pull(count)
        self.level = decibels(pcm)
        if self._recorder is not None:
            self._played.append((self._place(pcm), pcm))
        return pcm

    def keep(self, window: Window | None = None) -> None:
        """Hand what came since the last call to the recorder; for the session's ``observe``."""
        if self._recorder is None or self._at is None:
            return
        end = self._ring.end
        self._taken = max(self._taken, self._ring.start)
        if end > self._taken:
            self._recorder.user(self._taken, self._ring.read(Span(self._taken, end)))
            self._taken = end
        while self._played:
            self._recorder.agent(*self._played.popleft())

    def close(self) -> None:
        """Write the rest and close the record."""
        self.keep()
        if self._recorder is not None:
            self._recorder.close()

    def _place(self, pcm: Pcm) -> int:
        """The playout sample, counted on capture's clock, at which this block reaches the ear.

        Capture comes in frames and late, so one look at it is worth little: the count follows the
        mean of many looks, and only where nothing sounds, so that no word is torn.
        """
        captured = self._ring.end / CAPTURE_RATE
        zero = self._loop.time() - captured
        here = round((captured + self._latency) * PLAYOUT_RATE)
        if self._at is None or self.zero is None or abs(here - self._at) > TORN * PLAYOUT_RATE:
            self._at, self._behind, self.zero = here, 0.0, zero
        self.zero += LOOK * (zero - self.zero)
        self._behind += LOOK * (here - self._at - self._behind)
        if abs(self._behind) > SLIP * PLAYOUT_RATE and not pcm.any():
            self._at, self._behind = self._at + round(self._behind), 0.0
        at, self._at = self._at, self._at + len(pcm)
        return at


def tracks(path: Path, longest: float = 300.0) -> Tracks:
    """Both voices of a recorded conversation, its first ``longest`` seconds. Raises SoundFileError."""
    try:
        with wave.open(str(path), "rb") as file:
            rate = file.getframerate()
            data = np.frombuffer(file.readframes(int(longest * rate)), "<i2").reshape(-1, 2)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        raise SoundFileError(f"{path} is not a stereo recording of a conversation ({error})") from None
    both = data.astype(np.float32) / np.float32(32768)
    return Tracks(np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1]), rate)
