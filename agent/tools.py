"""Python functions as tools: ``@function_tool`` on a typed function with a docstring.

What a brain writes is checked before the function sees it, and what the function gives back becomes text.
Nothing here decides when a tool may run.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import inspect
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, overload

from pipeline.calling import Tool
from pipeline.errors import UserError
from pipeline.prompt import ToolCall, ToolSpec
from pipeline.seal import is_sealed

from .tool_arguments import Arguments, documented

Confirm = Callable[[ToolCall], Awaitable[bool]]
"""Asked before a call is run: whoever answers for what it does says yes or no."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
DONE = "Done."
"""What a brain reads of a function that gives nothing back."""


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function that a brain may call. Called itself, it is the function that it was made of."""

    spec: ToolSpec
    function: Callable[..., Any]
    arguments: Arguments
    timeout: float = 10.0
    "Seconds that a call may take. A function that is not async goes on in its thread even after that."
    effects: bool = True
    "It may change something: it runs once, for a reply that will be heard. False: it only reads."
    confirm: Confirm | None = None
    narration: str | None = None
    "Said when a call takes long."

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def refused(self, arguments: str) -> str:
        """Why it cannot be called with this JSON text; "" where it can."""
        try:
            self.arguments.read(arguments)
        except ValueError as problem:
            return f"It was not run, the arguments cannot be used: {problem}."
        return ""

    async def run(self, arguments: str) -> str:
        """Call the function. One that is not async runs in a thread, in virtual time on the loop itself."""
        given = self.arguments.read(arguments)
        if inspect.iscoroutinefunction(self.function) or is_sealed():
            result = self.function(**given)
        else:
            result = await _in_thread(lambda: self.function(**given))
        return text_of(await result if inspect.isawaitable(result) else result)


@overload
def function_tool(function: Callable[..., Any], /) -> FunctionTool: ...


@overload
def function_tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float = 10.0,
    effects: bool = True,
    confirm: Confirm | None = None,
    narration: str | None = None,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...


def function_tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float = 10.0,
    effects: bool = True,
    confirm: Confirm | None = None,
    narration: str | None = None,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a tool of a typed function; its docstring says what it is for, and what its arguments mean.

    ``effects=False`` promises that it only reads: then it may be called for a reply that is not yet wanted,
    more than once. Raises UserError where a brain could not call it.
    """

    def made(function: Callable[..., Any]) -> FunctionTool:
        called = str(name or getattr(function, "__name__", ""))
        if not _NAME.fullmatch(called):
            raise UserError(
                f"a tool's name is up to 64 letters, digits, _ and -, not {called!r}: give it one with name="
            )
        if not 0 < timeout <= 600:
            raise UserError(f"the tool {called!r} may take more than 0 and up to 600 s, not {timeout:g}")
        told = description or documented(function)[0]
        if not told:
            raise UserError(
                f"the tool {called!r} has no docstring: say in one what it is for, the brain goes by that"
            )
        if confirm is not None and not effects:
            raise UserError(
                f"the tool {called!r} only reads, and may be called for replies that nobody is waiting for:"
                " whoever confirms would be asked for those too; leave out effects=False, or confirm"
            )
        arguments = Arguments.of(function, called)
        spec = ToolSpec(called, told, arguments.schema)
        return FunctionTool(spec, function, arguments, timeout, effects, confirm, narration)

    return made if function is None else made(function)


def as_tools(given: Iterable[Tool | Callable[..., Any]]) -> tuple[Tool, ...]:
    """Tools, plain typed functions among them made so. Raises UserError where two bear one name."""
    tools: dict[str, Tool] = {}
    for each in given:
        tool: Tool = function_tool(each) if not hasattr(each, "spec") else each  # type: ignore[assignment]
        if tool.spec.name in tools:
            raise UserError(f"two tools are called {tool.spec.name!r}: give one of them another name")
        tools[tool.spec.name] = tool
    return tuple(tools.values())


def text_of(result: Any) -> str:
    """What a function gave back, as a brain reads it: text as it is, all else as JSON."""
    if result is None:
        return DONE
    if isinstance(result, str):
        return result
    try:
        return json.dumps(result, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError):  # what was done is no failure, whatever it gave back
        return repr(result)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump_json") and not isinstance(value, type):
        return json.loads(value.model_dump_json())
    return str(value)


async def _in_thread(work: Callable[[], Any]) -> Any:
    """Run this in a thread of its own, which no closing waits for: a function that hangs holds nothing up."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: Exception | None) -> None:
        if future.done():
            return  # nobody waits any more
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def body() -> None:
        result: Any = None
        problem: Exception | None = None
        try:
            result = context.run(work)
        except StopIteration:
            problem = RuntimeError("it raised StopIteration")
        except Exception as error:  # noqa: BLE001  # it is raised again where the call is waited for
            problem = error
        except BaseException as error:  # noqa: BLE001  # sys.exit() in a tool ends the tool, nothing else
            problem = RuntimeError(f"it ended with {type(error).__name__} {error}".rstrip())
        with contextlib.suppress(RuntimeError):  # the loop is closed: the conversation is over
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=body, name="tool", daemon=True).start()
    return await future
