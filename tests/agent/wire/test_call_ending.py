"""How a call ends: by whoever carries it, by its client, by a fault; always at once and with all told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from call_scene import Client, held, made, parts, saying, session, turns, typed

from agent.receipt import Receipt
from pipeline.clock import now, simulate
from pipeline.errors import ModelError

VAD = {"type": "server_vad", "silence_duration_ms": 300}


def test_a_call_that_is_closed_before_it_runs_is_over_at_once() -> None:
    async def main() -> tuple[Receipt, float, bool]:
        call = made()
        call.close("changed my mind")
        began = now()
        return await call.run(), now() - began, call.events.closed

    receipt, seconds, closed = simulate(main)
    assert receipt.turns == 0 and seconds < 2.0 and closed


def test_a_call_in_the_middle_of_a_reply_ends_it_in_the_protocols_order() -> None:
    async def scene(client: Client) -> None:
        client.send("conversation.item.create", item=typed("hi"))
        client.send("response.create")
        await client.until("response.output_audio.delta")
        client.call.close("hung up")
        await client.over.wait()
        assert client.kinds[-1] == "response.done"
        assert client.got[-1]["response"]["status"] == "cancelled"

    held(scene, parts(saying("One two three four five six seven.")))


def test_a_brain_that_cannot_say_what_it_is_ends_the_call_with_its_own_error() -> None:
    class Gone:
        async def call(self, method: str, *args: Any) -> Any:
            raise ModelError("no such weights")

        async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
            raise ModelError("no such weights")
            yield

        async def close(self) -> None:
            return None

    async def main() -> bool:
        call = made(replace(parts(saying()), brain=Gone()))
        with pytest.raises(ModelError, match="no such weights"):
            await call.run()
        return call.events.closed

    assert simulate(main)


def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    async def main() -> set[str]:
        call = made()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(call.run())
            await asyncio.sleep(1.0)
            call.take({"type": "response.create", "response": {"conversation": "none"}})
            await asyncio.sleep(0.0)
            task.cancel()
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert simulate(main) == set()


def test_an_idle_call_that_is_to_finish_is_over_at_once() -> None:
    async def scene(client: Client) -> float:
        client.send("session.update", session=turns(VAD))
        await asyncio.sleep(2.0)
        began = now()
        client.call.finish()
        await client.over.wait()
        return now() - began

    assert held(scene) < 0.5


def test_after_its_end_what_a_client_sends_changes_nothing() -> None:
    async def scene(client: Client) -> int:
        client.call.close("hung up")
        await client.over.wait()
        before = len(client.got)
        client.send("session.update", session=session(instructions="x"))
        client.send("response.create")
        client.send("nonsense")
        return len(client.got) - before

    assert held(scene) == 0


def test_what_was_said_can_be_read_after_the_end() -> None:
    async def scene(client: Client) -> Client:
        client.send("conversation.item.create", item=typed("hi"))
        client.send("response.create")
        await client.until("response.done")
        return client

    assert [each.reply for each in held(scene).call.exchanges] == ["Here I am."]
