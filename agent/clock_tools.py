"""A clock and a timer to call, for one session: what a brain cannot know, and what it must not forget.

A timer that ends is told aloud when the floor is free; one that is not over when the session ends is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from agent.config import ToolsConfig
from agent.tools import FunctionTool, function_tool
from pipeline.calling import Tool, ToolError
from pipeline.clock import epoch
from pipeline.errors import UserError
from pipeline.ports import BrainFacts

LONGEST = 24 * 3600
"""Seconds of a timer, at most."""
MOST = 20
"""Timers of one session."""
AGAIN = 1.0
"""Seconds after which a timer is told once more where nothing more could be said just then."""


class Says(Protocol):
    """The session."""

    @property
    def over(self) -> bool: ...

    def say(self, text: str) -> object: ...


def offers(config: ToolsConfig, facts: BrainFacts) -> bool:
    """Whether this brain is given the two: by itself only where it goes on thinking while it speaks."""
    if config.clock == "auto":
        return facts.tools == "alone" or (facts.tools != "no" and not (facts.thinks and facts.continues))
    return config.clock == "on"


class ClockTools:
    """``tools`` are for the brain; ``join`` the session before they are called."""

    def __init__(self, told: Callable[[], float] = epoch) -> None:
        """``told``: seconds since 1970; the time of day is that where this program runs."""

        @function_tool(effects=False)
        def clock() -> str:
            """Tell the time of day, on a 24-hour clock."""
            return f"{datetime.fromtimestamp(told()):%H:%M}"

        @function_tool
        async def timer(seconds: int) -> str:
            """Set a timer; when it ends, the user is told.

            Args:
                seconds: From now until it ends.
            """
            return self._set(seconds)

        self.tools: tuple[FunctionTool, FunctionTool] = (clock, timer)
        self._session: Says | None = None
        self._due: set[asyncio.TimerHandle] = set()

    def beside(self, others: Sequence[Tool]) -> tuple[Tool, ...]:
        """Those of a server and these two; where a server has one of the same name, it is the server's."""
        taken = {tool.spec.name for tool in others}
        return (*others, *(tool for tool in self.tools if tool.spec.name not in taken))

    def join(self, session: Says) -> None:
        """This session tells what ends."""
        self._session = session

    def close(self) -> None:
        """No timer rings any more."""
        for handle in self._due:
            handle.cancel()
        self._due.clear()

    def _set(self, seconds: int) -> str:
        if not 1 <= seconds <= LONGEST:
            raise ToolError(f"A timer lasts between 1 and {LONGEST} seconds.")
        if len(self._due) >= MOST:
            raise ToolError(f"There are {MOST} timers already.")
        self._in(seconds, f"Time is up: {length(seconds)}.")
        return "done"

    def _in(self, seconds: float, text: str) -> None:
        def ring() -> None:
            self._due.discard(handle)
            if self._session is None or self._session.over:
                return
            try:
                self._session.say(text)
            except UserError:  # more waits to be said than may wait
                self._in(AGAIN, text)

        handle = asyncio.get_running_loop().call_later(seconds, ring)
        self._due.add(handle)


def length(seconds: int) -> str:
    """A length of time in words: "1 hour 5 minutes"."""
    minutes, left = divmod(seconds, 60)
    counted = ((minutes // 60, "hour"), (minutes % 60, "minute"), (left, "second"))
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in counted if count)
