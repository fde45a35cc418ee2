"""The tools' stage: each call once, every failure a result that the brain can read, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.calling import UNDER_WAY, Pending, Step, ToolError, remembered
from pipeline.calls import Wanted
from pipeline.clock import now, simulate
from pipeline.errors import ConfigError
from pipeline.events import Draft, Fact, RunTool, ToolCalled, ToolReturned, Turn
from pipeline.prompt import ToolCall, ToolResult, ToolSpec
from pipeline.records import ToolRan
from pipeline.tools import Tools, ToolsConfig

TURN, DRAFT = Turn(1), Draft(1)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@dataclass(eq=False)
class Clockwork:
    """A tool that takes a while, and notes when it was run."""

    name: str = "look"
    effects: bool = False
    takes: float = 0.1
    timeout: float = 1.0
    gives: str = "seen"
    raises: BaseException | None = None
    allows: bool | None = None
    thinks: float = 0.0
    "Seconds that whoever confirms takes."
    narration: str | None = None
    begun: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, "Does.", "{}")

    @property
    def confirm(self) -> Callable[[ToolCall], Awaitable[bool]] | None:
        return None if self.allows is None else self._confirm

    async def _confirm(self, _call: ToolCall) -> bool:
        await asyncio.sleep(self.thinks)
        return bool(self.allows)

    def refused(self, arguments: str) -> str:
        return "" if arguments == "{}" else "cannot be taken"

    async def run(self, arguments: str) -> str:
        self.begun.append(now())
        await asyncio.sleep(self.takes)
        if self.raises is not None:
            raise self.raises
        self.ended.append(now())
        return self.gives


@dataclass
class Stage:
    tools: Tools
    facts: list[Fact]
    ran: list[ToolRan]
    learned: list[ToolResult]
    woken: list[float]

    def ask(self, name: str = "look", arguments: str = "{}") -> Pending:
        return self.tools.ask(TURN, DRAFT, Wanted(name, arguments), lambda: self.woken.append(now()))

    def start(self, pending: Pending) -> None:
        self.tools.start(RunTool(TURN, DRAFT, pending.call.id))

    async def result(self, name: str = "look", arguments: str = "{}", wait: float = 40.0) -> ToolResult:
        pending = self.ask(name, arguments)
        self.start(pending)
        await asyncio.sleep(wait)
        assert pending.result is not None
        return pending.result


def during(
    scene: Callable[[Stage], Awaitable[None]], *tools: Clockwork, config: ToolsConfig | None = None
) -> Stage:
    async def main() -> Stage:
        facts, ran, learned = list[Fact](), list[ToolRan](), list[ToolResult]()
        stage = Stage(Tools(tools, facts.append, ran.append, learned.append, config), facts, ran, learned, [])
        lanes = asyncio.get_running_loop().create_task(stage.tools.run())
        await scene(stage)
        lanes.cancel()
        await asyncio.gather(lanes, return_exceptions=True)
        return stage

    return simulate(main)


def test_a_call_is_told_run_when_ordered_and_its_result_told() -> None:
    look = Clockwork()

    async def scene(stage: Stage) -> None:
        pending = stage.ask()
        await asyncio.sleep(1)
        assert not look.begun
        stage.start(pending)
        await asyncio.sleep(1)
        assert pending.result == ToolResult("call-1", "look", "seen")

    stage = during(scene, look)
    assert stage.facts == [
        ToolCalled(TURN, DRAFT, "call-1", effects=False, within=1.0), ToolReturned(TURN, DRAFT, "call-1")
    ]  # fmt: skip
    assert [(ran.name, ran.content, ran.failed, round(ran.seconds, 3)) for ran in stage.ran] == [
        ("look", "seen", False, 0.1)
    ]
    assert stage.woken == [1.1]


def test_a_call_that_is_ordered_twice_runs_once() -> None:
    look = Clockwork(effects=True)

    async def scene(stage: Stage) -> None:
        pending = stage.ask()
        for _ in range(3):
            stage.start(pending)
            await asyncio.sleep(0.3)

    during(scene, look)
    assert len(look.begun) == 1


def test_calls_run_side_by_side_and_names_are_never_used_again() -> None:
    look = Clockwork()

    async def scene(stage: Stage) -> None:
        calls = [stage.ask() for _ in range(4)]
        for pending in calls:
            stage.start(pending)
        await asyncio.sleep(0.15)
        assert all(pending.result for pending in calls)
        assert len({pending.call.id for pending in calls}) == 4

    during(scene, look)


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        (Clockwork(), "[1]", "cannot be taken"),
        (Clockwork(raises=KeyError("gone")), "{}", "KeyError: 'gone'"),
        (Clockwork(raises=Unspeakable()), "{}", "It failed: Unspeakable"),
        (Clockwork(raises=asyncio.CancelledError()), "{}", "It failed: CancelledError"),
        (Clockwork(raises=TimeoutError("the socket")), "{}", "It failed: TimeoutError: the socket"),
        (Clockwork(raises=ToolError("half \ud800 a sign")), "{}", "half ? a sign"),
        (Clockwork(takes=2.0), "{}", "no answer within 1 s."),
        (Clockwork(takes=2.0, effects=True), "{}", "may or may not have been done"),
        (Clockwork(allows=False), "{}", "said no"),
        (Clockwork(allows=True, thinks=31.0), "{}", "nobody confirmed"),
        (Clockwork(name="other"), "{}", "no tool 'look'. There are: other."),
    ],
)
def test_whatever_goes_wrong_is_a_failed_result_in_words(tool: Clockwork, arguments: str, says: str) -> None:
    async def scene(stage: Stage) -> None:
        result = await stage.result(arguments=arguments)
        assert result.failed
        assert says in result.content

    stage = during(scene, tool)
    assert stage.facts[-1] == ToolReturned(TURN, DRAFT, "call-1", failed=True)


def test_a_tool_that_fails_in_any_way_leaves_its_lane_to_the_next_call() -> None:
    tool = Clockwork(raises=asyncio.CancelledError())

    async def scene(stage: Stage) -> None:
        for _ in range(3):
            await stage.result(wait=1.0)
        tool.raises = None
        assert (await stage.result(wait=1.0)).content == "seen"

    during(scene, tool, config=ToolsConfig(lanes=1))


def test_a_tool_that_cannot_tell_whether_it_takes_arguments_waits_and_fails_when_it_is_run() -> None:
    class Odd(Clockwork):
        def refused(self, arguments: str) -> str:
            raise RecursionError(arguments)

    async def scene(stage: Stage) -> None:
        assert stage.ask().effects
        assert "RecursionError" in (await stage.result()).content

    during(scene, Odd(effects=True))


def test_a_result_that_is_no_text_is_made_text() -> None:
    class Odd(Clockwork):
        async def run(self, arguments: str) -> Any:
            return 42

    async def scene(stage: Stage) -> None:
        assert (await stage.result()).content == "42"

    during(scene, Odd())


def test_a_call_that_cannot_be_run_has_no_effects_and_need_not_wait_for_a_commit() -> None:
    async def scene(stage: Stage) -> None:
        assert not stage.ask(arguments="nonsense").effects
        assert not stage.ask("unknown").effects
        assert stage.ask().effects

    during(scene, Clockwork(effects=True))


def test_what_is_confirmed_is_run_and_its_time_counts_from_then() -> None:
    tool = Clockwork(allows=True, thinks=20.0, takes=0.9)

    async def scene(stage: Stage) -> None:
        assert not (await stage.result()).failed

    stage = during(scene, tool)
    assert tool.begun == [20.0]
    assert stage.facts[0] == ToolCalled(TURN, DRAFT, "call-1", effects=False, within=31.0)


def test_a_long_result_is_cut_and_says_so() -> None:
    async def scene(stage: Stage) -> None:
        content = (await stage.result()).content
        assert content == "x" * 100 + " … (cut: 500 characters in all)"

    during(scene, Clockwork(gives="x" * 500), config=ToolsConfig(longest=100))


def test_a_given_up_call_that_only_reads_is_cut_off_and_one_not_begun_never_runs() -> None:
    look = Clockwork(takes=0.9)

    async def scene(stage: Stage) -> None:
        running, waiting = stage.ask(), stage.ask()
        stage.start(running)
        await asyncio.sleep(0.1)
        for pending in (running, waiting):
            pending.abandon()
        stage.start(waiting)
        await asyncio.sleep(2)

    stage = during(scene, look)
    assert (len(look.begun), look.ended) == (1, [])
    assert not stage.learned


def test_an_effect_that_was_begun_comes_to_its_end_and_is_learned_later() -> None:
    act = Clockwork(effects=True, takes=0.9)

    async def scene(stage: Stage) -> None:
        pending = stage.ask()
        stage.start(pending)
        await asyncio.sleep(0.1)
        pending.abandon()
        await asyncio.sleep(2)

    stage = during(scene, act)
    assert act.ended == [0.9]
    assert stage.learned == [ToolResult("call-1", "look", "seen")]


def test_an_effect_that_waits_to_be_confirmed_is_never_begun_once_nobody_wants_it() -> None:
    act = Clockwork(effects=True, allows=True, thinks=0.5)

    async def scene(stage: Stage) -> None:
        pending = stage.ask()
        stage.start(pending)
        await asyncio.sleep(0.1)
        pending.abandon()
        await asyncio.sleep(2)

    during(scene, act)
    assert not act.begun


def test_other_tools_take_over_and_calls_of_the_old_ones_end() -> None:
    look, other = Clockwork(), Clockwork(name="other")

    async def scene(stage: Stage) -> None:
        pending = stage.ask()
        stage.tools.suit([other])
        assert [spec.name for spec in stage.tools.specs] == ["other"]
        stage.start(pending)
        await asyncio.sleep(1)
        assert pending.result == ToolResult("call-1", "look", "seen")

    during(scene, look)


def test_more_calls_than_may_wait_fail_and_end_nothing() -> None:
    async def scene(stage: Stage) -> None:
        calls = [stage.ask() for _ in range(80)]
        for pending in calls:
            stage.start(pending)
        await asyncio.sleep(5)
        assert all(pending.result for pending in calls)
        assert sum(pending.result.failed for pending in calls if pending.result) == 16

    during(scene, Clockwork())


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="lanes 0"):
        ToolsConfig(lanes=0)


def step(words: int, *calls: tuple[str, bool, bool, str | None]) -> Step:
    """(id, effects, begun, content) of each call."""
    found = Step("as said", words)
    for name, effects, begun, content in calls:
        pending = Pending(TURN, DRAFT, ToolCall(name, "t", "{}"), None, effects, lambda: None, begun=begun)
        pending.result = None if content is None else ToolResult(name, "t", content)
        found.calls.append(pending)
    return found


def test_the_history_keeps_what_ran_with_the_words_heard_before_each_step() -> None:
    steps = [
        step(2, ("a", False, True, "1"), ("never run", True, False, None)),
        step(2, ("cut off", False, True, None)),
        step(5, ("under way", True, True, None)),
    ]
    kept = remembered(steps, "one two three")
    assert [(each.said, [call.id for call in each.calls]) for each in kept] == [
        ("one two", ["a"]), ("three", ["under way"])
    ]  # fmt: skip
    assert kept[1].results[0].content == UNDER_WAY
    assert kept[0].results[0].content == "1"
