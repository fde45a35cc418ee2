from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from stand_in import StandIn

from agent.serve.carrying import form_of, taking
from agent.serve.config import ServeConfig
from agent.serve.live import Live
from agent.serve.resumes import Resumes
from agent.serve.socket_call import BURST, RATE, SocketCall
from pipeline.channel import Channel
from pipeline.clock import now, simulate


@dataclass
class Line:
    """A socket in memory."""

    incoming: Channel[str | None] = field(default_factory=lambda: Channel(100))
    said: list[Any] = field(default_factory=list)
    closed: tuple[int, float] | None = None
    stuck_after: int = 10**9
    waited: float = 0.0

    async def receive(self) -> str | bytes | None:
        return await self.incoming.get()

    async def send(self, data: str | bytes) -> None:
        if len(self.said) >= self.stuck_after:
            await asyncio.sleep(3600)
        self.said.append(json.loads(data))

    async def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, now())


def held(line: Line, script: Any, **settings: Any) -> tuple[Line, StandIn]:
    """A call over this line while ``script(line, live)`` plays."""

    async def main() -> StandIn:
        stand_in = StandIn()
        live, form = Live(stand_in, "websocket"), form_of(())
        call = SocketCall(
            line, live, take=taking(live, form), write=form.write, config=ServeConfig(**settings),
            begun=lambda: None,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(script(line, live))
            await call.hold()
            playing.cancel()
        return stand_in

    return line, simulate(main)


async def nothing(line: Line, live: Live) -> None:
    return None


def codes(line: Line) -> list[str]:
    return [event["error"]["code"] for event in line.said if event["type"] == "error"]


def test_a_client_that_never_begins_is_told_and_closed_with_1008() -> None:
    line, _ = held(Line(), nothing, first_message=5.0)
    assert line.closed == (1008, 5.0) and codes(line) == ["session_idle"]


def test_what_a_client_says_before_it_was_greeted_waits_until_then() -> None:
    async def hasty(line: Line, live: Live) -> None:
        await line.incoming.put("{")

    line, _ = held(Line(), hasty, idle=5.0)
    assert [event["type"] for event in line.said[:2]] == ["session.created", "error"]


def test_a_client_that_falls_silent_is_told_and_closed_and_each_word_gives_it_time() -> None:
    async def speak(line: Line, live: Live) -> None:
        for _ in range(3):
            await line.incoming.put('{"type":"hello"}')
            await asyncio.sleep(50.0)

    line, call = held(Line(), speak, idle=60.0)
    assert len(call.taken) == 3 and line.closed == (1008, 160.0) and codes(line) == ["session_idle"]


def test_a_call_lasts_an_hour_at_most_and_then_goes_with_1001() -> None:
    async def speak(line: Line, live: Live) -> None:
        while True:
            await line.incoming.put('{"type":"hello"}')
            await asyncio.sleep(100.0)

    line, _ = held(Line(), speak)
    assert line.closed == (1001, 3600.0) and codes(line) == ["session_expired"]


def test_a_client_that_takes_nothing_is_hung_up_on_after_two_seconds() -> None:
    line, _ = held(Line(stuck_after=1), lambda line, live: line.incoming.put('{"type":"hello"}'))
    assert line.closed == (1008, 2.0)


def test_while_a_client_takes_nothing_nothing_more_is_read_from_it() -> None:
    async def flood(line: Line, live: Live) -> None:
        await line.incoming.put('{"type":"flood"}')
        for _ in range(50):
            await line.incoming.put('{"type":"hello"}')

    line, call = held(Line(stuck_after=1), flood)
    assert line.closed == (1008, 2.0) and len(call.taken) < 5


def test_a_client_that_says_too_much_is_read_no_faster_than_it_may() -> None:
    async def chatter(line: Line, live: Live) -> None:
        for _ in range(int(BURST + 3 * RATE)):
            await line.incoming.put('{"type":"hello"}')
        assert 2.5 < now() < 3.5
        live.end(1000, "enough")

    line, _ = held(Line(), chatter)
    assert line.closed is not None and line.closed[0] == 1000


def test_a_client_that_goes_ends_its_call_at_once_and_is_not_spoken_to() -> None:
    async def go(line: Line, live: Live) -> None:
        await line.incoming.put('{"type":"hello"}')
        await asyncio.sleep(1.0)
        await line.incoming.put(None)

    line, call = held(Line(), go)
    assert line.closed is None and call.events.closed


def test_a_call_that_does_not_end_is_cut() -> None:
    async def main() -> float:
        stand_in = StandIn()
        stand_in.close = lambda reason: None  # type: ignore[method-assign]
        line, live, form = Line(), Live(stand_in, "websocket"), form_of(())
        call = SocketCall(
            line, live, take=taking(live, form), write=form.write, config=ServeConfig(), begun=lambda: None
        )
        async with asyncio.TaskGroup() as group:
            holding = group.create_task(call.hold())
            await asyncio.sleep(1.0)
            live.end(1001, "the server is ending")
            await holding
        assert line.closed is not None and line.closed[0] == 1001
        return now()

    assert simulate(main) == 7.0


def test_a_conversation_is_kept_for_a_while_and_given_once() -> None:
    async def main() -> None:
        resumes, call = Resumes(60.0), Live(StandIn(), "websocket")
        call.call.take({"type": "hello"})
        name = resumes.begin(call)
        resumes.ended(name, call.exchanges)
        await asyncio.sleep(59.0)
        found = await resumes.take(name)
        assert found is not None and len(found) == 1 and await resumes.take(name) is None
        name = resumes.begin(call)
        resumes.ended(name, call.exchanges)
        await asyncio.sleep(61.0)
        assert await resumes.take(name) is None and await resumes.take("") is None
        assert Resumes(0.0).begin(call) == ""

    simulate(main)
