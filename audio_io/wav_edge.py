"""Recordings in the place of a microphone: one file, or several cued by what the agent does.

Sound passes in 20 ms frames at absolute deadlines of the running loop's clock, so it neither drifts nor depends
on how late a frame was. Must never let the agent hear a sample before the moment at which it would be spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from pipeline.clock import now
from pipeline.errors import ConfigError
from pipeline.ports import FRAME, PLAYOUT_RATE, CAPTURE_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing

from .formats import level
from .recorder import StereoRecorder
from .wav import read_sound

TICK = FRAME / CAPTURE_RATE
"""Seconds per frame."""
PULL = PLAYOUT_RATE * FRAME // CAPTURE_RATE
"""Playout samples per frame."""
AUDIBLE = -50.0
"""dBFS above which a frame of the agent's counts as sound."""
LONGEST_TAIL = 600.0
"""Seconds after the last recording at which an edge ends even though the agent still speaks."""


def _always() -> bool:
    return True


class Script(Protocol):
    """What the user does, frame by frame."""

    def frame(self, heard: Ear) -> Pcm | None:
        """The next 20 ms of the user, shape (320,), given what was heard so far; None when all is over."""
        ...


class Ear:
    """What a listener knows of the agent from its sound alone. Times in seconds, on the capture timeline."""

    def __init__(self) -> None:
        self.time = 0.0
        "Seconds since the edge began."
        self.silent = 0.0
        "Seconds since the agent last sounded, or since the edge began."
        self.sounding = 0.0
        "Seconds for which the agent has spoken with no gap above 0.3 s."
        self.last = -1.0
        "When the agent last sounded; -1 if never."

    def hear(self, pcm: Pcm) -> None:
        """The agent's sound of the frame that begins now."""
        if level(pcm) > AUDIBLE:
            self.last, self.silent = self.time, 0.0
            self.sounding += TICK
        else:
            self.silent += TICK
            self.sounding = 0.0 if self.silent > 0.3 else self.sounding
        self.time += TICK


@dataclass(frozen=True, slots=True)
class Cue:
    """A recording and the moment to begin it: exactly one of ``at``, ``silence`` and ``during``."""

    pcm: Pcm
    "Mono at CAPTURE_RATE."
    at: float | None = None
    "Seconds since the edge began; at once when that is past."
    silence: float | None = None
    "After the agent has answered the cue before and has then been silent for this long."
    during: float | None = None
    "After the agent has spoken for this long: an interruption."
    patience: float = 10.0
    "Seconds to wait for the agent to begin to speak; then the cue begins anyway."

    def __post_init__(self) -> None:
        if [self.at, self.silence, self.during].count(None) != 2:
            raise ConfigError("a cue needs exactly one of at=, silence= and during=, in seconds")


class PacedEdge:
    """Plays a script into the ring and pulls the agent's sound at the same pace; an ``AudioEdge``.

    At time k * 20 ms frame k - 1 of the user is written and frame k of the agent is pulled, so that equal
    positions of both sides of a record sounded at one moment. ``hear_back`` may mix the agent's sound into the
    microphone: (user frame (320,), agent frame (480,)) -> captured frame (320,).
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


class _Recordings:
    """Cues one after another, silence between them, and an end when the agent has had its say."""

    def __init__(self, cues: Sequence[Cue], tail: float, quiet: Callable[[], bool]) -> None:
        self._cues = list(cues)
        self._tail, self._quiet = tail, quiet
        self._sound: Pcm = np.zeros(0, dtype=np.float32)
        self._free_since = 0.0
        self._calm = 0.0

    def frame(self, heard: Ear) -> Pcm | None:
        if not self._sound.size and self._cues and self._due(self._cues[0], heard):
            self._sound = self._cues.pop(0).pcm
        if self._sound.size:
            part, self._sound = self._sound[:FRAME], self._sound[FRAME:]
            self._free_since = heard.time + TICK
            return np.pad(part, (0, FRAME - part.size)).astype(np.float32, copy=False)
        if not self._cues and self._over(heard):
            return None
        return np.zeros(FRAME, dtype=np.float32)

    def _due(self, cue: Cue, heard: Ear) -> bool:
        waited = heard.time - self._free_since
        answered = heard.last >= self._free_since
        if cue.at is not None:
            return heard.time >= cue.at - TICK / 2
        if not answered and waited >= cue.patience:
            return True
        if cue.during is not None:
            return answered and heard.sounding >= cue.during - TICK / 2
        assert cue.silence is not None
        return answered and heard.silent >= cue.silence - TICK / 2

    def _over(self, heard: Ear) -> bool:
        """True when the agent has been silent, and says that it has nothing left, for the whole tail."""
        calm = self._quiet() and heard.silent > 0.0
        self._calm = self._calm + TICK if calm else 0.0
        return self._calm >= self._tail or heard.time - self._free_since > LONGEST_TAIL + self._tail


class WavEdge(PacedEdge):
    """One recording, any format, in the place of a microphone.

    Ends when the agent has been silent for ``tail`` seconds after it; ``quiet`` says whether the agent also has
    nothing more to say. Raises SoundFileError for a file that cannot be read.
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
        script = _Recordings([Cue(pcm, at=0.0)], tail, quiet)
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
        recordings = _Recordings(script, tail, quiet)
        super().__init__(recordings, name="script", pace=pace, recorder=recorder, hear_back=hear_back)
