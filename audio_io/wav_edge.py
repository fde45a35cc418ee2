"""Recordings in the place of a microphone: one file, or several cued by what the agent does.

Sound passes in 20 ms frames at absolute deadlines of the running loop's clock, so it does not drift,
however late a frame was. Must never let the agent hear a sample before the moment at which it is spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from pipeline.clock import now
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing

from .cues import TICK, Cue, Ear, Recordings
from .recorder import StereoRecorder
from .wav import read_sound

PULL = PLAYOUT_RATE * FRAME // CAPTURE_RATE
"""Playout samples per frame."""


def _always() -> bool:
    return True


class Script(Protocol):
    """What the user does, frame by frame."""

    def frame(self, heard: Ear) -> Pcm | None:
        """The next 20 ms of the user, shape (320,), given what was heard so far; None when all is over."""
        ...


class PacedEdge:
    """Plays a script into the ring and pulls the agent's sound at the same pace; an ``AudioEdge``.

    At time k * 20 ms frame k - 1 of the user is written and frame k of the agent is pulled, so that equal
    positions of both sides of a record sounded at one moment. ``hear_back`` may mix the agent's sound into
    the microphone: (user frame (320,), agent frame (480,)) -> captured frame (320,).
    """

    def __init__(
        self,
        script: Script,
        *,
        name: str,
        pace: bool = True,
        recorder: StereoRecorder | None = None,
        hear_back: Callable[[Pcm, Pcm], Pcm] | None = None,
    ) -> None:
        self._script, self._name, self._pace = script, name, pace
        self._recorder, self._hear_back = recorder, hear_back
        self.ear = Ear()
        self.lateness = 0.0
        "The longest that a frame came after its deadline, in seconds."

    def report(self) -> EdgeReport:
        return EdgeReport(self._name, "open" if self._hear_back else "none", 0.0)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Until the script is over, or cancelled. A late frame is followed at once by those due meanwhile."""
        began = now()
        count = 0
        try:
            while (user := self._script.frame(self.ear)) is not None:
                agent = source.pull(PULL)
                self.ear.hear(agent)
                captured = self._hear_back(user, agent) if self._hear_back else user
                if self._recorder:
                    self._recorder.agent(count * PULL, agent)
                    self._recorder.user(count * FRAME, captured)
                count += 1
                await self._until(began + count * TICK)
                ring.write(captured)
        finally:
            if self._recorder:
                self._recorder.close()

    async def _until(self, deadline: float) -> None:
        if not self._pace:
            await asyncio.sleep(0)
            return
        await asyncio.sleep(max(0.0, deadline - now()))
        self.lateness = max(self.lateness, now() - deadline)


class WavEdge(PacedEdge):
    """One recording, any format, in the place of a microphone.

    Ends when the agent has been silent for ``tail`` seconds after it; ``quiet`` says whether the agent also
    has nothing more to say. Raises SoundFileError for a file that cannot be read.
    """

    def __init__(
        self,
        sound: str | Path | Pcm,
        *,
        tail: float = 2.0,
        pace: bool = True,
        quiet: Callable[[], bool] = _always,
        recorder: StereoRecorder | None = None,
        hear_back: Callable[[Pcm, Pcm], Pcm] | None = None,
    ) -> None:
        pcm = sound if isinstance(sound, np.ndarray) else read_sound(sound)
        name = "recording" if isinstance(sound, np.ndarray) else str(sound)
        script = Recordings([Cue(pcm, at=0.0)], tail, quiet)
        super().__init__(script, name=name, pace=pace, recorder=recorder, hear_back=hear_back)


class ScheduledEdge(PacedEdge):
    """Several recordings, each begun at a time, in a silence of the agent's or while it speaks."""

    def __init__(
        self,
        script: Sequence[Cue],
        *,
        tail: float = 2.0,
        pace: bool = True,
        quiet: Callable[[], bool] = _always,
        recorder: StereoRecorder | None = None,
        hear_back: Callable[[Pcm, Pcm], Pcm] | None = None,
    ) -> None:
        recordings = Recordings(script, tail, quiet)
        super().__init__(recordings, name="script", pace=pace, recorder=recorder, hear_back=hear_back)
