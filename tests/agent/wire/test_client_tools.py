"""Tools that a client runs, alone: what it is told, what it may answer, and what becomes of late results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent.wire.client_tools import ClientTools
from agent.wire.refusal import WireError
from agent.wire.schema import FunctionTool
from agent.wire.told import CallWanted
from pipeline.clock import simulate


class Scene:
    """The client's end of it."""

    def __init__(self) -> None:
        self.told: list[CallWanted] = []
        self.writing = False
        self.tools = ClientTools(self.told.append, writing=lambda: self.writing)
        self.tools.turn = 5
        self.tool = self.tools.tool(FunctionTool("look", "Looks."))


def _play(scene: Callable[[Scene, asyncio.TaskGroup], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            await scene(Scene(), group)

    simulate(main)


def test_a_result_counts_once_the_client_wants_to_go_on() -> None:
    async def scene(it: Scene, group: asyncio.TaskGroup) -> None:
        running = group.create_task(it.tool.run("{}"))
        await asyncio.sleep(1.0)
        assert it.tools.turn_waiting == 5 and not it.tools.given
        it.tools.answer(it.told[0].call_id, "seen")
        await asyncio.sleep(1.0)
        assert not running.done() and it.tools.given
        it.tools.go_on()
        assert await running == "seen"
        assert it.tools.turn_waiting == 0

    _play(scene)


def test_calls_are_told_together_when_nothing_more_is_written() -> None:
    async def scene(it: Scene, group: asyncio.TaskGroup) -> None:
        it.writing = True
        running = [group.create_task(it.tool.run(text)) for text in ('{"a": 1}', '{"a": 2}')]
        await asyncio.sleep(1.0)
        assert not it.told
        it.tools.settle()
        assert [each.arguments for each in it.told] == ['{"a": 1}', '{"a": 2}']
        for task in running:
            task.cancel()

    _play(scene)


def test_a_result_that_comes_after_its_turn_is_learned_without_being_asked_for() -> None:
    async def scene(it: Scene, group: asyncio.TaskGroup) -> None:
        running = group.create_task(it.tool.run("{}"))
        await asyncio.sleep(1.0)
        it.tools.over(5)
        assert it.tools.turn_waiting == 0
        it.tools.answer(it.told[0].call_id, "late")
        assert await running == "late"

    _play(scene)


def test_a_call_is_answered_once_and_only_if_it_was_made() -> None:
    async def scene(it: Scene, group: asyncio.TaskGroup) -> None:
        running = group.create_task(it.tool.run("{}"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        it.tools.answer(it.told[0].call_id, "seen")
        for call_id in (it.told[0].call_id, "call_made_up"):
            with pytest.raises(WireError) as refused:
                it.tools.answer(call_id, "again")
            assert refused.value.problem.param == "item.call_id"
        running.cancel()

    _play(scene)


@pytest.mark.parametrize(
    ("arguments", "fits"), [("{}", True), ('{"a": [1]}', True), ("[]", False), ("{", False)]
)
def test_what_is_no_object_is_not_even_sent(arguments: str, fits: bool) -> None:
    assert (Scene().tool.refused(arguments) == "") is fits


def test_a_tool_without_a_description_is_told_by_its_name() -> None:
    spec = ClientTools(lambda told: None).tool(FunctionTool("look")).spec
    assert (spec.description, spec.parameters) == ("look", '{"type": "object", "properties": {}}')
