"""A test's side of openai's own connection: what it sends, and every event it gets, each valid."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from conformance import conforms, conversation_is_whole
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from pipeline.clock import now

PATIENCE = 15.0
"""Seconds of real time that any event may take; loopback sockets know no other."""
RATE = 24_000
STEP = RATE // 50 * 2
"""Bytes of 20 ms."""


class Listening:
    """Reads through openai's connection; ``events`` holds all that came, as they were on the wire."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.send = connection
        self.events: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """The next event, valid, and understood by the client as what it is."""
        raw = await self.send.recv_bytes()
        event: dict[str, Any] = json.loads(raw)
        conforms(event)
        assert self.send.parse_event(raw).type == event["type"]
        self.events.append(event)
        return event

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of a kind. Fails at an ``error`` that nobody waits for."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    event = await self.next()
                    if event["type"] == kind:
                        return event
                    assert event["type"] != "error", event["error"]
        except TimeoutError:
            raise AssertionError(f"no {kind} in {PATIENCE} s; came: {' '.join(self.kinds())}") from None

    async def speak(self, pcm: bytes) -> None:
        """Append sound as a microphone would, 20 ms at a time; events wait meanwhile."""
        async for step in as_spoken(pcm, STEP):
            await self.send.input_audio_buffer.append(audio=base64.b64encode(step).decode())

    def kinds(self) -> list[str]:
        """The types of all events, repeated ones in a row once."""
        found = [event["type"] for event in self.events]
        return [kind for index, kind in enumerate(found) if not index or kind != found[index - 1]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


async def as_spoken(sound: bytes, step: int) -> AsyncIterator[bytes]:
    """Pieces of ``step`` bytes when they are due, one per 20 ms: on a busy machine late, but not slower."""
    begun = now()
    for number, start in enumerate(range(0, len(sound), step)):
        await asyncio.sleep(begun + 0.02 * number - now())
        yield sound[start : start + step]


@asynccontextmanager
async def listening_in(url: str, key: str = "any", **session: Any) -> AsyncIterator[Listening]:
    """A connection as openai's client makes it; only its base URL is changed. ``session``: a first update."""
    async with (
        AsyncOpenAI(api_key=key, base_url=f"{url}/v1") as client,
        client.realtime.connect(model="local") as connection,
    ):
        call = Listening(connection)
        created = await call.until("session.created")
        assert created["session"]["type"] == "realtime"
        if session:
            asked: Any = {"type": "realtime", **session}
            await connection.session.update(session=asked)
            await call.until("session.updated")
        yield call
        conversation_is_whole(call.events)
