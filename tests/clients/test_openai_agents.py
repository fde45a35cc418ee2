"""openai-agents for Python, version pinned, talks to our server: its strictest reader of events.

It validates each event against openai's types and turns a failure into an error of its session; on a barge-in
it truncates by its own clock and retrieves. Real loopback sockets and real time, as its users have them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("agents.realtime")

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from conformance import conforms, conversation_is_whole
from listening_in import as_spoken
from serve_scripted import HEARD, LONG

from agent.wire.g711 import MU, compress
from audio_io.resample import resample
from pipeline.clock import run

STEP = 24_000 // 50 * 2
PATIENCE = 20.0


class Session:
    """A session as the runner makes it, with all that it told, in order."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.told: list[Any] = []
        self._new = asyncio.Condition()

    async def run(self) -> None:
        """Read until the session is closed."""
        async for event in self.session:
            async with self._new:
                self.told.append(event)
                self._new.notify_all()

    async def until(self, kind: str, count: int = 1) -> Any:
        """The event of a kind that is the ``count``-th."""
        await self._wait(lambda: len(self.of(kind)) >= count, kind)
        return self.of(kind)[count - 1]

    async def came(self, kind: str, count: int = 1, *, holds: str = "") -> dict[str, Any]:
        """The server's ``count``-th event of a kind, as it was on the wire; ``holds``: with this in it."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.wire() if event["type"] == kind and holds in str(event)]

        await self._wait(lambda: len(found()) >= count, f"{kind} ({count})")
        return found()[count - 1]

    async def _wait(self, there: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE), self._new:
                await self._new.wait_for(there)
        except TimeoutError:
            came = " ".join(event["type"] for event in self.wire())
            raise AssertionError(f"no {what} in {PATIENCE} s; came: {came}") from None

    async def speak(self, pcm: bytes) -> None:
        async for step in as_spoken(pcm, STEP):
            await self.session.send_audio(step)

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.told if event.type == kind]

    def wire(self) -> list[dict[str, Any]]:
        raw = [event.data for event in self.of("raw_model_event")]
        return [event.data for event in raw if event.type == "raw_server_event"]


def test_a_default_session_speaks_calls_a_tool_and_is_interrupted_without_one_error(
    scripted: str, hello: bytes, question: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    asked: list[str] = []

    @function_tool
    def weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "rainy"

    async def talk(held: Session) -> None:
        await held.speak(hello)  # spoken, answered by way of the tool
        said = await held.came("response.output_audio_transcript.done")
        assert asked == ["Oslo"] and said["transcript"] == "It is rainy."
        heard = await held.came("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == HEARD
        await held.came("response.done", 2)
        await held.session.send_message("count")  # typed, answered at length, interrupted
        await held.came("response.output_audio_transcript.delta", holds=LONG[:3])
        for _ in range(3):  # on a busy machine a user may have to say it again
            await held.speak(question)
            if held.of("audio_interrupted"):
                break
        await held.until("audio_interrupted")
        cut = await held.came("conversation.item.truncated")
        kept = await held.came("conversation.item.retrieved", 2)
        assert kept["item"]["id"] == cut["item_id"]
        assert LONG.startswith(kept["item"]["content"][0]["transcript"])
        assert (await held.came("response.done", 3))["response"]["status"] == "cancelled"
        await held.came("response.done", 5)  # the question was answered by way of the tool, too

    async def main() -> Session:
        agent = RealtimeAgent(name="a", instructions="Be brief.", tools=[weather])
        url = scripted.replace("http", "ws") + "/v1/realtime?model=local"
        session = await RealtimeRunner(agent).run(model_config={"url": url, "api_key": "any"})
        async with session, asyncio.TaskGroup() as group:
            held = Session(session)
            reading = group.create_task(held.run())
            await talk(held)
            reading.cancel()
        return held

    held = run(main)
    assert [event.error for event in held.of("error")] == []
    assert asked[:2] == ["Oslo", "Oslo"]
    for event in held.wire():
        conforms(event)
    conversation_is_whole(held.wire())
    agent = [item for item in held.of("history_updated")[-1].history if item.type == "message"]
    assert {item.role for item in agent} == {"user", "assistant"}


def test_a_telephone_bridge_speaks_and_hears_g711(scripted: str, hello: bytes) -> None:
    pcm = np.frombuffer(hello, "<i2").astype(np.float32) / 32768
    sound = compress(resample(pcm, 24_000, 8_000), MU)

    async def main() -> Session:
        url = scripted.replace("http", "ws") + "/v1/realtime?model=local"
        audio: Any = {"input_audio_format": "g711_ulaw", "output_audio_format": "g711_ulaw"}
        session = await RealtimeRunner(RealtimeAgent(name="a")).run(
            model_config={"url": url, "api_key": "any", "initial_model_settings": audio}
        )
        async with session, asyncio.TaskGroup() as group:
            held = Session(session)
            reading = group.create_task(held.run())
            async for step in as_spoken(sound, 160):
                await session.send_audio(step)
            await held.came("response.done")
            reading.cancel()
        return held

    held = run(main)
    assert [event.error for event in held.of("error")] == []
    heard = b"".join(event.audio.data for event in held.of("audio"))
    assert 0.15 < len(heard) / 8000 < 1.5 and len(set(heard)) > 20, "one short word of tones"
