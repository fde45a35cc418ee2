"""A small real MCP server, run as a program by tests: over standard input and output, or HTTP with a port."""

from __future__ import annotations

import os
import sys

import anyio
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("small", log_level="ERROR")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def write(text: str) -> str:
    """Writes something down."""
    if not text:
        raise ValueError("nothing to write")
    return f"wrote {text}"


@server.tool()
async def sleep(seconds: float) -> str:
    """Takes its time."""
    await anyio.sleep(seconds)
    return "slept"


@server.tool()
def die() -> str:
    """Ends the server in the middle of a call."""
    os._exit(3)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run()
