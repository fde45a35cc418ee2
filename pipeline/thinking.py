"""The thinking stage: at the close of each block of sound, the brain thinks about what it has heard so far.

Its thoughts become notes for every later prompt of the turn, or predict the next thought. It must never
speak, and never keep a draft waiting: a stale thought stops at the next token, and keeps what it finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from .clock import now
from .errors import HocketError
from .events import Sample, Span, StageFailed, StopThinking, Think, Turn
from .listening.strategy import ListeningStrategy, Request
from .notebook import Notebook, Taken, notes_of
from .phrases import ThinkSplitter
from .ports import CAPTURE_RATE, Compute, Emit, Piece
from .prompt import BLOCK, Human, Prompt
from .reading import Reader
from .records import Thought
from .ring import AudioRing
from .segments import segments
from .speculation import LISTENING, Ledger
from .telling import Telling

LONGEST = 40 * CAPTURE_RATE
"""Samples of one turn that are thought about while they come; what is longer is hardly a question."""
_MEASURED = 8
"""Tokens from which a thought tells how fast the brain writes."""


@dataclass(frozen=True, slots=True)
class ThinkingConfig:
    """How often and how much is thought while listening."""

    block: float = 0.0
    "Seconds of sound after which a thought begins, in whole positions of 80 ms; 0: as the strategy wants."
    rate: float = 50.0
    "Tokens per second that the brain is believed to write until it was measured."
    most_tokens: int = 120
    "The budget of one thought is what the brain can write in one block, and at most this."
    patience: float = 4.0
    "Seconds without a token after which a thought is given up."

    def __post_init__(self) -> None:
        short = 0 != self.block < BLOCK / CAPTURE_RATE
        if short or self.rate <= 0 or self.most_tokens < 1 or self.patience <= 0:
            raise ValueError(
                "thinking needs a block of at least 0.08 s (or 0), and positive rate, tokens and patience"
            )


@dataclass(slots=True, eq=False)
class _Musing:
    """One thought being written."""

    turn: Turn
    heard: Span
    began: float
    base: tuple[Taken, ...]
    "What was kept before it: its prompt holds it, or its limits do."
    reader: Reader = field(default_factory=Reader)
    tokens: int = 0
    "That were written now."
    written: float = 0.0
    "When its newest token came."
    closed: bool = False
    stale: bool = False
    wait: asyncio.Timeout | None = None
    "While a token is awaited: what ends the waiting."


class Thinking:
    """Thinks about the open turn, unless it is being drafted."""

    def __init__(
        self,
        brain: Compute,
        ring: AudioRing,
        history: Callable[[], Prompt],
        notebook: Notebook,
        strategy: ListeningStrategy,
        ledger: Ledger,
        emit: Emit,
        observe: Callable[[Thought], None],
        config: ThinkingConfig,
    ) -> None:
        self._brain = brain
        self._ring = ring
        self._history = history
        self._notebook = notebook
        self._strategy = strategy
        self._ledger = ledger
        self._emit = emit
        self._observe = observe
        self._config = config
        self._block = round((config.block or strategy.block) * CAPTURE_RATE) // BLOCK * BLOCK
        self._rate = config.rate
        self._open: tuple[Turn, Sample] | None = None
        self._drafting = False
        self._musing: _Musing | None = None
        self._changed = asyncio.Event()

    @property
    def writing(self) -> bool:
        """True while a thought is being written: what is read meanwhile may have to be read again."""
        return self._musing is not None

    # --- orders ------------------------------------------------------------------------------------------

    def think(self, order: Think) -> None:
        """Think about this turn from here on."""
        self.settle()
        self._notebook.begin(order.turn, order.listened.start)
        self._open, self._drafting = (order.turn, order.listened.start), False
        self._changed.set()

    def stop(self, order: StopThinking) -> None:
        """Think no more about this turn."""
        if self._open is not None and self._open[0] == order.turn:
            self.settle()
            self._open = None
            self._changed.set()

    def draft(self, *, early: bool) -> None:
        """A draft begins: in a pause it thinks from here on; before one, thinking goes on beside it.

        A thought that is being written goes on: it is worth having should the user go on, and stops with the
        turn. Only one that can be cut is ended, so that the draft has what was finished of it.
        """
        if self._strategy.keeps_cut:
            self.settle()
        self._drafting = not early

    def go_on(self) -> None:
        """The draft was dropped: the next block is thought about again."""
        self._drafting = False

    def settle(self) -> None:
        """End the present thought at once; its finished lines are kept."""
        musing, self._musing = self._musing, None
        if musing is not None:
            musing.stale = True
            if musing.wait is not None and not musing.wait.expired():
                musing.wait.reschedule(0.0)
            self._keep(musing)

    # --- the stage ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow open turns until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._open is not None and not self._changed.is_set():
                await self._follow(*self._open)

    async def _follow(self, turn: Turn, start: Sample) -> None:
        upto = self._newest(start, Sample(start))
        while self._open == (turn, start) and upto - start <= LONGEST:
            if not await self._sound_until(upto):
                return
            heard = Span(start, upto)
            idle = self._drafting or self._notebook.knows(turn, heard) or not self._ledger.allows(turn)
            base = self._notebook.of(turn, heard)
            request = None if idle else self._request(heard, base)
            if request is not None:
                await self._muse(_Musing(turn, heard, now(), base), request)
            upto = self._newest(start, upto)
        if self._open == (turn, start):
            self._open = None

    def _newest(self, start: Sample, done: Sample) -> Sample:
        """End of the newest closed block, or of the next one to close if that one is done."""
        closed = start + (self._ring.end - start) // self._block * self._block
        return Sample(max(done + self._block, closed))

    def _request(self, heard: Span, base: tuple[Taken, ...]) -> Request | None:
        try:
            user = Human(segments(self._ring, heard))
        except HocketError as error:
            self._emit(StageFailed("thinking", str(error)))
            return None
        return self._strategy.request(self._history(), user, notes_of(base), self._budget)

    @property
    def _budget(self) -> int:
        """Tokens that the brain can write in one block."""
        return max(1, min(self._config.most_tokens, int(self._block / CAPTURE_RATE * self._rate)))

    async def _muse(self, musing: _Musing, request: Request) -> None:
        """Write one thought; it ends closed, at its budget, or stale."""
        self._musing = musing
        splitter = ThinkSplitter(thinking=True)
        telling = Telling(self._observe, musing.turn, LISTENING, predicted=bool(request.limits.predicted))
        pieces = self._brain.stream("generate", request.prompt, request.limits)
        try:
            async with asyncio.timeout(self._config.patience) as wait:
                musing.wait = wait
                async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every stream is a generator
                    async for piece in stream:
                        if musing.stale or self._overtaken(musing):
                            break
                        wait.reschedule(now() + self._config.patience)
                        self._write(musing, splitter, telling, piece)
                        if musing.closed or musing.tokens >= self._budget:
                            break
        except TimeoutError:
            if not musing.stale:
                why = f"no token for {self._config.patience:g} s while thinking about what was heard"
                self._emit(StageFailed("thinking", why))
        except HocketError as error:
            self._emit(StageFailed("thinking", str(error)))
        finally:
            musing.wait = None
        if telling.confirmed:
            telling.write("")
        if not musing.stale:
            self._musing = None
            self._keep(musing)

    def _overtaken(self, musing: _Musing) -> bool:
        """True when the next block has closed: thinking goes on with that one. A thought gets its first token
        in any case, so that a brain that is slow to begin comes to something too."""
        return musing.tokens > 0 and self._ring.end - musing.heard.end >= self._block

    def _write(self, musing: _Musing, splitter: ThinkSplitter, telling: Telling, piece: Piece) -> None:
        thought, _ = splitter.feed(piece.text)
        musing.closed = splitter.closed
        musing.reader.feed(thought, piece.logprob)
        if piece.confirmed:
            telling.confirm(thought)
            return
        musing.tokens, musing.written = musing.tokens + 1, now()
        self._ledger.wrote(musing.turn, LISTENING)
        telling.write(thought)

    def _keep(self, musing: _Musing) -> None:
        if musing.tokens >= min(_MEASURED, self._budget) and (spent := musing.written - musing.began) > 0:
            self._rate = musing.tokens / spent
        reading, cut = musing.reader.reading, not musing.closed
        if cut and not self._strategy.keeps_cut:
            return
        taken = self._notebook.take(
            musing.turn, 0, musing.heard, reading,
            tokens=musing.tokens, cut=cut, base=musing.base, checked=self._strategy.checked,
        )  # fmt: skip
        if taken and not self._strategy.checked:
            self._ledger.kept(musing.turn, LISTENING, musing.tokens)

    async def _sound_until(self, upto: Sample) -> bool:
        """Wait for sound up to a position, or for the turn to change; True when the sound is there."""
        while self._ring.end < upto:
            if self._changed.is_set():
                return False
            missing = (upto - self._ring.end) / CAPTURE_RATE
            await asyncio.sleep(max(missing, 0.02))
        return not self._changed.is_set()
