"""Formulation: a draft's thought, written beside its words.

The lane that writes it knows no words and no turn; whoever articulates reads how far it is.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Protocol

from pipeline.channel import Channel, Full
from pipeline.clock import now
from pipeline.errors import HocketError, ModelError
from pipeline.loops import LoopGuard
from pipeline.phrases import ThinkSplitter
from pipeline.ports import Compute, Limits, Piece
from pipeline.prompt import Prompt
from pipeline.reading import Reader


class Tell(Protocol):
    """Told of a thought's text."""

    def __call__(self, text: str, *, confirmed: bool = False) -> None: ...


class Formulation:
    """One thought: what there is of it, and whether more will come."""

    def __init__(
        self, prompt: Prompt, limits: Limits, reader: Reader, tell: Tell, patience: float
    ) -> None:
        """``prompt`` ends with an open thought. ``tell`` gets each new piece of text ("" for other news)."""
        self.prompt, self.limits, self.reader, self.patience = prompt, limits, reader, patience
        self.tokens = 0
        self.closed = False
        "Complete, or at its budget: nothing more will come of it."
        self.error: HocketError | None = None
        self.stopped = False
        self.wait: asyncio.Timeout | None = None
        "While a token is awaited: what ends the waiting."
        self._tell = tell

    @property
    def lines(self) -> int:
        """Finished lines."""
        return self.reader.text.count("\n") + (1 if self.closed and not self._ended_line else 0)

    @property
    def usable(self) -> str:
        """What a reply may be written from: finished lines, and all of it once it is closed."""
        text = self.reader.text
        if not self.closed:
            return text[: text.rfind("\n") + 1]
        return text if text.endswith("\n") or not text else text + "\n"

    @property
    def _ended_line(self) -> bool:
        return self.reader.text.endswith("\n") or not self.reader.text

    def stop(self) -> None:
        """Write no more of it; a wait for the engine ends at once, so that its lane is free."""
        self.stopped = True
        if self.wait is not None and not self.wait.expired():
            self.wait.reschedule(0.0)

    def wrote(self, thought: str, piece: Piece) -> None:
        """Take one token in, and what became certain of the thought with it."""
        self.tokens += 1
        self.reader.feed(thought, piece.logprob)
        self._tell(thought, confirmed=piece.confirmed)

    def end(self, error: HocketError | None = None) -> None:
        """Nothing more will come."""
        self.closed, self.error = error is None, error
        self._tell("")


class Formulating:
    """``run`` is a lane; start as many as there are drafting lanes, so that no thought waits for another."""

    def __init__(self, brain: Compute) -> None:
        self._brain = brain
        self._wanted: Channel[Formulation] = Channel(16, full=Full.DROP_OLDEST)  # the oldest have stopped

    def want(self, formulation: Formulation) -> None:
        """Write this thought."""
        self._wanted.put_now(formulation)

    async def run(self) -> None:
        """Write wanted thoughts until cancelled."""
        while True:
            formulation = await self._wanted.get()
            if formulation.stopped:
                continue
            try:
                async with asyncio.timeout(formulation.patience) as formulation.wait:
                    await self._write(formulation, formulation.wait)
            except TimeoutError:
                if not formulation.stopped:
                    why = f"the brain gave no token for {formulation.patience:g} s"
                    formulation.end(ModelError(why))
            except HocketError as error:
                formulation.end(error)
            finally:
                formulation.wait = None

    async def _write(self, formulation: Formulation, wait: asyncio.Timeout) -> None:
        splitter, guard = ThinkSplitter(thinking=True), LoopGuard()
        pieces = self._brain.stream("generate", formulation.prompt, formulation.limits)
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in stream:
                if formulation.stopped:
                    return
                wait.reschedule(now() + formulation.patience)
                formulation.wrote(_thought(splitter, piece), piece)
                if splitter.closed or guard.feed(piece.token):
                    break
        formulation.end()


def _thought(splitter: ThinkSplitter, piece: Piece) -> str:
    thought, _ = splitter.feed(piece.text)
    return thought + splitter.finish()[0] if piece.last else thought
