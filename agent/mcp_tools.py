"""Tools of MCP servers (Model Context Protocol): a program that is started, or an address that is called.

What a server says only reads is believed; everything else counts as having effects. A server that is slow,
wrong or gone gives failed results, and never ends a conversation. Needs the ``mcp`` package.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import re
import shlex
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from pipeline.calling import ToolError
from pipeline.errors import HocketError, PeerError, UserError
from pipeline.prompt import ToolSpec

from .tool_arguments import canonical
from .tools import Confirm

_PAGES = 50
"""Most pages of tools that a server is asked for."""
_NAME = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class McpServer:
    """Where a server is, and how it is used: either ``command`` or ``url``."""

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
            raise UserError(f"an MCP server's url begins with http:// or https://, not {self.url!r}")
        if self.connect <= 0 or self.timeout <= 0:
            raise UserError("an MCP server's connect and timeout are seconds above 0")

    @classmethod
    def of(cls, given: McpServer | str) -> McpServer:
        """A text with an address is a url, any other a command line."""
        if isinstance(given, McpServer):
            return given
        if given.startswith(("http://", "https://")):
            return cls(url=given)
        return cls(command=tuple(shlex.split(given)))

    @property
    def name(self) -> str:
        """For people."""
        return self.url or shlex.join(self.command)


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
        except ValueError as error:
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
            raise ToolError(f"The server of this tool did not answer: {_first(error)}") from error
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
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        stack = contextlib.AsyncExitStack()
        try:
            client = await _opened(where, told, stack)
            yield await _listed(client, where, told)
        finally:
            with contextlib.suppress(Exception):  # a server that is gone cannot be left politely
                await stack.aclose()


async def _opened(where: McpServer, told: IO[str], stack: contextlib.AsyncExitStack) -> Any:
    """A client that has greeted the server; ``stack`` closes what belongs to it."""
    client, carrier = _client(where, told)
    try:
        async with asyncio.timeout(where.connect):
            if carrier is not None:
                await stack.enter_async_context(carrier)
            return await stack.enter_async_context(client)
    except TimeoutError:
        raise PeerError(_unreached(where, f"no answer within {where.connect:g} s", told)) from None
    except Exception as error:
        raise PeerError(_unreached(where, _first(error), told)) from error


async def _listed(client: Any, where: McpServer, told: IO[str]) -> tuple[McpTool, ...]:
    """Every tool that the server tells of, as far as it is wanted."""
    found, cursor = list[Any](), None
    try:
        async with asyncio.timeout(where.connect):
            for _ in range(_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if not cursor:
                    break
    except TimeoutError:
        raise PeerError(_unreached(where, f"no list of tools within {where.connect:g} s", told)) from None
    except Exception as error:
        raise PeerError(_unreached(where, _first(error), told)) from error
    missing = [name for name in where.only if name not in {tool.name for tool in found}]
    if missing:
        there = ", ".join(sorted(tool.name for tool in found)) or "none"
        raise UserError(f"{where.name} has no tool {', '.join(missing)}; it has: {there}")
    return tuple(_tool(client, where, tool) for tool in found if not where.only or tool.name in where.only)


def _tool(client: Any, where: McpServer, tool: Any) -> McpTool:
    reads = tool.annotations is not None and tool.annotations.read_only_hint is True
    name = _NAME.sub("_", where.prefix + tool.name)[:64]
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


def text_of(result: Any) -> str:
    """What a call gave back, as a brain reads it; what is no text is named by its kind."""
    parts = []
    for part in result.content:
        text = getattr(part, "text", None)
        kind = getattr(part, "mime_type", None) or getattr(part, "type", "something")
        parts.append(text if isinstance(text, str) else f"({kind}, which cannot be told in words)")
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts)


def _misfit(given: dict[str, Any], schema: dict[str, Any]) -> str:
    """Why arguments do not fit their schema; "" where they do, or where nothing here can tell."""
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        return ""  # then the server tells
    try:
        jsonschema.validate(given, schema)
    except jsonschema.ValidationError as error:
        where = ".".join(map(str, error.absolute_path))
        told = f"{where}: {error.message}" if where else error.message
        return f"It was not run, the arguments cannot be used: {told}."
    except jsonschema.SchemaError:
        return ""  # the server's own schema is wrong: it may know better what it takes
    return ""


def _unreached(where: McpServer, why: str, told: IO[str]) -> str:
    told.seek(0)
    lines = [line.strip() for line in told.read()[-4000:].splitlines() if line.strip()]
    said = f'; it said: "{lines[-1][:200]}"' if lines else ""
    return f"the MCP server {where.name} cannot be used: {why}{said}"


def _first(error: BaseException) -> str:
    """The innermost reason, in one line."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    text = str(error).partition("\n")[0]
    return text if isinstance(error, HocketError) else f"{type(error).__name__}: {text}".rstrip(": ")
