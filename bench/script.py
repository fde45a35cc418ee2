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
    ANEW = "after an onset anew"
    """The first sound of a talk: what the agent says as a greeting, when prompted or when asked for a story,
    never of a reply. Said while the agent is audible, as with OVER."""
    OVER = "over the voice"
    "The later of a talk's onset and the user's own last sound, while the agent speaks."
    IN_SILENCE = "in silence"
    "The last sound of either."


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
        """Where the speech ends, and so the label; a room may ring on after it."""
        return self.start + self.stimulus.length


GONE = 0.3
"""Seconds of silence after which the agent counts as having stopped."""
PARTED = 0.8
"""Seconds of silence that end a talk: what the agent says next, unprompted, is something else."""
ASKINGS = 2
"""How often an agent that says nothing is asked to talk before cues over its voice are given up."""
RESUMES_ANSWERED, RESUMES = 1.2, 3.0
"""Seconds of silence after which an agent that holds a talk is told to go on: after a reply (less than what
parts two replies, so that no reply counts twice), and after anything else (more than the window in which a
voice counts as come back, so that the harness's prompting is never taken for the agent's own resuming)."""
UNANSWERED = 5.5
"""The same after a question that nobody answered: longer than the window in which a reply still counts."""
DEAF = 10.0
"""Seconds after the user's last words from which a talk that simply goes on is spoken into once more."""
PROMPT_AGAIN = 3.0
"""Seconds between two promptings."""


class Script:
    """Says its cues in order, one at a time."""

    def __init__(
        self, cues: Sequence[Cue], *, greeting: bool = False, tail: float = 2.0, least: float = 0.0,
        limit: float = 900.0, bed: Pcm | None = None, opener: Stimulus | None = None, leave: bool = False,
    ) -> None:  # fmt: skip
        """``greeting``: the agent speaks first and is waited for. ``tail``: seconds of silence at the end.

        ``least`` and ``limit`` are the shortest and longest recording, in seconds. ``bed`` is noise under all
        of it, repeated. ``opener`` asks an agent to talk that is silent when something is to be said over its
        voice. ``leave``: do not wait for the end of a talk that goes on after the last cue.
        """
        self.greeting = greeting
        self.placed: list[Placed] = []
        self.skipped: list[Stimulus] = []
        "Cues for which the agent gave no occasion."
        self.finished = False
        self._cues = list(cues)
        self._tail, self._least, self._limit = tail, least, limit
        self._bed, self._opener, self._leave = bed, opener, leave
        self._patience = max([cue.patience for cue in cues], default=0.0)
        self._at = 0
        self._said: Placed | None = None
        self._due = False
        "The user's last words want a reply."
        self._replied = not greeting
        self._user_end = 0
        self._last_heard = 0
        self._ever = False
        self._onset = 0
        self._talk: int | None = None
        "Where the agent began a talk that nothing has ended yet."
        self._open = greeting
        "The agent's next sound begins a talk."
        self._asked = 0
        self._prompted: int | None = None

    def frame(self, heard: bool) -> Pcm:
        """The next 20 ms of the user, shape (FRAME,); ``heard``: the agent was audible in the last 20 ms."""
        self._listen(heard)
        if self._said is None and self._cues:
            self._consider(self._cues[0])
        sound = self._speak()
        if self._bed is not None:
            sound += self._bed[(self._at + np.arange(FRAME)) % len(self._bed)]
        self._at += FRAME
        self.finished = self._done()
        return sound

    @property
    def unasked(self) -> list[Stimulus]:
        """What wants a reply and was not said to its end; what was skipped for want of occasion left out."""
        begun = [placed.stimulus for placed in self.placed if placed.end > self._at]
        return [one for one in (*begun, *(cue.stimulus for cue in self._cues)) if one.reply]

    def prompts(self) -> bool:
        """Whether an agent that holds a talk must be told to go on now; True once per occasion."""
        quiet = min(self._silent(), self._waited()) if self._replied else self._waited()
        wait = (RESUMES_ANSWERED if self._due else RESUMES) if self._replied else UNANSWERED
        over = bool(self._cues) and self._cues[0].when in (When.ANEW, When.OVER)
        again = self._prompted is None or self._at - self._prompted >= PROMPT_AGAIN * CAPTURE_RATE
        if not (over and again and self._said is None and quiet >= wait):
            return False
        self._prompted = self._at
        self._open = True
        return True

    # --- what is heard ------------------------------------------------------------------------------------

    def _listen(self, heard: bool) -> None:
        if not heard:
            return
        speaking = self._said is not None and self._at < self._said.end
        if self._silent() > GONE or not self._ever:
            self._onset = self._at
            if self._open or self._silent() >= PARTED:
                self._talk = self._at if self._open else None
            self._open = False
        self._ever = True
        self._last_heard = self._at
        if not speaking:
            self._replied = True

    def _silent(self) -> float:
        return (self._at - self._last_heard) / CAPTURE_RATE

    def _waited(self) -> float:
        return (self._at - self._user_end) / CAPTURE_RATE

    # --- what is said -------------------------------------------------------------------------------------

    def _consider(self, cue: Cue) -> None:
        """Begin the cue, skip it, or let it wait."""
        if self._is_due(cue):
            self._cues.pop(0)
            self._begin(cue.stimulus)
        elif self._hopeless(cue):
            if self._opener is not None and self._asked < ASKINGS and cue.when is not When.AFTER_ONSET:
                self._asked += 1
                self._begin(self._opener)
                self._open = True  # the answer to this is the talk that was asked for
            else:
                self.skipped.append(self._cues.pop(0).stimulus)

    def _is_due(self, cue: Cue) -> bool:
        wait, audible = cue.seconds * CAPTURE_RATE, self._ever and self._last_heard == self._at
        match cue.when:
            case When.AT:
                return self._at >= wait
            case When.AFTER_REPLY:
                replied = self._replied or self._waited() >= cue.patience
                return self._silent() >= cue.seconds and replied
            case When.AFTER_ONSET:
                speaking = self._replied and self._ever and self._silent() <= GONE
                return speaking and self._at - self._onset >= wait
            case When.ANEW:
                anew = self._talk is not None and self._at - self._talk >= wait
                return audible and (anew or (self._talk is None and self._waited() >= DEAF))
            case When.OVER:
                began = None if self._talk is None else max(self._talk, self._user_end)
                return audible and began is not None and self._at - began >= wait
            case When.IN_SILENCE:
                answered = self._replied or self._waited() >= cue.patience
                return answered and min(self._silent(), self._waited()) >= cue.seconds

    def _hopeless(self, cue: Cue) -> bool:
        """The agent gives no occasion for this cue."""
        match cue.when:
            case When.AFTER_ONSET:
                gone = self._replied and self._silent() > GONE
                return gone or (not self._replied and self._waited() >= cue.patience)
            case When.ANEW | When.OVER:
                return min(self._silent(), self._waited()) >= cue.patience
        return False

    def _begin(self, stimulus: Stimulus) -> None:
        speaking = self._ever and self._silent() <= GONE
        self._said = Placed(stimulus, self._at, During.SPEAKING if speaking else During.SILENT)
        self.placed.append(self._said)
        self._due = stimulus.reply
        if stimulus.reply:
            self._talk, self._open = None, False

    def _speak(self) -> Pcm:
        frame = np.zeros(FRAME, np.float32)
        if self._said is None:
            return frame
        offset = self._at - self._said.start
        piece = self._said.stimulus.pcm[offset : offset + FRAME]
        frame[: len(piece)] = piece
        if self._at < self._said.end <= self._at + FRAME:
            self._user_end = self._said.end
            self._replied = not self._said.stimulus.reply
        if self._said.start + len(self._said.stimulus.pcm) <= self._at + FRAME:
            self._said = None
        return frame

    def _done(self) -> bool:
        seconds = self._at / CAPTURE_RATE
        if seconds >= self._limit:
            return True
        if self._cues or self._said is not None or seconds < self._least:
            return False
        if self._leave and self._waited() >= (DEAF if self._due else self._tail):
            return True
        answered = self._replied or self._waited() >= self._patience
        return answered and min(self._silent(), self._waited()) >= self._tail
