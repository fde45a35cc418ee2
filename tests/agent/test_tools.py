"""Functions as tools: what a brain is told of them, what it may write, and what it gets back."""

from __future__ import annotations

import asyncio
import datetime
import functools
import json
import sys
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import pytest

from agent.tools import DONE, FunctionTool, as_tools, function_tool, text_of
from pipeline.clock import run, simulate
from pipeline.errors import UserError
from pipeline.prompt import ToolCall


class Unit(Enum):
    METRIC = "metric"
    US = "us"


@function_tool(effects=False)
async def weather(
    city: str,
    days: int = 1,
    unit: Unit | None = None,
    detail: Literal["short", "long"] = "short",
    places: list[str] = [],  # noqa: B006  # a user may well write it
    more: Annotated[dict[str, float], "Anything else."] = {},  # noqa: B006
) -> str:
    """Tells the weather of a city,
    today and later.

    It asks a service.

    Args:
        city: Where.
        days (int): How many days,
            at most ten.

    Returns:
        A sentence: in English.
    """
    return f"{city} {days} {unit} {detail} {places} {more}"


def schema(tool: FunctionTool) -> Any:
    return json.loads(tool.spec.parameters)


def call(tool: FunctionTool, arguments: str = "{}") -> str:
    return simulate(lambda: tool.run(arguments))


def test_a_brain_is_told_the_docstrings_summary_and_each_arguments_type_and_meaning() -> None:
    assert (weather.spec.name, weather.effects) == ("weather", False)
    assert weather.spec.description == "Tells the weather of a city, today and later."
    properties = schema(weather)["properties"]
    assert properties["city"] == {"type": "string", "description": "Where."}
    assert properties["days"] == {
        "type": "integer", "default": 1, "description": "How many days, at most ten."
    }  # fmt: skip
    assert properties["unit"] == {"anyOf": [{"enum": ["metric", "us"]}, {"type": "null"}]}
    assert properties["detail"]["enum"] == ["short", "long"]
    assert properties["places"] == {"type": "array", "items": {"type": "string"}}
    assert properties["more"]["description"] == "Anything else."
    assert schema(weather)["required"] == ["city"]


def test_a_sphinx_docstring_says_the_same() -> None:
    def add(a: int, b: int) -> int:
        """Adds.

        :param a: The first.
        :param int b: The second,
            and last.
        :returns: a: the sum
        """
        return a + b

    properties = schema(function_tool(add))["properties"]
    assert [properties[each]["description"] for each in "ab"] == ["The first.", "The second, and last."]


def test_what_the_brain_writes_reaches_the_function_as_its_types() -> None:
    written = '{"city": "Köln", "days": 2.0, "unit": "us", "places": ["a"], "more": {"x": 1}}'
    assert call(weather, written) == "Köln 2 Unit.US short ['a'] {'x': 1.0}"
    assert weather.refused(written) == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("{", "no JSON"),
        ('["Köln"]', "one JSON object"),
        ("{}", "city missing"),
        ('{"city": "x", "town": "y"}', "town unknown"),
        ('{"city": 5}', "city must be a string, not 5"),
        ('{"city": "x", "days": "2"}', "days must be an integer, not '2'"),
        ('{"city": "x", "days": true}', "days must be an integer, not True"),
        ('{"city": "x", "detail": "huge"}', "one of 'short', 'long'"),
        ('{"city": "x", "places": ["a", 1]}', r"places\[1\] must be a string"),
        ('{"city": "x", "more": {"k": "v"}}', "more.k must be a number"),
        ('{"city": "x", "unit": "feet"}', "'metric', 'us'.*or.*null"),
    ],
)
def test_what_cannot_be_taken_is_told_in_words_and_the_function_never_sees_it(
    arguments: str, why: str
) -> None:
    import re

    assert re.search(why, weather.refused(arguments)), weather.refused(arguments)


@dataclass
class Place:
    name: str
    when: datetime.date


def test_types_beyond_the_plain_ones_are_read_by_pydantic() -> None:
    pytest.importorskip("pydantic")

    @function_tool
    def visit(place: Place, on: list[datetime.date]) -> str:
        """Visits."""
        return f"{place.name} {place.when.year} {on[0].month}"

    written = '{"place": {"name": "Rom", "when": "2026-01-02"}, "on": ["2025-03-04"]}'
    assert call(visit, written) == "Rom 2026 3"
    assert "place.when" in visit.refused('{"place": {"name": "Rom", "when": "soon"}, "on": []}')
    assert schema(visit)["properties"]["on"]["items"]["format"] == "date"


def test_definitions_of_nested_types_stand_where_references_look_for_them() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Leaf(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        value: int

    class Tree(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        leaves: list[Leaf]

    def grow(tree: Tree) -> None:
        """Grows."""

    grow.__annotations__["tree"] = Tree
    told = schema(function_tool(grow))
    assert told["properties"]["tree"]["properties"]["leaves"]["items"] == {"$ref": "#/$defs/Leaf"}
    assert "Leaf" in told["$defs"]


def test_without_pydantic_other_types_are_refused_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydantic", None)

    def visit(place: Place) -> None:
        """Visits."""

    with pytest.raises(UserError, match=r"hocket\[tools\]"):
        function_tool(visit)


def _untyped(x) -> None:  # type: ignore[no-untyped-def]
    """Does."""


def _many(*x: int) -> None:
    """Does."""


def _silent(x: int) -> None:
    pass


class Owner:
    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int) -> int:
        """Adds to what is owned."""
        self.count += more
        return self.count


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (_untyped, "no type: annotate"),
        (_many, "by name"),
        (_silent, "no docstring"),
        (lambda: None, "a tool's name"),
        (Owner.add, "bound method"),
    ],
)
def test_a_function_that_no_brain_could_call_is_refused_at_once(function: Any, why: str) -> None:
    with pytest.raises(UserError, match=why):
        function_tool(function)


def test_a_timeout_must_be_some_time() -> None:
    with pytest.raises(UserError, match="600"):
        function_tool(timeout=0)(Owner().add)


def test_bound_methods_and_partials_are_functions_too() -> None:
    owner = Owner()
    assert call(function_tool(owner.add), '{"more": 2}') == "2"
    tool = function_tool(name="add", description="Adds.")(functools.partial(Owner.add, owner))
    assert call(tool, '{"more": 3}') == "5"


def test_a_tool_called_by_its_owner_is_still_the_function() -> None:
    assert function_tool(Owner().add)(4) == 4


def test_plain_functions_are_made_tools_that_may_have_effects_and_names_are_used_once() -> None:
    tools = as_tools([weather, Owner().add])
    assert [(tool.spec.name, tool.effects) for tool in tools] == [("weather", False), ("add", True)]
    with pytest.raises(UserError, match="two tools are called 'weather'"):
        as_tools([weather, weather])


def test_results_become_text() -> None:
    assert text_of(None) == DONE
    assert text_of("as it is") == "as it is"
    assert text_of({"ü": [1, None, Unit.US]}) == '{"ü": [1, null, "Unit.US"]}'
    assert json.loads(text_of(Place("Rom", datetime.date(2026, 1, 2)))) == {
        "name": "Rom", "when": "2026-01-02"
    }  # fmt: skip


def test_what_no_json_can_hold_is_a_result_all_the_same() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert text_of({(1, 2): 3}) == "{(1, 2): 3}"
    assert text_of(endless) == "[[...]]"


@pytest.mark.parametrize(
    "arguments", ["[" * 19_000, '{"number":' * 1_900, '{"number": 1' + "0" * 400 + "}", '{"number": NaN}']
)
def test_arguments_that_no_python_can_hold_are_refused_in_words(arguments: str) -> None:
    @function_tool(effects=False)
    def half(number: float) -> float:
        """Halves it."""
        return number / 2

    assert half.refused(arguments).startswith("It was not run, the arguments cannot be used: ")


def test_whoever_confirms_is_not_asked_for_a_reply_that_nobody_waits_for() -> None:
    async def yes(_call: ToolCall) -> bool:
        return True

    def look() -> None:
        """Looks."""

    with pytest.raises(UserError, match="leave out effects=False, or confirm"):
        function_tool(effects=False, confirm=yes)(look)
    assert function_tool(confirm=yes)(look).confirm is yes


def test_a_function_that_ends_the_program_ends_its_call_alone() -> None:
    @function_tool
    def leave() -> None:
        """Leaves."""
        sys.exit(3)

    async def main() -> None:
        async with asyncio.timeout(5):
            with pytest.raises(RuntimeError, match="SystemExit 3"):
                await leave.run("{}")

    run(main)


def test_a_function_that_is_not_async_runs_in_a_thread_and_what_it_raises_comes_back() -> None:
    seen: list[str] = []

    @function_tool
    def look(fail: bool) -> str:
        """Looks."""
        seen.append(threading.current_thread().name)
        if fail:
            raise KeyError("gone")
        return "seen"

    async def main() -> str:
        with pytest.raises(KeyError):
            await look.run('{"fail": true}')
        return await look.run('{"fail": false}')

    assert run(main) == "seen"
    assert seen == ["tool", "tool"]


def test_a_function_that_hangs_holds_no_closing_up() -> None:
    release = threading.Event()

    @function_tool
    def hang() -> None:
        """Hangs."""
        release.wait(30)

    async def main() -> None:  # a real loop: threads have no virtual time
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await hang.run("{}")

    run(main)
    release.set()


def test_of_a_partial_the_functions_own_docstring_counts() -> None:
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    assert function_tool(name="add_one")(functools.partial(add, b=1)).spec.description == "Adds."
