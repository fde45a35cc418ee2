"""A client of a call without a network, in virtual time: it sends events, keeps what comes, and hears it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pytest
from oracle import valid
from session_scene import Loud

from agent.config import Config
from agent.conversation import Exchange
from agent.launch import Parts
from agent.persona import Agent
from agent.wire.call import Call
from agent.wire.codec import as_json, read_json
from agent.wire.socket_edge import SocketEdge
from model.scripted import FACTS, Answer, ByText, ScriptedEngine
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.ports import FRAME, PLAYOUT_RATE, AudioEdge, BrainFacts, EdgeReport, Emit, PlayoutSource
from pipeline.ring import AudioRing
from tts.tone import ToneVoice

T = TypeVar("T")
ABLE = replace(FACTS, obeys_instructions=True, history_turns=8, tools="text")
"""A brain that takes instructions and calls tools."""
HEARD = "heard: a tone\n"


@dataclass
class Track:
    """An edge with a microphone that is always on; the user makes a sound in this stretch of seconds."""

    begins: float = 1.0
    ends: float = 2.0
    latency: float = 0.15

    def report(self) -> EdgeReport:
        return EdgeReport("WebRTC", "cancelled", self.latency)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        began, frame = now(), 0
        while True:
            frame += 1
            await asyncio.sleep(began + frame * 0.02 - now())
            loud = self.begins <= frame / 50 < self.ends
            ring.write(np.full(FRAME, 0.5 if loud else 0.0, np.float32))
            source.pull(PLAYOUT_RATE // 50)


class Client:
    """One end of a call."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.over = asyncio.Event()
        self._news = asyncio.Event()

    async def read(self) -> None:
        """Every event, as JSON would bring it, until the call is over."""
        async for event in self.call.events:
            self.got.append(json.loads(as_json(event)))
            valid(self.got[-1], own=True)
            self.at.append(now())
            self._news.set()
        self.over.set()

    def send(self, kind: str, **fields: Any) -> None:
        """One event, as JSON brings it."""
        self.call.take(read_json(json.dumps({"type": kind, **fields})))

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th event of a kind, waited for."""
        async with asyncio.timeout(60.0):
            while len(found := self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All events of a kind so far."""
        return [event for event in self.got if event["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.got]

    async def speak(self, seconds: float, quiet: float = 0.0) -> None:
        """A tone and then silence, in real time, 20 ms by 20 ms."""
        began = now()
        for step in range(round((seconds + quiet) * 50)):
            self.send("input_audio_buffer.append", audio=sound(0.02, 0.5 if step < seconds * 50 else 0.0))
            await asyncio.sleep(began + (step + 1) * 0.02 - now())

    def heard(self) -> float:
        """Seconds of sound that came back."""
        return sum(len(base64.b64decode(e["delta"])) / 48000 for e in self.of("response.output_audio.delta"))


def sound(seconds: float, level: float = 0.5) -> str:
    """A steady level as base64 PCM16 at 24 kHz."""
    return base64.b64encode(np.full(round(seconds * 24000), level * 32767, "<i2").tobytes()).decode()


def session(**fields: Any) -> dict[str, Any]:
    """A session object."""
    return {"type": "realtime", **fields}


def typed(text: str) -> dict[str, Any]:
    """A message of the user's."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def turns(kind: dict[str, Any] | None) -> dict[str, Any]:
    """A session object that says how turns end."""
    return session(audio={"input": {"turn_detection": kind}})


def parts(script: Any, facts: BrainFacts = FACTS, *, first: float = 0.01, per_token: float = 0.001) -> Parts:
    """What a server has, without models."""
    engine = ScriptedEngine(script, first=first, per_token=per_token, facts=facts)
    return Parts(InlineCompute(engine, engine.cost), facts, ToneVoice())


def saying(text: str = "Here I am.", thoughts: str = HEARD) -> ByText:
    """A script that always says this."""
    return ByText({}, Answer(text, thoughts))


def made(built: Parts | None = None, *, edge: AudioEdge | None = None, **more: Any) -> Call:
    """A call, not yet running; its detector says that speech is what is loud."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio_io.detectors.make_detector", lambda name: Loud())
        return Call(
            built or parts(saying()),
            Config(),
            edge=edge or SocketEdge(),
            carrier="websocket" if edge is None else "webrtc",
            **{"agent": Agent(), **more},
        )


def held(
    scene: Callable[[Client], Awaitable[T]],
    built: Parts | None = None,
    *,
    asked: dict[str, Any] | None = None,
    agent: Agent | None = None,
    history: Sequence[Exchange] = (),
    edge: AudioEdge | None = None,
    greets: bool = False,
) -> T:
    """Play a scene with a live call, over a WebSocket or this ``edge``; it is hung up afterwards."""

    async def main() -> T:
        speaker = agent or (None if greets else Agent())
        call = made(built, edge=edge, agent=speaker, session=asked, history=history)
        client = Client(call)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(call.run())
            reading = group.create_task(client.read())
            await client.until("session.created")
            result = await scene(client)
            call.close("hung up")
            await running
            await reading
        return result

    return simulate(main)
