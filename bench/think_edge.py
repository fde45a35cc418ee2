"""One long question and its answer: the user's script, and the edge that plays and records it.

The conversation ends soon after the answer was played, or when none came in time.
"""

from __future__ import annotations

import numpy as np

from pipeline.clock import monotonic, now
from pipeline.ports import CAPTURE_RATE, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing

from .edge import TICK, BenchEdge, Clock
from .script import Cue, Script, When
from .stimuli import Stimulus
from .think_trace import Watcher

LEAD = 0.3
"""Seconds of room before the question."""
AFTER = 0.4
"""Seconds that are recorded after an answer was played."""
PATIENCE = 20.0
"""Seconds after the question within which the answer must have been played."""
SOUND = 0.6
"""Seconds after its first sound at which a conversation ends that wants no more than that."""


class Question(Script):
    """Asks one thing and waits."""

    def __init__(self, stimulus: Stimulus, seen: Watcher, *, whole: bool = True) -> None:
        """``whole`` False: the first sound of the reply is enough."""
        super().__init__([Cue(stimulus, When.AT, LEAD)])
        self._seen, self._whole = seen, whole
        self._end = LEAD + stimulus.seconds
        self._frames = 0
        self._first: float | None = None

    @property
    def asked(self) -> tuple[float, float]:
        """The question's labelled span, in seconds of the recording."""
        placed = self.placed[0]
        return placed.start / CAPTURE_RATE, placed.end / CAPTURE_RATE

    def frame(self, heard: bool) -> Pcm:
        """The next 20 ms; decides by itself when all is over."""
        sound = super().frame(heard)
        self._frames += 1
        at = self._frames * TICK
        if heard and self._first is None and at > self._end:
            self._first = at
        self.finished = at > self._end and self._over(at)
        return sound

    def _over(self, at: float) -> bool:
        if at > self._end + PATIENCE:
            return True
        if not self._whole and self._first is not None:
            return at > self._first + SOUND
        ended = self._seen.ended
        return ended is not None and ended > self._end and at > ended + AFTER


class QuestionEdge(BenchEdge):
    """A bench edge that tells the watcher when its recording began."""

    def __init__(self, question: Question, seen: Watcher, *, clock: Clock, seed: int) -> None:
        super().__init__(question, clock=clock, seed=seed)
        self._seen, self._wall = seen, clock is Clock.WALL

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Play the question; ends when all is over."""
        self._seen.began = now()
        await super().run(ring, source, emit)

    def tick(self, source: PlayoutSource) -> None:
        """One frame of both sides; the first one sets the clock to zero."""
        if self.punctuality.ticks == 1 and self._wall:
            self._seen.began = monotonic()
        super().tick(source)

    def agent(self) -> Pcm:
        """What was pulled, at PLAYOUT_RATE."""
        return np.concatenate([np.zeros(0, np.float32), *self._agent])
