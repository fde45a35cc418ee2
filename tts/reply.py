"""One reply on its way to the ear: its phrases, the sound made so far, and how far it was played.

Loop side only. It must never be shared with the sink: the sink gets slices of its sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.errors import BugError
from pipeline.ports import Pcm, Phrase, WordTime

from . import alignment
from .alignment import Spoken
from .lead import AUDIBLE

LONGEST = 256
"""Phrases that may wait in one reply."""
_FOLLOWED = 128
"""Moments for which positions are remembered; at one per 20 ms, more than the longest output latency."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the samples of one reply went; made = played + dropped once it is settled."""

    turn: int
    draft: int
    made: int
    played: int
    "Each sample counts once, also when a resume played it again."
    dropped: int
    reason: str
    "What dropped them: hush, drop, superseded, silent tail or closed; empty while it plays."
    settled: bool
    "True when the sink has let go of it, so that nothing of it can still leave."


class Reply:
    """One draft's phrases and sound. Positions count playout samples since its first."""

    def __init__(self, turn: int, draft: int) -> None:
        self.turn = turn
        self.draft = draft
        self.waiting: deque[Phrase] = deque()
        self.spoken: list[Spoken] = []
        self.complete = False
        "No more phrases will come."
        self.generation = 0
        "Under which the gate knows it; 0 before it was committed."
        self.made = 0
        self.fed = 0
        self.position = 0
        "Next sample to leave."
        self.played = 0
        "How far it ever got."
        self.onset: int | None = None
        "First sample that can be heard."
        self.last_audible = 0
        "One past the last sample that can be heard."
        self.started = False
        self.ended = False
        self.most: int | None = None
        "How much of it was heard at most, where whoever listens has said so."
        self.over = ""
        "Why nothing more of it may leave."
        self.settled = False
        self._sound: deque[tuple[int, int, Pcm]] = deque()
        self._open: Phrase | None = None
        self._followed: deque[tuple[float, int]] = deque(maxlen=_FOLLOWED)
        self._name = f"turn {turn}, draft {draft}"

    @property
    def exhausted(self) -> bool:
        """True when all that it has to say has been made."""
        return self.complete and not self.waiting and self._open is None

    @property
    def left(self) -> int:
        """Samples made and not yet played."""
        return self.made - self.position

    @property
    def account(self) -> Account:
        dropped = self.made - self.played if self.over else 0
        return Account(self.turn, self.draft, self.made, self.played, dropped, self.over, self.settled)

    # --- words and sound in ------------------------------------------------------------------------------

    def take(self, phrase: Phrase) -> None:
        """Queue a phrase. Raises BugError when the reply was already complete or grows past all measure."""
        if self.complete:
            raise BugError(f"phrase {phrase.number} came after the last one of {self._name}")
        if len(self.waiting) >= LONGEST:
            raise BugError(f"more than {LONGEST} phrases wait in {self._name}")
        if phrase.text.strip():
            self.waiting.append(phrase)
        self.complete = phrase.final

    def begin(self) -> Phrase:
        """Take the next waiting phrase up; its sound follows."""
        self._open = self.waiting.popleft()
        self.spoken.append(Spoken(self._open.number, self._open.text, self.made))
        return self._open

    def add(self, pcm: Pcm, words: Sequence[WordTime]) -> None:
        """Sound of the phrase taken up, and words known since the last call."""
        latest = self.spoken[-1]
        self.spoken[-1] = replace(
            latest, samples=latest.samples + len(pcm), words=latest.words + tuple(words)
        )
        if not len(pcm):
            return
        loud = np.flatnonzero(np.abs(pcm) >= AUDIBLE)
        if loud.size:
            self.last_audible = self.made + int(loud[-1]) + 1
            if self.onset is None:
                self.onset = self.made + int(loud[0])
        pcm.setflags(write=False)
        self._sound.append((latest.number, self.made, pcm))
        self.made += len(pcm)

    def finish(self, *, failed: bool = False) -> None:
        """The phrase taken up is whole; or its voice failed, and only the words that have sound remain.

        Words for which a voice gave nothing audible were not spoken, whatever it reported.
        """
        latest = self.spoken[-1]
        if self.last_audible <= latest.start:
            latest = replace(latest, text="", words=())
        self.spoken[-1] = alignment.cut(latest) if failed else replace(latest, done=True)
        self._open = None

    def put_back(self) -> None:
        """Make the phrase taken up wait again and forget its sound. Legal before the first sound is fed."""
        if self._open is None or self.fed:
            raise BugError("only a phrase that is being made, and of which nothing was fed, can be put back")
        self.waiting.appendleft(self._open)
        self._open = None
        self.made = self.spoken.pop().start
        while self._sound and self._sound[-1][1] >= self.made:
            self._sound.pop()
        self.onset, self.last_audible = None, 0

    # --- sound out ---------------------------------------------------------------------------------------

    def piece(self, most: int) -> tuple[int, Pcm]:
        """The next sound to feed, of one phrase, at most this long: (phrase number, samples)."""
        for number, start, pcm in self._sound:
            if start <= self.fed < start + len(pcm):
                offset = self.fed - start
                return number, pcm[offset : offset + most]
        raise BugError(f"the sound at {self.fed} of {self._name} is gone")

    def rewind(self, position: int) -> int:
        """Go back to the last word border that is not after ``position``; return it."""
        self.fed = self.position = alignment.border(self.spoken, position)
        return self.fed

    def forget(self) -> None:
        """Let go of the sound of phrases that a resume cannot reach any more."""
        current = alignment.phrase_at(self.spoken, self.position)
        first = 0 if current is None else current.start
        while self._sound and self._sound[0][1] + len(self._sound[0][2]) <= first:
            self._sound.popleft()

    def end(self, reason: str) -> None:
        """Nothing more of it may be made or fed."""
        self.over = self.over or reason
        self.waiting.clear()
        self._sound.clear()
        self._open = None

    # --- how far ----------------------------------------------------------------------------------------

    def reach(self, position: int, generation: int) -> None:
        """The sink is at this position now, under this generation; only the newest one moves on from here."""
        if generation == self.generation:
            self.position = max(self.position, position)
        self.played = max(self.played, position)

    def follow(self, moment: float) -> None:
        """Remember how far it was at this moment."""
        if not self._followed or self._followed[-1][1] != self.played:
            self._followed.append((moment, self.played))

    def ear(self, moment: float) -> int:
        """How far it was at an earlier moment."""
        return next((played for at, played in reversed(self._followed) if at <= moment), 0)
