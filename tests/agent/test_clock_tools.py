"""A clock and timers to call: what they say, when they ring, and which brains are given them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from agent.clock_tools import AGAIN, LONGEST, MOST, ClockTools, length, offers
from agent.config import ToolsConfig
from agent.tools import function_tool
from model.scripted import FACTS
from pipeline.calling import ToolError
from pipeline.clock import now, simulate
from pipeline.errors import UserError


@dataclass
class Session:
    """Says at once, after it refused ``refuses`` times."""

    over: bool = False
    refuses: int = 0
    said: list[tuple[float, str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        if self.refuses:
            self.refuses -= 1
            raise UserError("too much waits already")
        self.said.append((now(), text))


def told(session: Session, *seconds: int, after: float = 1000.0, ends: float | None = None) -> Session:
    """Timers of so many seconds, all set at second 0; the session is over, or closed, at ``ends``."""

    async def main() -> Session:
        clock = ClockTools()
        clock.join(session)
        for each in seconds:
            assert await clock.tools[1].run(f'{{"seconds": {each}}}') == "done"
        if ends is not None:
            await asyncio.sleep(ends)
            clock.close()
        await asyncio.sleep(after)
        return session

    return simulate(main)


def test_the_clock_tells_the_time_on_a_24_hour_clock_and_may_be_read_ahead() -> None:
    clock, timer = ClockTools(lambda: datetime(2026, 3, 1, 16, 5).timestamp()).tools
    assert simulate(lambda: clock.run("{}")) == "16:05"
    assert (clock.spec.name, clock.effects, timer.spec.name, timer.effects) == ("clock", False, "timer", True)


def test_timers_ring_when_they_are_over_and_say_which() -> None:
    assert told(Session(), 90, 7).said == [
        (7.0, "Time is up: 7 seconds."), (90.0, "Time is up: 1 minute 30 seconds."),
    ]  # fmt: skip


def test_what_cannot_be_said_just_then_is_said_later() -> None:
    assert [at for at, _ in told(Session(refuses=3), 5).said] == [5.0 + 3 * AGAIN]


def test_a_timer_is_silent_once_the_session_is_over_or_closed() -> None:
    assert told(Session(over=True), 5).said == []
    assert told(Session(), 5, ends=4.0).said == []


@pytest.mark.parametrize("seconds", [0, -3, LONGEST + 1])
def test_a_timer_of_no_length_is_refused(seconds: int) -> None:
    with pytest.raises(ToolError, match=f"between 1 and {LONGEST}"):
        told(Session(), seconds)


def test_a_tool_of_a_server_goes_before_one_of_the_same_name() -> None:
    @function_tool(effects=False)
    async def clock() -> str:
        """Tell the time in Tokyo."""
        return "far away"

    ours = ClockTools()
    assert ours.beside([clock]) == (clock, ours.tools[1]) and ours.beside(()) == ours.tools


def test_there_are_only_so_many_timers_at_one_time() -> None:
    with pytest.raises(ToolError, match="already"):
        told(Session(), *[100] * (MOST + 1))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (60, "1 minute"), (3600, "1 hour"), (7325, "2 hours 2 minutes 5 seconds")],
)
def test_lengths_in_words(seconds: int, words: str) -> None:
    assert length(seconds) == words


@pytest.mark.parametrize(
    ("tools", "continues", "given"),
    [
        ("alone", True, True), ("no", True, False), ("native", True, False), ("native", False, True),
        ("text", False, True),
    ],
)  # fmt: skip
def test_by_itself_a_brain_is_given_them_where_it_loses_no_speed(
    tools: str, continues: bool, given: bool
) -> None:
    facts = replace(FACTS, tools=tools, continues=continues)
    assert offers(ToolsConfig(), facts) is given
    assert offers(ToolsConfig(clock="on"), facts) and not offers(ToolsConfig(clock="off"), facts)


def test_other_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="auto, on or off"):
        ToolsConfig(clock="yes")
