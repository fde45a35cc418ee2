"""The encoding stage: while the user's turn is open, the model takes in its sound block by block.

It asks the engine to make the growing prompt warm (audio encoder, adaptor and decoder alike), so that a draft
started at the end of the turn finds nothing left to read. Between turns it reads the history. It never writes
a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from .errors import HocketError
from .events import Listened, Sample, Span, StageFailed, StopThinking, Think, Turn
from .ports import CAPTURE_RATE, Compute, Emit
from .prompt import BLOCK, Human, Prompt
from .ring import AudioRing
from .segments import segments

LONGEST = 40 * CAPTURE_RATE
"""Samples of one turn that are kept warm. What counts as speech for longer is a television or a speech: its
draft reads what it needs when it comes."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """How eagerly sound is taken in."""

    stride: float = 0.32
    "Seconds of new sound per request to the engine; a multiple of the 80 ms position."

    def __post_init__(self) -> None:
        if self.stride < BLOCK / CAPTURE_RATE:
            raise ValueError(f"encoder stride must be at least 0.08 s, got {self.stride}")


class Encoding:
    """Keeps the engine warm for the open turn."""

    def __init__(
        self,
        ring: AudioRing,
        brain: Compute,
        history: Callable[[], Prompt],
        emit: Emit,
        config: EncoderConfig,
        *,
        carried: Callable[[Turn, Span, Human], Human | None] = lambda turn, heard, user: user,
    ) -> None:
        """``carried``: a turn's sound with the notes so far; None: a note is being written, read later."""
        self._carried = carried
        self._ring = ring
        self._brain = brain
        self._history = history
        self._emit = emit
        self._stride = int(config.stride * CAPTURE_RATE) // BLOCK * BLOCK
        self._open: tuple[Turn, Sample] | None = None
        self._stale = False
        self._changed = asyncio.Event()

    def think(self, order: Think) -> None:
        """Take in this turn from here on."""
        self._open = (order.turn, order.listened.start)
        self._changed.set()

    def stop(self, order: StopThinking) -> None:
        """Take in no more of this turn."""
        if self._open is not None and self._open[0] == order.turn:
            self._open = None
            self._changed.set()

    def base(self) -> None:
        """The history has changed: read it before the next turn begins."""
        self._stale = True
        self._changed.set()

    async def run(self) -> None:
        """Follow open turns until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._stale:
                await self._read_history()
            while self._open is not None and not self._changed.is_set():
                await self._follow(*self._open)

    async def _read_history(self) -> None:
        self._stale = False
        try:
            await self._brain.call("prefill", self._history().then(Human(())))
        except HocketError as error:
            self._emit(StageFailed("encoder", str(error)))

    async def _follow(self, turn: Turn, start: Sample) -> None:
        upto = Sample(start + self._stride)
        while self._open == (turn, start):
            if upto - start > LONGEST:
                self._open = None
                return
            if not await self._sound_until(upto):
                return
            upto = Sample(start + (self._ring.end - start) // self._stride * self._stride)
            span = Span(start, upto)
            try:
                user = self._carried(turn, span, Human(segments(self._ring, span)))
                if user is not None:
                    await self._brain.call("prefill", self._history().then(user))
            except HocketError as error:
                self._emit(StageFailed("encoder", str(error)))
                self._open = None
                return
            if user is not None:
                self._emit(Listened(span))
            upto = Sample(upto + self._stride)

    async def _sound_until(self, upto: Sample) -> bool:
        """Wait for sound up to a position, or for the turn to change; True when the sound is there."""
        while self._ring.end < upto:
            if self._changed.is_set():
                return False
            missing = (upto - self._ring.end) / CAPTURE_RATE
            await asyncio.sleep(max(missing, 0.02))
        return not self._changed.is_set()
