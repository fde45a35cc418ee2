"""The event line over a data channel in memory, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from audio_io.rtc.events import FULL, LABEL, UNTAKEN, EventLine, LargeEventError
from pipeline import clock
from pipeline.clock import now
from pipeline.errors import PeerError


class Wire:
    """A data channel of aiortc's, as far as the line uses it."""

    def __init__(self, label: str = LABEL) -> None:
        self.label, self.bufferedAmount, self.bufferedAmountLowThreshold = label, 0, 0
        self.sent: list[str] = []
        self.closed = False
        self.largest = 10**9
        self._heard: dict[str, Callable[..., None]] = {}

    def on(self, name: str, call: Callable[..., None]) -> None:
        self._heard[name] = call

    def emit(self, name: str, *what: Any) -> None:
        self._heard[name](*what)

    def send(self, text: str) -> None:
        if len(text) > self.largest:
            raise ValueError("too large")
        self.sent.append(text)
        self.bufferedAmount += len(text)

    def close(self) -> None:
        self.closed = True

    def drain(self) -> None:
        self.bufferedAmount = 0
        self.emit("bufferedamountlow")


def line() -> tuple[EventLine, Wire, list[str]]:
    reasons: list[str] = []

    def hang_up(why: str) -> None:
        reasons.append(why)
        made.end(why)

    made, wire = EventLine(hang_up, write=2.0), Wire()
    made.attach(wire)
    return made, wire, reasons


def test_text_goes_both_ways_and_bytes_are_taken_as_text():
    async def scene() -> None:
        events, wire, _ = line()
        wire.emit("message", "one")
        wire.emit("message", b"tw\xff")
        await events.send("three")
        assert [events.messages.get_now() for _ in range(2)] == ["one", "tw\ufffd"]
        assert wire.sent == ["three"] and events.open.is_set()

    clock.simulate(scene)


def test_a_channel_of_another_name_and_a_second_one_are_closed():
    async def scene() -> None:
        events, _, _ = line()
        for other in (Wire("chat"), Wire()):
            events.attach(other)
            assert other.closed

    clock.simulate(scene)


def test_sending_waits_while_the_network_takes_nothing():
    async def scene() -> None:
        events, wire, reasons = line()
        await events.send("x" * (FULL + 1))
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(events.send("next"))
            await asyncio.sleep(1.0)
            assert not waiting.done()
            wire.drain()
        assert wire.sent[-1] == "next" and not reasons

    clock.simulate(scene)


def test_a_client_that_takes_nothing_for_long_is_gone():
    async def scene() -> None:
        events, _, reasons = line()
        await events.send("x" * (FULL + 1))
        began = now()
        with pytest.raises(PeerError, match="took no event for 2 s"):
            await events.send("next")
        assert now() - began == pytest.approx(2.0) and reasons == ["took no event for 2 s"]
        with pytest.raises(PeerError):
            await events.send("again")

    clock.simulate(scene)


def test_a_client_that_floods_is_gone_and_what_came_before_is_kept():
    async def scene() -> None:
        events, wire, reasons = line()
        for count in range(UNTAKEN + 5):
            wire.emit("message", str(count))
        assert reasons[0].startswith("sent events faster")
        assert [one async for one in events.messages] == [str(count) for count in range(UNTAKEN)]

    clock.simulate(scene)


def test_an_event_larger_than_the_client_takes_is_refused_and_the_call_goes_on():
    async def scene() -> None:
        events, wire, reasons = line()
        wire.largest = 10
        with pytest.raises(LargeEventError, match="larger"):
            await events.send("x" * 11)
        await events.send("small")
        assert wire.sent == ["small"] and not reasons

    clock.simulate(scene)


def test_the_clients_closing_it_ends_the_line():
    async def scene() -> None:
        events, wire, reasons = line()
        wire.emit("close")
        assert reasons == ["closed its events"] and events.messages.closed
        with pytest.raises(PeerError, match="closed its events"):
            await events.send("x")

    clock.simulate(scene)


def test_without_a_channel_there_is_sound_alone():
    async def scene() -> None:
        events = EventLine(lambda _: None, write=2.0)
        await events.send("nobody hears this")

    clock.simulate(scene)
