"""Calls without a session, a server that makes them, and a client: for tests of who is let in and how."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp

from agent.config import Config
from agent.conversation import Exchange
from agent.launch import Parts
from agent.receipt import Receipt
from agent.serve.config import ServeConfig
from agent.serve.listening import Where, listening
from agent.serve.server import Server
from agent.wire.refusal import invalid
from agent.wire.told import Event
from bench.scripted import ScriptedBrain
from pipeline.channel import Channel, ClosedError
from pipeline.clock import run
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.events import Turn
from pipeline.ports import AudioEdge
from tts.tone import ToneVoice


class StandIn:
    """Says ``session.created``, gives back every event it takes, and remembers a turn for each."""

    def __init__(self, session: Any = None, history: Sequence[Exchange] = (), drain: float = 0.0) -> None:
        self.id = f"call_{secrets.token_hex(16)}"
        self.events: Channel[Event] = Channel(200)
        self.session, self.taken = session, list[object]()
        self.exchanges: tuple[Exchange, ...] = tuple(history)
        self._over = asyncio.Event()
        self._drain = drain

    def take(self, event: object) -> None:
        self.taken.append(event)
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "fail":
            raise RuntimeError("canary: what somebody said")
        self.exchanges += (Exchange(Turn(len(self.exchanges) + 1), None, "words", True),)
        try:
            if kind == "flood":
                for _ in range(190 - len(self.events)):
                    self.events.put_now({"type": "flooded", "text": "x" * 100_000})
            self.events.put_now({"type": "echo", "event": event})
        except ClosedError:
            return

    async def run(self) -> Receipt:
        asked = (self.session or {}).get("hocket", {"a": 1})
        self.events.put_now({"type": "session.created", "session": {"id": self.id, "hocket": asked}})
        await self._over.wait()
        if any(isinstance(event, dict) and event.get("type") == "break" for event in self.taken):
            raise ModelError("canary: what somebody said")
        return Receipt(len(self.taken), 0, 0, 0)

    def close(self, reason: str) -> None:
        self._over.set()

    def finish(self) -> None:
        """The present turn takes a while."""
        asyncio.get_running_loop().call_later(self._drain, self._over.set)


class StandInServer(Server):
    """Its calls are stand-ins; ``made`` has them all."""

    def __init__(
        self, key: str = "", *, turn: float = 0.0, serve: ServeConfig | None = None, **more: Any
    ) -> None:
        config = replace(Config(), serve=serve or ServeConfig())
        brain = ScriptedBrain()
        built = Parts(InlineCompute(brain), brain.facts(), ToneVoice())
        super().__init__(None, config, key=key, built=built, **more)
        self.made: list[StandIn] = []
        self._turn = turn

    def make(self, edge: AudioEdge | None, session: Any, history: Sequence[Exchange]) -> StandIn:
        if session == {"bad": True}:
            raise invalid("session.bad", "There is nothing bad here.")
        self.made.append(StandIn(session, history, self._turn))
        return self.made[-1]


Scene = Callable[[aiohttp.ClientSession, StandInServer, Where], Awaitable[None]]


def play(scene: Scene, server: StandInServer | None = None) -> StandInServer:
    server = server or StandInServer()

    async def main() -> None:
        async with (
            asyncio.timeout(10),
            listening(server, "127.0.0.1", 0) as where,
            aiohttp.ClientSession(where.url) as client,
        ):
            await scene(client, server, where)

    run(main)
    return server


async def until(true: Callable[[], object]) -> None:
    """Over real sockets only: nothing tells when the server has come so far."""
    async with asyncio.timeout(5.0):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def call(
    client: aiohttp.ClientSession, path: str = "/v1/realtime", **more: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with client.ws_connect(path, max_msg_size=0, **more) as ws:
        yield ws


async def until_closed(ws: aiohttp.ClientWebSocketResponse) -> list[Any]:
    """What is said before the end; then ``ws.close_code`` is there."""
    return [json.loads(message.data) async for message in ws if message.type is aiohttp.WSMsgType.TEXT]
