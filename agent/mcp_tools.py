"""Tools of MCP servers (Model Context Protocol): a program that is started, or an address that is called.

What a server says only reads is believed; everything else counts as having effects. A server that is slow,
wrong or gone gives failed results, and never ends a conversation. Needs the ``mcp`` package.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from pipeline.calling import ToolError
from pipeline.errors import HocketError, PeerError, UserError
from pipeline.prompt import ToolSpec

from .tool_arguments import canonical
from .tools import Confirm

_PAGES = 50
"""Most pages of tools that a server is asked for."""
_NAME = re.compile(r"[^A-Za-z0-9_-]")
_SECRET = re.compile(r"key|token|secret|passw|auth|bearer|credential", re.IGNORECASE)
"In the name of an option or a variable: what follows is not for anybody's eyes."


@dataclass(frozen=True, slots=True, repr=False)
class McpServer:
    """Where a server is, and how it is used: either ``command`` or ``url``. Shown without its secrets."""

    command: tuple[str, ...] = ()
    "A program and its arguments; it is started, and spoken to over its standard input and output."
    url: str = ""
    "An address that speaks streamable HTTP, such as ``http://127.0.0.1:8000/mcp``."
    env: Mapping[str, str] = field(default_factory=dict)
    "For the program, beside a few harmless variables of ours."
    headers: Mapping[str, str] = field(default_factory=dict)
    "Sent with every request to the address, such as ``Authorization``."
    prefix: str = ""
    "Put before the name of each tool, so that two servers may have one of the same name."
    only: tuple[str, ...] = ()
    "The tools to take, by the server's names for them; empty: all."
    connect: float = 10.0
    "Seconds to start it, greet it and list its tools."
    timeout: float = 30.0
    "Seconds that a call may take."
    confirm: Confirm | None = None
    "Asked before a call that has effects."

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise UserError("an MCP server is either a command or a url: give one of them")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise UserError(f"an MCP server's url begins with http:// or https://, not {self.url[:8]!r}")
        try:
            urlsplit(self.url)
        except ValueError as error:
            raise UserError(f"an MCP server's url cannot be read: {error}") from None
        if self.connect <= 0 or self.timeout <= 0:
            raise UserError("an MCP server's connect and timeout are seconds above 0")

    @classmethod
    def of(cls, given: McpServer | str) -> McpServer:
        """A text with an address is a url, any other a command line."""
        if isinstance(given, McpServer):
            return given
        if given.startswith(("http://", "https://")):
            return cls(url=given)
        return cls(command=_words(given, windows=os.name == "nt"))

    @property
    def name(self) -> str:
        """For people: without passwords, queries and the values of options that are secret by their name."""
        if self.url:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        shown, secret = list[str](), False
        for word in self.command:
            option, equals, _ = word.partition("=")
            named = _SECRET.search(option) is not None
            shown.append("…" if secret else f"{option}=…" if equals and named else shlex.quote(word))
            secret = word.startswith("-") and named and not equals
        return " ".join(shown)

    def __repr__(self) -> str:
        return f"McpServer({self.name})"

    def hidden(self, text: str) -> str:
        """A text that may hold the address, or a secret of ours, without it."""
        text = text.replace(self.url, self.name) if self.url else text
        words = [word for value in (*self.headers.values(), *self.env.values()) for word in value.split()]
        for word in sorted((word for word in words if len(word) >= 8), key=len, reverse=True):
            text = text.replace(word, "…")
        return text


@dataclass(frozen=True, slots=True, eq=False)
class McpTool:
    """One tool of a server."""

    spec: ToolSpec
    effects: bool
    "The server did not say that it only reads."
    server: McpServer
    called: str
    "The server's own name for it."
    client: Any = field(repr=False)
    narration: str | None = None

    @property
    def timeout(self) -> float:
        return self.server.timeout

    @property
    def confirm(self) -> Confirm | None:
        return self.server.confirm if self.effects else None

    def refused(self, arguments: str) -> str:
        """Why it cannot be called with this JSON text; "" where it can."""
        try:
            given = json.loads(arguments)
        except (ValueError, RecursionError) as error:
            return f"It was not run, the arguments are no JSON ({error})."
        if not isinstance(given, dict):
            return "It was not run, the arguments must be one JSON object."
        return _misfit(given, json.loads(self.spec.parameters))

    async def run(self, arguments: str) -> str:
        """Call it. Raises ToolError with what the server says went wrong, or that it is gone."""
        try:
            result = await self.client.call_tool(
                self.called, json.loads(arguments), read_timeout_seconds=self.server.timeout
            )
        except Exception as error:
            done = " It may or may not have been done." if self.effects else ""
            why = self.server.hidden(_first(error))
            raise ToolError(f"The server of this tool did not answer: {why}.{done}") from error
        text = text_of(result)
        if result.is_error:
            raise ToolError(text or "The tool failed and did not say why.")
        return text


@contextlib.asynccontextmanager
async def mcp_tools(server: McpServer | str) -> AsyncIterator[tuple[McpTool, ...]]:
    """The server's tools, for as long as it is open.

    Raises UserError where ``mcp`` is not installed or a wanted tool is not there, PeerError where the server
    cannot be reached or does not answer in time.
    """
    where = McpServer.of(server)
    problem: BaseException | None = None
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        ready, leave = asyncio.get_running_loop().create_future(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            holding, there = group.create_task(_hold(where, told, ready, leave)), False
            try:
                tools = await ready
                there = True
                yield tools
            except BaseException as error:  # noqa: BLE001  # raised below, as it is and not in a group
                problem = error
            if there:
                leave.set()
            else:
                holding.cancel()
    if problem is not None:
        raise problem


async def _hold(
    where: McpServer, told: IO[str], ready: asyncio.Future[tuple[McpTool, ...]], leave: asyncio.Event
) -> None:
    """Keep the server open until it is left, in a task of its own: a connection that breaks cancels whoever
    opened it, and that must not be the conversation. Raises nothing but that."""
    stack = contextlib.AsyncExitStack()
    problem: HocketError | None = None
    try:
        client = await _opened(where, told, stack)
        tools = await _listed(client, where, told)
        if not ready.done():
            ready.set_result(tools)
        await leave.wait()
    except HocketError as error:
        problem = error
    finally:
        with contextlib.suppress(Exception):  # a server that is gone cannot be left politely
            await stack.aclose()
        if not ready.done():
            ready.set_exception(problem or PeerError(_unreached(where, "it went away", told)))


async def _opened(where: McpServer, told: IO[str], stack: contextlib.AsyncExitStack) -> Any:
    """A client that has greeted the server; ``stack`` closes what belongs to it."""
    client, carrier = _client(where, told)
    try:
        async with asyncio.timeout(where.connect):
            if carrier is not None:
                await stack.enter_async_context(carrier)
            return await stack.enter_async_context(client)
    except TimeoutError:
        why = f"no answer within {where.connect:g} s (where it starts slowly, connect= gives it longer)"
        raise PeerError(_unreached(where, why, told)) from None
    except Exception as error:
        raise PeerError(_unreached(where, _first(error), told)) from error


async def _listed(client: Any, where: McpServer, told: IO[str]) -> tuple[McpTool, ...]:
    """Every tool that the server tells of, as far as it is wanted."""
    found, cursor = dict[str, Any](), None
    try:
        async with asyncio.timeout(where.connect):
            for _ in range(_PAGES):
                page = await client.list_tools(cursor=cursor)
                for tool in page.tools:
                    found.setdefault(tool.name, tool)  # a page may come twice
                cursor = page.next_cursor
                if not cursor:
                    break
    except TimeoutError:
        raise PeerError(_unreached(where, f"no list of tools within {where.connect:g} s", told)) from None
    except Exception as error:
        raise PeerError(_unreached(where, _first(error), told)) from error
    missing = [name for name in where.only if name not in found]
    if missing:
        there = ", ".join(sorted(found)) or "none"
        raise UserError(f"{where.name} has no tool {', '.join(missing)}; it has: {there}")
    tools = dict[str, McpTool]()
    for tool in found.values():
        if not where.only or tool.name in where.only:
            name = _free(_NAME.sub("_", where.prefix + tool.name) or "tool", tools)
            tools[name] = _tool(client, where, tool, name)
    return tuple(tools.values())


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name, cut to what brains take; numbered where another tool has become the same."""
    free, number = name[:64], 1
    while free in taken:
        number += 1
        free = f"{name[: 63 - len(str(number))]}_{number}"
    return free


def _tool(client: Any, where: McpServer, tool: Any, name: str) -> McpTool:
    reads = tool.annotations is not None and tool.annotations.read_only_hint is True
    told = " ".join((tool.description or tool.title or tool.name).split())
    spec = ToolSpec(name, told, canonical(tool.input_schema))
    return McpTool(spec, not reads, where, tool.name, client)


def _client(where: McpServer, told: IO[str]) -> tuple[Any, Any]:
    """A client that is not open yet, and what carries it where that is ours to close.

    What the program says on its standard error goes into ``told``.
    """
    try:
        mcp = importlib.import_module("mcp")
        http = importlib.import_module("mcp.client.streamable_http")
        stdio = importlib.import_module("mcp.client.stdio")
    except ImportError as error:
        raise UserError(f"MCP servers need the mcp package: install hocket[tools] ({error})") from None
    if not hasattr(mcp, "Client"):
        raise UserError("MCP servers need the mcp package from version 2 on: install hocket[tools]")
    if where.command:
        program, *arguments = where.command
        settings = mcp.StdioServerParameters(command=program, args=arguments, env=dict(where.env) or None)
        return mcp.Client(stdio.stdio_client(settings, errlog=told)), None
    if not where.headers:
        return mcp.Client(where.url), None
    carrier = http.create_mcp_http_client(headers=dict(where.headers))
    return mcp.Client(http.streamable_http_client(where.url, http_client=carrier)), carrier


def _words(line: str, *, windows: bool) -> tuple[str, ...]:
    """A command line's words; on Windows a backslash is part of a path."""
    try:
        words = shlex.split(line, posix=not windows)
    except ValueError as error:
        raise UserError(f"this MCP command line cannot be read ({error}): close every quote") from None
    quoted = [windows and len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" for word in words]
    return tuple(word[1:-1] if inside else word for word, inside in zip(words, quoted, strict=True))


def text_of(result: Any) -> str:
    """What a call gave back, as a brain reads it; what is no text is named by its kind."""
    parts = []
    for part in result.content:
        text = getattr(getattr(part, "resource", part), "text", None)
        kind = getattr(part, "mime_type", None) or getattr(part, "type", "something")
        parts.append(text if isinstance(text, str) else f"({kind}, which cannot be told in words)")
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts)


def _misfit(given: dict[str, Any], schema: dict[str, Any]) -> str:
    """Why arguments do not fit their schema; "" where they do, or where nothing here can tell."""
    try:
        jsonschema = importlib.import_module("jsonschema")
        nowhere = importlib.import_module("referencing").Registry()  # what is elsewhere is not fetched
    except ImportError:
        return ""  # then the server tells
    try:
        kind = jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        error = jsonschema.exceptions.best_match(kind(schema, registry=nowhere).iter_errors(given))
    except Exception:  # noqa: BLE001  # the server's own schema is wrong: it may know better what it takes
        return ""
    if error is None:
        return ""
    where = ".".join(map(str, error.absolute_path))
    told = f"{where}: {error.message}" if where else error.message
    return f"It was not run, the arguments cannot be used: {told}."


def _unreached(where: McpServer, why: str, told: IO[str]) -> str:
    told.seek(0)
    lines = [line.strip() for line in told.read()[-4000:].splitlines() if line.strip()]
    said = f'; it said: "{lines[-1][:200]}"' if lines else ""
    return f"the MCP server {where.name} cannot be used: {where.hidden(why + said)}"


def _first(error: BaseException) -> str:
    """The innermost reason, in one line."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    text = str(error).partition("\n")[0]
    return text if isinstance(error, HocketError) else f"{type(error).__name__}: {text}".rstrip(": ")
