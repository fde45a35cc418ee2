"""One call while it is held, whoever carries it: its end, who else listens to it, and its line in the log.

The log never holds a word, a sound or a key.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.conversation import Exchange
from agent.receipt import Receipt
from agent.wire.fault import place_of
from agent.wire.told import Event, Problem
from pipeline.channel import Channel, ClosedError, FullError
from pipeline.clock import now
from pipeline.errors import HocketError

from .message import error_object

NORMAL, GOING, POLICY, BROKEN, LATER = 1000, 1001, 1008, 1011, 1013
"""WebSocket close codes (RFC 6455, section 7.4.1, and the IANA registry for 1013)."""
CLOSING = 6.0
"""Seconds that a call may take to end before it is cancelled."""
JOINED = 512
"""Events that somebody who joined may be behind before the join is ended."""
_log = logging.getLogger("hocket.serve")


class HeldCall(Protocol):
    """``agent.wire.call.Call``, as far as carrying it is concerned."""

    id: str
    events: Channel[Event]

    def take(self, event: object) -> None: ...

    async def run(self) -> Receipt: ...

    def close(self, reason: str) -> None: ...

    def finish(self) -> None: ...

    @property
    def exchanges(self) -> Sequence[Exchange]: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a call ended, as the carrier tells it."""

    code: int
    why: str
    "A few plain words, without content."


class Live:
    """One call."""

    def __init__(
        self, call: HeldCall, carrier: str, *, secret: str = "", stamp: Callable[[Event], Event] | None = None
    ) -> None:
        """``stamp`` completes a ``session.created`` or ``session.updated`` with what the server knows."""
        self.call, self.carrier, self.secret = call, carrier, secret
        self.ending: Ending | None = None
        self.name = ""
        "Under which it can be gone on with."
        self.forgo: Callable[[], None] | None = None
        "While it is being set up: gives that up."
        self._stamp = stamp
        self._joined: list[Channel[Event]] = []
        self._parted = False
        self._session: Event | None = None
        self._over = asyncio.Event()
        self._cut = False
        self._limit: asyncio.Timeout | None = None

    @property
    def id(self) -> str:
        return self.call.id

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What was said so far."""
        return self.call.exchanges

    # --- ending ---------------------------------------------------------------------------------------------

    def end(self, code: int, why: str, problem: Problem | None = None) -> None:
        """End it; the first reason counts. ``problem`` is told as an ``error`` event before."""
        if self.ending is not None:
            return
        self.ending = Ending(code, why)
        if problem is not None:
            self.tell(problem)
        self.cut(why)

    def finish(self, why: str) -> None:
        """End it after the present turn, with 1001."""
        if self.ending is None:
            self.ending = Ending(GOING, why)
            self.call.finish()
        if self.forgo is not None:
            self.forgo()

    def cut(self, why: str) -> None:
        """Wait no longer, also for a turn that was left to end. Idempotent."""
        if self._cut:
            return
        self._cut = True
        self.call.close(why)
        if self.forgo is not None:
            self.forgo()
        if self._limit is not None:
            self._limit.reschedule(now() + CLOSING)

    async def give_way(self) -> None:
        """The same client has come again."""
        self.end(GOING, "resumed by another connection")
        await self.over(CLOSING)

    async def over(self, within: float) -> bool:
        """Wait for the end; False where it has not come within so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def dismiss(self) -> None:
        """It will not run: its client never came."""
        self.call.events.close()
        self.part_all()
        self._over.set()
        _log.info("call %s over %s: never connected", self.id, self.carrier)

    async def run(self) -> None:
        """The call itself, to its end. A call that fails is ended with 1011 and hurts no other."""
        began, receipt = now(), None
        try:
            receipt = await self._bounded()
            self.end(NORMAL, "the call is over")
        except Exception as error:  # noqa: BLE001  # one call's fault must not take the server down
            self.fail(error)
        finally:
            self.call.events.close()
            self._over.set()
            ending = self.ending or Ending(GOING, "stopped")
            turns = 0 if receipt is None else receipt.turns
            _log.info(
                "call %s over %s: %.1f s, %d turns, %d %s",
                self.id, self.carrier, now() - began, turns, ending.code, ending.why,
            )  # fmt: skip

    def fail(self, error: Exception) -> None:
        """End it with 1011 for a fault of ours, of which the log has the kind and the place."""
        if isinstance(error, HocketError):
            _log.warning("call %s: %s", self.id, type(error).__name__)
        else:
            _log.error("call %s: %s at %s", self.id, *place_of(error))
        self.end(BROKEN, "the session failed", _failed())

    async def _bounded(self) -> Receipt:
        """The call's own life; once its end was asked for, no longer than CLOSING."""
        try:
            async with asyncio.timeout(None if self.ending is None else CLOSING) as self._limit:
                return await self.call.run()
        finally:
            self._limit = None

    def lost(self, why: str) -> None:
        """Its client is gone: nobody hears the turn to its end."""
        self.end(NORMAL, why)
        self.cut(why)

    # --- events ---------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        """What the client is told, in order, until the call is over. For its one carrier."""
        async for event in self.call.events:
            kind = event.get("type")
            if kind in ("session.created", "session.updated"):
                event = self._session = event if self._stamp is None else self._stamp(event)
            for channel in list(self._joined):
                self._pass_on(channel, event)
            yield event
        self.part_all()

    @property
    def extended(self) -> bool:
        """Its client asked for events that only we tell."""
        told = {} if self._session is None else self._session["session"].get("hocket", {})
        return bool(told.get("events"))

    def tell(self, problem: Problem) -> None:
        """An ``error`` event of the server's own; one that finds no room is not told."""
        try:
            self.call.events.put_now(error_event(problem))
        except (FullError, ClosedError):
            return

    def join(self) -> Channel[Event]:
        """All further events, for somebody beside the client; first the session as it is."""
        channel: Channel[Event] = Channel(JOINED)
        if self._parted:
            channel.close()
            return channel
        if self._session is not None:
            channel.put_now({**self._session, "type": "session.created"})
        self._joined.append(channel)
        return channel

    def part(self, channel: Channel[Event]) -> None:
        """Of one that joined."""
        channel.close()
        if channel in self._joined:
            self._joined.remove(channel)

    def part_all(self) -> None:
        """Nothing more will be told, also to those who join from now on. Idempotent."""
        self._parted = True
        while self._joined:
            self.part(self._joined[-1])

    def _pass_on(self, channel: Channel[Event], event: Event) -> None:
        try:
            channel.put_now(event)
        except (FullError, ClosedError):
            self.part(channel)


def error_event(problem: Problem) -> Event:
    """An ``error`` event that answers no event of the client's."""
    return {"type": "error", "event_id": f"event_{secrets.token_hex(12)}", "error": error_object(problem)}


def goodbye(ending: Ending) -> Event:
    """``hocket.goodbye``: what a WebSocket's close frame would say, for a carrier that has none."""
    return {
        "type": "hocket.goodbye", "event_id": f"event_{secrets.token_hex(12)}", "code": ending.code,
        "why": ending.why,
    }  # fmt: skip


def _failed() -> Problem:
    return Problem("server_error", "the session failed and is over; begin another", type="server_error")
