"""The tools' stage: runs each call that it is ordered to, once, and tells what came back.

It never decides whether a call may run: that is an order. A tool that fails, hangs or is asked wrongly gives
a failed result that the brain can read; no tool ends a conversation. An effect that was begun is never cut
off because nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .calling import Pending, Tool, ToolError
from .calls import Wanted
from .channel import Channel, Full
from .clock import now
from .errors import ConfigError
from .events import Draft, RunTool, ToolCalled, ToolReturned, Turn
from .ports import Emit
from .prompt import ToolCall, ToolResult, ToolSpec
from .records import ToolRan

_WAITING = 64
"""Calls that may wait for a lane."""


@dataclass(frozen=True, slots=True)
class ToolsConfig:
    """Bounds on tools."""

    lanes: int = 8
    "Calls that run at one time."
    confirming: float = 30.0
    "Seconds that a confirmation may take."
    longest: int = 8000
    "Characters of a result that the brain gets."

    def __post_init__(self) -> None:
        if self.lanes < 1 or self.confirming <= 0 or self.longest < 100:
            raise ConfigError(
                f"tools need at least 1 lane, some time to confirm and results of 100 characters or more,"
                f" not lanes {self.lanes}, confirming {self.confirming:g}, longest {self.longest}"
            )


class Tools:
    """One session's tools. ``run`` does the work; ``ask`` and ``start`` are for the loop's thread."""

    def __init__(
        self,
        tools: Sequence[Tool],
        emit: Emit,
        observe: Callable[[ToolRan], None],
        learn: Callable[[ToolResult], None] = lambda result: None,
        config: ToolsConfig | None = None,
    ) -> None:
        """``learn`` gets the result of an effect that outlived its turn."""
        self._tools = {tool.spec.name: tool for tool in tools}
        self._emit, self._observe, self._learn = emit, observe, learn
        self._config = config or ToolsConfig()
        self._count = 0
        self._asked: dict[str, Pending] = {}
        self._wanted: Channel[Pending] = Channel(_WAITING, full=Full.FAIL)

    def suit(self, tools: Sequence[Tool]) -> None:
        """From here on these are the tools; calls of others go on to their end."""
        self._tools = {tool.spec.name: tool for tool in tools}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a brain may be told of."""
        return tuple(tool.spec for tool in self._tools.values())

    def ask(self, turn: Turn, draft: Draft, wanted: Wanted, news: Callable[[], None]) -> Pending:
        """Tell the policy of a call. What cannot be run changes nothing: it waits for no commit."""
        self._asked = {each: pending for each, pending in self._asked.items() if not pending.given_up}
        self._count += 1
        call = ToolCall(f"call-{self._count}", wanted.name, wanted.arguments)
        tool = self._tools.get(wanted.name)
        effects = tool is not None and tool.effects and not _refuses(tool, wanted.arguments)
        pending = self._asked[call.id] = Pending(turn, draft, call, tool, effects, news)
        self._emit(ToolCalled(turn, draft, call.id, effects, self._within(tool)))
        return pending

    def start(self, order: RunTool) -> None:
        """Run this call, unless it runs already or is gone."""
        pending = self._asked.pop(order.call, None)
        if pending is None or pending.given_up:
            return
        if len(self._wanted) >= _WAITING:
            self._settle(pending, "Too many calls are waiting.", now(), failed=True)
            return
        self._wanted.put_now(pending)

    async def run(self) -> None:
        """Run what was ordered, until cancelled."""
        await asyncio.gather(*(self._lane() for _ in range(self._config.lanes)))

    async def _lane(self) -> None:
        while True:
            pending = await self._wanted.get()
            if not pending.given_up:
                await self._run(pending)

    def _within(self, tool: Tool | None) -> float:
        if tool is None:
            return 0.0
        return tool.timeout + (self._config.confirming if tool.confirm is not None else 0.0)

    async def _run(self, pending: Pending) -> None:
        began = now()
        try:
            content, failed = await self._outcome(pending), False
        except asyncio.CancelledError as error:
            if (lane := asyncio.current_task()) is not None and lane.cancelling():
                raise
            content, failed = _why(pending, error), True  # something that the tool waited for was cancelled
        except Exception as error:  # noqa: BLE001  # whatever a tool dies of is a result for the brain
            content, failed = _why(pending, error), True
        self._settle(pending, content, began, failed=failed)

    async def _outcome(self, pending: Pending) -> str:
        tool, call = pending.tool, pending.call
        if tool is None:
            known = ", ".join(self._tools) or "none"
            raise ToolError(f"There is no tool {call.name!r}. There are: {known}.")
        if problem := tool.refused(call.arguments):
            raise ToolError(problem)
        if tool.confirm is not None:
            async with asyncio.timeout(self._config.confirming) as pending.scope:
                allowed = await tool.confirm(call)
            if not allowed:
                raise ToolError("This was not allowed: somebody was asked and said no.")
        if pending.given_up:
            raise TimeoutError
        pending.begun = True
        async with asyncio.timeout(tool.timeout) as pending.scope:
            return str(await tool.run(call.arguments))

    def _settle(self, pending: Pending, content: str, began: float, *, failed: bool) -> None:
        call, most = pending.call, self._config.longest
        if len(content) > most:
            content = f"{content[:most]} … (cut: {len(content)} characters in all)"
        content = content.encode("utf-8", "replace").decode()  # half a character can be sent nowhere
        pending.scope = None
        pending.result = ToolResult(call.id, call.name, content, failed)
        turn, draft, took = pending.turn, pending.draft, now() - began
        self._observe(ToolRan(turn, draft, call.id, call.name, call.arguments, content, failed, took))
        self._emit(ToolReturned(turn, draft, call.id, failed))
        pending.news()
        if pending.given_up and pending.effects and pending.begun:
            self._learn(pending.result)


def _refuses(tool: Tool, arguments: str) -> bool:
    try:
        return bool(tool.refused(arguments))
    except Exception:  # noqa: BLE001  # it waits like any other call, and fails when it is run
        return False


def _why(pending: Pending, error: BaseException) -> str:
    """Why there is no better result, for the brain to read."""
    late = pending.given_up or (pending.scope is not None and pending.scope.expired())
    if isinstance(error, TimeoutError) and late:
        return _late(pending)
    try:
        told = str(error)
    except Exception:  # noqa: BLE001  # an error that cannot even tell what it is
        told = ""
    return told if isinstance(error, ToolError) else f"It failed: {type(error).__name__}: {told}".rstrip(": ")


def _late(pending: Pending) -> str:
    assert pending.tool is not None, "only a tool takes time"
    if not pending.begun:
        return "It was not run: nobody confirmed it in time."
    done = " It may or may not have been done." if pending.effects else ""
    return f"It gave no answer within {pending.tool.timeout:g} s.{done}"
