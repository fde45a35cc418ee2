"""The harness's user: what is said, and when. A pure state machine on frames, without clock or sound card.

Open-loop cues keep their place on the media clock whatever the agent does; the others follow what the agent
can be heard doing, as a caller would, and never the runtime's own events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.ports import CAPTURE_RATE, FRAME, Pcm

from .labels import During
from .stimuli import Stimulus


class When(StrEnum):
    """What a cue's seconds are counted from."""

    AT = "at"
    "The start of the recording: open loop."
    AFTER_REPLY = "after the reply"
    "The agent falling silent, having been heard since the user's last words."
    AFTER_ONSET = "after the onset"
    "The first sound of the reply to the user's last words."


@dataclass(frozen=True, slots=True)
class Cue:
    """One stimulus and its moment."""

    stimulus: Stimulus
    when: When = When.AFTER_REPLY
    seconds: float = 1.0
    patience: float = 6.5
    "Seconds to wait for a reply that does not come. Longer than the window in which a reply still counts."


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A stimulus where it was said."""

    stimulus: Stimulus
    start: int
    "Capture samples since the recording began."
    during: During

    @property
    def end(self) -> int:
        return self.start + len(self.stimulus.pcm)


GONE = 0.3
"""Seconds of silence after which the agent counts as having stopped."""


class Script:
    """Says its cues in order, one at a time."""

    def __init__(
        self, cues: Sequence[Cue], *, greeting: bool = False, tail: float = 2.0, least: float = 0.0,
        limit: float = 900.0,
    ) -> None:  # fmt: skip
        """``greeting``: the agent speaks first and is waited for. ``tail``: seconds of silence at the end.

        ``least`` and ``limit`` are the shortest and longest recording, in seconds.
        """
        self.greeting = greeting
        self.placed: list[Placed] = []
        self.skipped: list[Stimulus] = []
        "Cues for which the agent gave no occasion."
        self.finished = False
        self._cues = list(cues)
        self._tail, self._least, self._limit = tail, least, limit
        self._patience = max([cue.patience for cue in cues], default=0.0)
        self._at = 0
        self._said: Placed | None = None
        self._replied = not greeting
        self._user_end = 0
        self._last_heard = 0
        self._ever = False
        self._onset = 0

    def frame(self, heard: bool) -> Pcm:
        """The next 20 ms of the user, shape (FRAME,); ``heard``: the agent was audible in the last 20 ms."""
        self._listen(heard)
        if self._said is None and self._cues:
            self._consider(self._cues[0])
        sound = self._speak()
        self._at += FRAME
        self.finished = self._done()
        return sound

    def _listen(self, heard: bool) -> None:
        if not heard:
            return
        if self._silent() > GONE or not self._ever:
            self._onset = self._at
        self._ever = True
        self._last_heard = self._at
        if self._said is None:
            self._replied = True

    def _silent(self) -> float:
        return (self._at - self._last_heard) / CAPTURE_RATE

    def _waited(self) -> float:
        return (self._at - self._user_end) / CAPTURE_RATE

    def _consider(self, cue: Cue) -> None:
        """Begin the cue, skip it, or let it wait."""
        since_onset = (self._at - self._onset) / CAPTURE_RATE
        match cue.when:
            case When.AT:
                due = self._at >= cue.seconds * CAPTURE_RATE
            case When.AFTER_REPLY:
                due = self._silent() >= cue.seconds and (self._replied or self._waited() >= cue.patience)
            case When.AFTER_ONSET:
                due = self._replied and self._ever and self._silent() <= GONE and since_onset >= cue.seconds
                gone = self._replied and self._silent() > GONE
                if gone or (not self._replied and self._waited() >= cue.patience):
                    self.skipped.append(self._cues.pop(0).stimulus)
        if due:
            speaking = self._ever and self._silent() <= GONE
            self._said = Placed(cue.stimulus, self._at, During.SPEAKING if speaking else During.SILENT)
            self.placed.append(self._said)
            self._cues.pop(0)

    def _speak(self) -> Pcm:
        frame = np.zeros(FRAME, np.float32)
        if self._said is not None:
            offset = self._at - self._said.start
            piece = self._said.stimulus.pcm[offset : offset + FRAME]
            frame[: len(piece)] = piece
            if self._said.end <= self._at + FRAME:
                self._user_end = self._said.end
                self._replied = not self._said.stimulus.reply
                self._said = None
        return frame

    def _done(self) -> bool:
        seconds = self._at / CAPTURE_RATE
        if seconds >= self._limit:
            return True
        if self._cues or self._said is not None or seconds < self._least:
            return False
        answered = self._replied or self._waited() >= self._patience
        return answered and min(self._silent(), self._waited()) >= self._tail
