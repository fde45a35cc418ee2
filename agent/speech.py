"""What the agent says, as an application holds it: a handle for each speech, and what waits for the floor.

Who speaks when is the policy's to decide: a wish is a fact that it may ignore, and that is told again when
the floor is free. It must never speak, stop or reorder anything by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass

from pipeline.errors import UserError
from pipeline.events import (
    CommitDraft,
    Fact,
    InterruptRequested,
    Order,
    ReplyRequested,
    Say,
    TextEntered,
    Turn,
)
from pipeline.ports import Emit

WAITING = 8
"""Speeches that may wait for the floor at one time."""
_KNOWN = 64
"""Turns whose handles are remembered."""


class SpeechHandle:
    """One speech of the agent: asked for, due, sounding, or over. ``await`` it, or look.

    It is over when the reply was heard to its end, cut, or never came about; awaiting it raises nothing.
    """

    def __init__(self, source: str, *, requested: bool, stop: Callable[[SpeechHandle], None]) -> None:
        """``requested``: by the application, and not by what the user said. ``stop`` is asked to end it."""
        self.source = source
        "``say``: words that were given · ``generate_reply``: words that the brain writes."
        self.requested = requested
        self.turn: Turn | None = None
        "None while it waits for the floor."
        self.text = ""
        "The words that reached the ear; known when it is over."
        self._whole = False
        self._over = asyncio.Event()
        self._stop = stop
        self._callbacks: list[Callable[[SpeechHandle], None]] = []

    def done(self) -> bool:
        """True when nothing more of it will be heard."""
        return self._over.is_set()

    @property
    def interrupted(self) -> bool:
        """True when it is over and was not heard to its end, whoever or whatever cut it."""
        return self.done() and not self._whole

    def interrupt(self) -> SpeechHandle:
        """Say no more of it, or nothing if it has not begun. It is over soon after; twice is once."""
        if not self.done():
            self._stop(self)
        return self

    async def wait_for_playout(self) -> None:
        """Until it is over. In a tool that this very speech waits for, that would be a circle."""
        await self._over.wait()

    def add_done_callback(self, callback: Callable[[SpeechHandle], None]) -> None:
        """Call this when it is over, at once if it is."""
        if self.done():
            callback(self)
        else:
            self._callbacks.append(callback)

    def __await__(self) -> Generator[None, None, SpeechHandle]:
        yield from self.wait_for_playout().__await__()
        return self

    def end(self, text: str, *, whole: bool) -> list[Callable[[SpeechHandle], None]]:
        """It is over, with these words heard. What is to be called now; nothing the second time."""
        if self.done():
            return []
        self.text, self._whole = text, whole
        self._over.set()
        callbacks, self._callbacks = self._callbacks, []
        return callbacks


@dataclass(slots=True, eq=False)
class _Wish:
    """What the application asked for, as the policy is told."""

    handle: SpeechHandle
    fact: ReplyRequested | TextEntered
    aside: str = ""
    "Told to the brain for this reply alone."
    unwanted: bool = False
    "Interrupted while it was on its way to the policy."


class Speeches:
    """The speeches of one session."""

    def __init__(self, emit: Emit, call: Callable[..., object]) -> None:
        """``call(callback, handle)`` runs an application's callback, whatever that does."""
        self._emit = emit
        self._call = call
        self._waiting: deque[_Wish] = deque()
        self._sent: dict[int, _Wish] = {}
        "On their way to the policy, by the identity of the fact."
        self._present: _Wish | None = None
        "The one whose fact the policy is looking at."
        self._known: dict[Turn, SpeechHandle] = {}
        self._back: SpeechHandle | None = None
        "The one that was due until the user went on; their turn may bring it yet."
        self._closed = False

    # --- what is asked for --------------------------------------------------------------------------------

    def say(self, text: str) -> SpeechHandle:
        """These words, when the floor is free. Raises UserError when too many wait already."""
        return self._wish("say", ReplyRequested(text))

    def write(self, reason: str, aside: str) -> SpeechHandle:
        """A reply to nothing that the user said, when the floor is free. Raises UserError likewise."""
        return self._wish("generate_reply", ReplyRequested(reason, written=True), aside)

    def answer(self, text: str, aside: str) -> SpeechHandle:
        """A reply to these words of the user, at once: they take the floor."""
        wish = _Wish(self._handle("generate_reply", requested=True), TextEntered(text), aside)
        self._send(wish)
        return wish.handle

    def interrupt(self) -> SpeechHandle | None:
        """Whatever waits, is due or sounds; what sounds now, if anything does."""
        for wish in self._untaken():
            self._stop(wish.handle)
        if self._back is not None:
            self._stop(self._back)
        self._emit(InterruptRequested(Turn(0)))
        return self.current

    @property
    def current(self) -> SpeechHandle | None:
        """The newest speech that has a turn and is not over."""
        return next((each for each in reversed(self._known.values()) if not each.done()), None)

    def of(self, turn: int) -> SpeechHandle | None:
        """The speech of this turn; None where there is none, or it is long over."""
        return self._known.get(Turn(turn))

    @property
    def aside(self) -> str:
        """What the draft that is ordered now is to be told besides."""
        return "" if self._present is None or self._present.unwanted else self._present.aside

    def words(self, turn: int) -> str | None:
        """What the application wants said in this turn, which begins now; None: the words are not its own."""
        wish = self._present
        if wish is None or wish.handle.turn != turn or wish.handle.source != "say":
            return None
        return wish.fact.reason if isinstance(wish.fact, ReplyRequested) else None

    def forgo_instructions(self) -> None:
        """The brain that is there now takes none: what waits with some for one reply is withdrawn."""
        for wish in self._untaken():
            if wish.aside:
                self._stop(wish.handle)

    # --- what becomes of it -------------------------------------------------------------------------------

    def see(self, item: Fact | Order) -> None:
        """The policy looks at this fact now, or has given this order."""
        match item:
            case CommitDraft(turn, _) | Say(turn, _):
                self._took(turn, written=isinstance(item, CommitDraft))
            case _ if isinstance(item, Fact):
                self._passed_over()
                self._present = self._sent.pop(id(item), None)

    def ended(self, turn: int, text: str, *, whole: bool) -> None:
        """The turn is over, with these words of its reply heard."""
        if (handle := self.of(turn)) is not None:
            self._end(handle, text, whole=whole)

    def taken_back(self, turn: int) -> None:
        """The user went on before any of it was heard."""
        self._back = self.of(turn)

    def offer(self) -> None:
        """The floor is free: the next one that waits may have it."""
        self._passed_over()
        if self._waiting and not self._sent and not self._closed:
            self._send(self._waiting.popleft())

    def close(self) -> None:
        """Nothing will be said any more."""
        self._closed = True
        wishes = [*self._waiting, *self._sent.values(), *([self._present] if self._present else [])]
        self._waiting.clear()
        self._sent.clear()
        for handle in [*(wish.handle for wish in wishes), *self._known.values()]:
            self._end(handle, "", whole=False)

    def _wish(self, source: str, fact: ReplyRequested, aside: str = "") -> SpeechHandle:
        if len(self._waiting) >= WAITING:
            raise UserError(f"{WAITING} speeches wait for the floor already: await or interrupt one of them")
        wish = _Wish(self._handle(source, requested=True), fact, aside)
        if self._untaken():
            self._waiting.append(wish)
        else:
            self._send(wish)
        return wish.handle

    def _send(self, wish: _Wish) -> None:
        self._sent[id(wish.fact)] = wish
        self._emit(wish.fact)

    def _passed_over(self) -> None:
        """What the policy did not take up waits on, as the first, unless nobody wants it any more."""
        wish, self._present = self._present, None
        if wish is None or wish.handle.turn is not None or wish.handle.done():
            return
        if wish.unwanted:
            self._end(wish.handle, "", whole=False)
        else:
            self._waiting.appendleft(wish)

    def _untaken(self) -> list[_Wish]:
        """What was asked for and has no turn yet, in the order of asking."""
        present = [self._present] if self._present and self._present.handle.turn is None else []
        return [*present, *self._sent.values(), *self._waiting]

    def _took(self, turn: Turn, *, written: bool) -> None:
        """This turn is the agent's to speak."""
        wish, self._back = self._present, None
        if wish is not None and wish.handle.turn is None:
            wish.handle.turn = turn
            before, self._known[turn] = self._known.get(turn), wish.handle
            if before is not None:  # it was taken back when the user went on, and now is not made any more
                self._end(before, "", whole=False)
            if wish.unwanted:
                self._emit(InterruptRequested(turn))
        elif turn not in self._known or self._known[turn].done():
            source = "generate_reply" if written else "say"
            handle = self._known[turn] = self._handle(source, requested=False)
            handle.turn = turn
        while len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]

    def _handle(self, source: str, *, requested: bool) -> SpeechHandle:
        return SpeechHandle(source, requested=requested, stop=self._stop)

    def _stop(self, handle: SpeechHandle) -> None:
        if handle is self._back:  # no reply of that turn is due: the next one is another speech
            self._end(handle, "", whole=False)
            return
        if handle.turn is not None:
            self._emit(InterruptRequested(handle.turn))
            return
        for wish in [wish for wish in self._waiting if wish.handle is handle]:
            self._waiting.remove(wish)
            self._end(handle, "", whole=False)
        for wish in [*self._sent.values(), *([self._present] if self._present else [])]:
            wish.unwanted = wish.unwanted or wish.handle is handle

    def _end(self, handle: SpeechHandle, text: str, *, whole: bool) -> None:
        for callback in handle.end(text, whole=whole):
            self._call(callback, handle)
