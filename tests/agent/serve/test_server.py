"""Whole calls with sessions of their own, over real sockets on 127.0.0.1: the parts of a server together."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from agent.config import Config, PersonaConfig
from agent.launch import Parts
from agent.serve.listening import listening
from agent.serve.server import Server
from agent.wire.told import Event
from model.scripted import Answer, ScriptedEngine
from pipeline.clock import now, run
from pipeline.compute import InlineCompute
from tts.tone import ToneVoice

CANARY = "chrysanthemum"


def server() -> Server:
    engine = ScriptedEngine(lambda _: Answer(f"It is a {CANARY}.", f"heard: {CANARY}\n"))
    built = Parts(InlineCompute(engine, engine.cost), engine.facts(), ToneVoice())
    return Server(config=replace(Config(), persona=PersonaConfig(greeting="")), built=built)


def play(scene: Callable[[aiohttp.ClientSession, Server], Awaitable[None]]) -> None:
    async def main() -> None:
        at = server()
        async with (
            asyncio.timeout(15),
            listening(at, "127.0.0.1", 0) as where,
            aiohttp.ClientSession(where.url) as client,
        ):
            await scene(client, at)

    run(main)


async def until(ws: aiohttp.ClientWebSocketResponse, kind: str) -> tuple[Event, list[Event]]:
    """The next event of this kind, and those before it."""
    before: list[Event] = []
    while True:
        event: dict[str, Any] = await ws.receive_json()
        if event["type"] == kind:
            return event, before
        before.append(event)


async def ask(ws: aiohttp.ClientWebSocketResponse) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is it?"}]}
    await ws.send_json({"type": "conversation.item.create", "item": item})
    await ws.send_json({"type": "response.create"})


def test_a_typed_question_is_answered_aloud_and_nothing_of_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(client: aiohttp.ClientSession, at: Server) -> None:
        async with client.ws_connect("/v1/realtime") as ws:
            created, _ = await until(ws, "session.created")
            assert created["session"]["hocket"]["resume"].startswith("re_")
            await ask(ws)
            done, before = await until(ws, "response.done")
            assert done["response"]["status"] == "completed"
            sound = b"".join(
                base64.b64decode(event["delta"])
                for event in before
                if event["type"] == "response.output_audio.delta"
            )
            assert len(sound) > 24_000 and CANARY in json.dumps(done)
        assert await _left(at)

    with caplog.at_level("DEBUG"):
        play(scene)
    assert "turns, 1000" in caplog.text and CANARY not in caplog.text


def test_a_conversation_goes_on_where_it_was_left() -> None:
    async def scene(client: aiohttp.ClientSession, at: Server) -> None:
        async with client.ws_connect("/v1/realtime") as ws:
            created, _ = await until(ws, "session.created")
            await ask(ws)
            await until(ws, "response.done")
        token = created["session"]["hocket"]["resume"]
        async with client.ws_connect(f"/v1/realtime?resume={token}") as ws:
            again, _ = await until(ws, "session.created")
            assert again["session"]["hocket"]["resumed"] is True
            (live,) = at.calls.values()
            assert CANARY in live.exchanges[0].reply

    play(scene)


def test_clients_that_come_and_go_at_once_leave_nothing_behind() -> None:
    async def scene(client: aiohttp.ClientSession, at: Server) -> None:
        began = now()
        for _ in range(10):
            async with client.ws_connect("/v1/realtime"):
                pass
        assert await _left(at) and now() - began < 5.0

    play(scene)


def test_a_session_that_cannot_be_is_refused_when_its_secret_is_made() -> None:
    async def scene(client: aiohttp.ClientSession, _: Server) -> None:
        for session in ({"audio": {"input": {"format": {"type": "audio/none"}}}}, {"instructions": 7}, 5):
            async with client.post("/v1/realtime/client_secrets", json={"session": session}) as reply:
                told = await reply.json()
                assert reply.status == 400 and told["error"]["param"].startswith("session"), told
        for seconds in (9, 7201, 10.5, "60", True):
            wanted = {"expires_after": {"anchor": "created_at", "seconds": seconds}}
            async with client.post("/v1/realtime/client_secrets", json=wanted) as reply:
                assert reply.status == 400

    play(scene)


async def _left(at: Server) -> bool:
    for _ in range(200):
        if not at.places.taken:
            return not at.calls
        await asyncio.sleep(0.02)  # the end of a call is told to its client before its place is free
    return False
