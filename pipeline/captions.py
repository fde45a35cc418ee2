"""The captions stage: what a recogniser makes of the user's words, for people and logs, and of unfinished
sentences for the turn policy.

It follows the orders in the trace, asks for one reading at a time, and never keeps a draft waiting. No prompt
ever holds its words. An ear that fails costs the captions and is told once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from . import completeness
from .clock import now
from .errors import HocketError
from .events import (
    CommitDraft,
    Draft,
    EndOfTurnScored,
    Sample,
    Span,
    StageFailed,
    StartDraft,
    StopThinking,
    Think,
    Turn,
)
from .ports import CAPTURE_RATE, Compute, EarFacts, Emit
from .prompt import Audio
from .reading import plain
from .records import Transcribed
from .ring import AudioRing
from .segments import segments
from .trace import Entry

STAGE = "ear"
"""The name under which a failure is told."""
WAITING = 4
"""Finished turns that may wait for their words; the oldest ones are given up."""
LONGEST = 40 * CAPTURE_RATE
"""Samples of an open turn that are followed; its last words are read all the same."""


@dataclass(frozen=True, slots=True)
class CaptionsConfig:
    """What is told, and how often."""

    shown: bool = True
    "Words of open and finished turns go into the trace."
    ends: bool = False
    "The policy is told where a sentence cannot be over, for brains that do not tell it themselves."
    every: float = 0.64
    "Seconds of new sound per reading of an open turn, where the ear streams; else it is read at its end."
    share: float = 0.25
    "The most of all time that readings of open turns may take."
    patience: float = 10.0
    "Seconds after which a reading is given up."

    def __post_init__(self) -> None:
        if self.every < 0.08 or not 0 < self.share <= 1 or self.patience <= 0:
            raise ValueError(
                "captions need every to be at least 0.08 s, share above 0 and at most 1, positive patience"
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A stretch of a turn whose words are wanted."""

    turn: Turn
    span: Span
    final: bool = False
    "The turn is over."


class Captions:
    """One session's. Subscribe ``see`` to its trace, and let ``run`` run."""

    def __init__(
        self,
        ring: AudioRing,
        ear: Compute,
        emit: Emit,
        observe: Callable[[Transcribed], None],
        config: CaptionsConfig | None = None,
    ) -> None:
        """``observe`` gets the words: a trace's ``record``."""
        self._ring = ring
        self._ear = ear
        self._emit = emit
        self._observe = observe
        self._config = config or CaptionsConfig()
        self._facts: EarFacts | None = None
        self._open: tuple[Turn, Sample] | None = None
        self._paused: _Asked | None = None
        self._drafts: dict[Draft, _Asked] = {}
        self._over: deque[_Asked] = deque(maxlen=WAITING)
        self._known: tuple[Span, str] | None = None
        self._shown = ""
        self._upto = 0
        self._resting = 0.0
        self._failed = False
        self._changed = asyncio.Event()

    def see(self, entry: Entry) -> None:
        """Orders say what is open, what is drafted and what is over."""
        match entry.item:
            case Think(turn, listened):
                if self._open is None or self._open[0] != turn:
                    self._drafts.clear()
                    self._shown, self._upto = "", listened.start
                self._open = turn, listened.start
            case StopThinking(turn) if self._open is not None and self._open[0] == turn:
                self._open = None
            case StartDraft(turn, draft, listened) if len(listened):
                asked = _Asked(turn, listened)
                self._drafts = {draft: asked}  # an older one is never committed after it
                self._paused = asked if self._config.ends else None
            case CommitDraft(_, draft) if draft in self._drafts:
                self._open = None
                if self._config.shown:
                    self._over.append(replace(self._drafts.pop(draft), final=True))
            case _:
                return
        self._changed.set()

    async def run(self) -> None:
        """Read what is wanted until cancelled: a pause first, then finished turns, then the open one."""
        while True:
            self._changed.clear()
            if self._paused is not None:
                asked, self._paused = self._paused, None
                await self._read(asked)
            elif self._over:
                await self._read(self._over.popleft())
            elif not await self._follow():
                await self._changed.wait()

    # --- what to read ------------------------------------------------------------------------------------

    async def _follow(self) -> bool:
        """Read the open turn when there is enough more of it; False where none is to be followed."""
        if self._open is None or not self._config.shown or not await self._streams():
            return False
        turn, start = self._open
        due = self._upto + round(self._config.every * CAPTURE_RATE)
        wait = max((due - self._ring.end) / CAPTURE_RATE, self._resting - now())
        if due - start > LONGEST:
            return False
        if wait > 0:
            await self._news(max(wait, 0.01))
            return True
        self._upto = self._ring.end
        await self._read(_Asked(turn, Span(start, self._ring.end)), partial=True)
        return True

    async def _news(self, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _streams(self) -> bool:
        """Whether the ear follows growing sound at the cost of what is new of it."""
        if self._facts is None and not self._failed:
            try:
                async with asyncio.timeout(self._config.patience):
                    self._facts = await self._ear.call("facts")
            except (HocketError, TimeoutError) as error:
                self._fail(error)
        return self._facts is not None and self._facts.streams

    # --- reading -----------------------------------------------------------------------------------------

    async def _read(self, asked: _Asked, *, partial: bool = False) -> None:
        began = now()
        try:
            async with asyncio.timeout(self._config.patience):
                text = await self._words(asked.span, final=not partial)
        except (HocketError, TimeoutError) as error:
            self._fail(error)
            return
        finally:
            if partial:
                self._resting = now() + (now() - began) * (1 / self._config.share - 1)
        self._failed = False
        if not partial and self._config.ends and not asked.final:
            self._score(asked, text)
        elif asked.final or text != self._shown:
            self._tell(asked, text)

    async def _words(self, span: Span, *, final: bool) -> str:
        """The words in this span. Raises HocketError."""
        if self._facts is None:
            self._facts = await self._ear.call("facts")
        if final and self._known is not None and self._known[0] == span:
            return self._known[1]
        await self._ring.wait_for(span.end)
        sounds: tuple[Audio, ...] = segments(self._ring, span)
        texts = list[str]()
        for sound in sounds:
            closed = final or sound is not sounds[-1]
            texts.append(plain((await self._ear.call("transcribe", sound, closed)).text))
        text = " ".join(filter(None, texts))
        if final:
            self._known = span, text
        return text

    def _tell(self, asked: _Asked, text: str) -> None:
        assert self._facts is not None, "something was read"
        still = self._open is not None and self._open[0] == asked.turn
        if not asked.final and not still:
            return  # the turn's last words are told when they are read
        self._shown = text
        self._observe(Transcribed(asked.turn, text, asked.final, self._facts.name))

    def _score(self, asked: _Asked, text: str) -> None:
        probability = completeness.end_of_turn(text)
        if probability is not None and asked in self._drafts.values():
            self._emit(EndOfTurnScored(asked.span.end, probability))

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            why = str(error) or f"no answer within {self._config.patience:g} s"
            self._emit(StageFailed(STAGE, f"there are no captions: {why}"))
        self._failed = True
