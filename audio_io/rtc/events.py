"""The data channel ``oai-events`` of a call: text in, text out, both bounded.

aiortc queues what is sent without bound, so ``send`` waits while the network has not taken what came before;
a client that does not take it for long is gone. Must never drop an event in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pipeline.channel import Channel, ClosedError, Full, FullError
from pipeline.clock import now
from pipeline.errors import PeerError

from .extra import web

LABEL = "oai-events"
UNTAKEN = 256
"""Messages that may wait to be taken."""
FULL, LOW = 256 * 1024, 64 * 1024
"""Bytes that may wait for the network, and those that are few enough to go on."""


class LargeEventError(PeerError):
    """One event is larger than the client takes; the line stands."""


class EventLine:
    """One call's events."""

    def __init__(self, hang_up: Callable[[str], None], write: float) -> None:
        """``hang_up`` is told why, when the client breaks the rules or closes the line.

        ``write``: seconds that the line may be full.
        """
        self.messages: Channel[str] = Channel(UNTAKEN, full=Full.FAIL)
        self.open = asyncio.Event()
        "Set when the channel is there, and also when it never will be."
        self.bad = 0
        "Messages that broke the format of data channels."
        self._hang_up, self._write = hang_up, write
        self._channel: Any = None
        self._room = asyncio.Event()
        self._why = ""

    def attach(self, channel: Any) -> None:
        """A channel that the client made. Others than ours are closed."""
        if channel.label != LABEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = LOW
        channel.on("message", self._take)
        channel.on("bufferedamountlow", self._room.set)
        channel.on("close", lambda: self._hang_up("closed its events"))
        self.open.set()

    async def send(self, text: str) -> None:
        """Send an event. Raises PeerError when the client is gone, or takes nothing for ``write`` seconds;
        LargeEventError when the event is larger than it takes, and was not sent."""
        self._check()
        deadline = now() + self._write
        while self._channel is not None and self._channel.bufferedAmount > FULL:
            self._room.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._room.wait()
            except TimeoutError:
                self._hang_up(f"took no event for {self._write:g} s")
            self._check()
        if self._channel is None:  # a call without events: there is sound alone
            return
        try:
            self._channel.send(text)
        except ValueError:
            raise LargeEventError(
                f"an event of {len(text)} characters is larger than the client takes"
            ) from None
        except web("aiortc.exceptions").InvalidStateError:
            self._hang_up("closed its events")
            self._check()

    def end(self, why: str) -> None:
        """No more events. Who waits to send gets PeerError; who takes messages gets the rest first."""
        self._why = self._why or why
        self.messages.close()
        self.open.set()
        self._room.set()

    def malformed(self) -> None:
        """A message broke the format of data channels, and was left out."""
        self.bad += 1

    def _check(self) -> None:
        if self._why:
            raise PeerError(f"the client {self._why}")

    def _take(self, message: str | bytes) -> None:
        text = message.decode("utf-8", errors="replace") if isinstance(message, bytes) else message
        try:
            self.messages.put_now(text)
        except FullError:
            self._hang_up("sent events faster than they can be taken")
        except ClosedError:
            return
