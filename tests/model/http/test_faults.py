"""Faults on real loopback sockets, through a relay: resets, half-closed connections, servers that vanish.

In real time, as the point is what the operating system reports; the waits are short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

pytest.importorskip("aiohttp")

from servers.desk import Desk
from servers.like_vllm import LikeVllm
from servers.relay import Relay
from servers.wire import listening

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.presets import parse_server
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline import clock
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.ports import Limits
from pipeline.prompt import Human, Prompt, Reply, Text

SAID = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen."
PROMPT = Prompt((Human((Text("Count."),)), Reply("", thinking=True)))
WHOLE = f"Counting.\n</think>\n{SAID}"
HEAD = 180
"""Bytes of an answer's head: what comes after it is the stream."""

TOLD = {"continues": True, "thinks": True, "thoughts": "marked"}

Scene = Callable[[HttpBrain, list[Relay]], Awaitable[None]]


def _scene(scene: Scene, *faults: tuple[str, int], patience: float = 0.25) -> None:
    """A brain at as many addresses as there are faults, each behind a relay of its own."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            relays = []
            for fault, after in faults:
                engine = ScriptedEngine(ByText({}, Answer(SAID, "Counting.\n")), 0.001, 0.001)
                desk = Desk(InlineCompute(engine, engine.cost), "m")
                url = await stack.enter_async_context(listening(LikeVllm(desk)))
                relays.append(await stack.enter_async_context(Relay(url, fault, after).listening()))
            config = HttpConfig(
                connect=patience, first_token=4 * patience, between_tokens=2 * patience, elsewhere=patience,
                retries=1, pause=0.01, probe=False, told=TOLD,
            )  # fmt: skip
            urls = ",".join(relay.url for relay in relays)
            brain = HttpBrain(parse_server(f"vllm+{urls}#m"), config)
            await brain.call("facts")
            try:
                await scene(brain, relays)
            finally:
                await brain.close()

    clock.run(main)


async def _text(brain: HttpBrain) -> str:
    return "".join([piece.text async for piece in brain.stream("generate", PROMPT, Limits(64))])


LOUD = ("reset", "close", "half", "vanish", "stalls")
STRIKES = [(kind, after) for kind in LOUD for after in (HEAD + 300, HEAD + 2000)]


@pytest.mark.parametrize(
    ("kind", "after"), [*STRIKES, ("silent", 0), ("500", 0), ("reset", 0), ("close", 40)]
)
def test_another_address_goes_on_from_the_very_token(kind: str, after: int) -> None:
    async def scene(brain: HttpBrain, relays: list[Relay]) -> None:
        relays[0].fault, relays[0].after = kind, after
        assert await _text(brain) == WHOLE
        assert relays[0].struck
        assert relays[1].connections

    _scene(scene, ("", 0), ("", 0))


@pytest.mark.parametrize("kind", LOUD)
def test_with_no_other_address_what_came_is_kept_and_the_rest_is_an_error(kind: str) -> None:
    async def scene(brain: HttpBrain, relays: list[Relay]) -> None:
        relays[0].fault, relays[0].after = kind, HEAD + 2000
        came = ""
        with pytest.raises(ModelError, match="no other address"):
            async for piece in brain.stream("generate", PROMPT, Limits(64)):
                came += piece.text
        assert came
        assert WHOLE.startswith(came)

    _scene(scene, ("", 0))


def test_a_server_that_comes_back_is_asked_again() -> None:
    async def scene(brain: HttpBrain, relays: list[Relay]) -> None:
        relays[0].fault = "reset"
        with pytest.raises(ModelError):
            await _text(brain)
        relays[0].fault = ""
        assert await _text(brain) == WHOLE

    _scene(scene, ("", 0))


def test_a_delay_costs_time_and_nothing_else() -> None:
    async def scene(brain: HttpBrain, relays: list[Relay]) -> None:
        relays[0].fault, relays[0].seconds = "delay", 0.02
        assert await _text(brain) == WHOLE

    _scene(scene, ("", 0))


def test_a_client_that_goes_away_closes_the_connection_behind_it() -> None:
    """The relay sees the end, and so does the server: its slot is free."""

    async def scene(brain: HttpBrain, relays: list[Relay]) -> None:
        stream = brain.stream("generate", PROMPT, Limits(64))
        async for _ in stream:
            break
        assert not relays[0].idle.is_set()
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(relays[0].idle.wait(), 2.0)  # usually a few milliseconds

    _scene(scene, ("", 0))
