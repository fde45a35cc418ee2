"""Tools of real MCP servers in child processes: real time, because a real program answers."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

pytest.importorskip("mcp")

from agent.mcp_tools import McpServer, McpTool, _listed, _words, mcp_tools, text_of
from agent.tools import as_tools
from pipeline.calling import ToolError
from pipeline.clock import now, run
from pipeline.errors import PeerError, UserError
from pipeline.prompt import ToolSpec

T = TypeVar("T")
SILENT = "import sys; sys.stdin.buffer.read()"
PROGRAM = Path(__file__).with_name("mcp_server.py")
STDIO = McpServer(command=(sys.executable, str(PROGRAM)), connect=60.0, timeout=5.0)
"""Patient with the start: a program's first one reads a hundred modules from a disk that may be busy."""


def within(server: McpServer | str, scene: Callable[[dict[str, McpTool]], Awaitable[T]]) -> T:
    async def main() -> T:
        async with asyncio.timeout(90), mcp_tools(server) as tools:
            return await scene({tool.called: tool for tool in tools})

    return run(main)


def test_a_program_is_started_its_tools_are_listed_and_called_and_what_goes_wrong_is_told() -> None:
    async def scene(tools: dict[str, McpTool]) -> None:
        assert {name: tool.effects for name, tool in tools.items()} == {
            "add": False, "write": True, "sleep": True, "die": True
        }  # fmt: skip
        add = tools["add"]
        assert add.spec.description == "Adds two numbers."
        assert json.loads(add.spec.parameters)["required"] == ["a", "b"]
        assert as_tools(tools.values()) == tuple(tools.values())
        assert await add.run('{"a": 2, "b": 3}') == "5"
        assert add.refused('{"a": 2, "b": 3}') == ""
        assert "no JSON" in add.refused("{")
        assert "one JSON object" in add.refused("[]")
        pytest.importorskip("jsonschema")
        assert "'b' is a required property" in add.refused('{"a": 2}')
        with pytest.raises(ToolError, match="Error executing tool write"):
            await tools["write"].run('{"text": ""}')
        with pytest.raises(TimeoutError):  # a call that is cut off leaves the server usable for the next
            async with asyncio.timeout(0.05):
                await tools["sleep"].run('{"seconds": 0.3}')
        assert await add.run('{"a": 1, "b": 1}') == "2"
        with pytest.raises(ToolError, match="did not answer"):
            await tools["die"].run("{}")
        with pytest.raises(ToolError, match="did not answer"):
            await add.run('{"a": 2, "b": 3}')

    within(STDIO, scene)


def test_an_address_is_called_over_http() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def main() -> str:
        program = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(port), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _listening(port)
            server = McpServer(url=f"http://127.0.0.1:{port}/mcp", headers={"X-Test": "1"}, prefix="far.")
            server = replace(server, only=("add",))
            async with mcp_tools(server) as tools:
                assert [tool.spec.name for tool in tools] == ["far_add"]
                return await tools[0].run('{"a": 20, "b": 22}')
        finally:
            program.kill()
            await program.wait()

    assert run(main) == "42"


def test_an_address_that_dies_gives_failed_results_and_leaves_whoever_opened_it_alone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def main() -> str:
        program = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(port), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _listening(port)
            async with mcp_tools(McpServer(url=f"http://127.0.0.1:{port}/mcp", timeout=5.0)) as tools:
                write = next(tool for tool in tools if tool.called == "write")
                program.kill()
                await program.wait()
                for _ in range(2):
                    with pytest.raises(ToolError, match="may or may not have been done"):
                        await asyncio.gather(write.run('{"text": "x"}'))  # from another task, as a lane does
                return "it goes on"
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()

    assert run(main) == "it goes on"


def test_what_goes_wrong_while_it_is_open_is_raised_as_it_is_and_opening_can_be_cancelled() -> None:
    async def wrong(_tools: dict[str, McpTool]) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        within(STDIO, wrong)

    async def opening() -> None:
        async with asyncio.timeout(0.5):
            async with mcp_tools(McpServer((sys.executable, "-c", SILENT), connect=20.0)):
                raise AssertionError("never reached")

    with pytest.raises(TimeoutError):
        run(opening)


@dataclass
class Pages:
    """A server whose list of tools never ends."""

    names: tuple[str, ...]
    asked: int = 0

    async def list_tools(self, cursor: str | None = None) -> SimpleNamespace:
        self.asked += 1
        tools = [
            SimpleNamespace(name=name, description=None, title=None, annotations=None, input_schema={})
            for name in self.names
        ]
        return SimpleNamespace(tools=tools, next_cursor="more")


def test_names_that_become_the_same_are_numbered_and_a_page_that_comes_again_adds_nothing() -> None:
    long = "x" * 70
    pages = Pages(("read.it", "read_it", "read it", long + "a", long + "b"))
    with TemporaryFile("w+") as told:
        tools = run(lambda: _listed(pages, STDIO, told))
    names = ["read_it", "read_it_2", "read_it_3", "x" * 64, "x" * 62 + "_2"]
    assert [tool.spec.name for tool in tools] == names
    assert [tool.called for tool in tools] == list(pages.names)
    assert pages.asked == 50
    assert len(as_tools(tools)) == 5


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"properties": {"a": {"$ref": "http://127.0.0.1:9/never-fetched.json"}}},
        {"type": "nonsense"},
    ],
)
def test_a_schema_that_cannot_be_used_is_the_servers_own_affair(schema: dict[str, Any]) -> None:
    pytest.importorskip("jsonschema")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a reference that is fetched is warned of
        tool = McpTool(ToolSpec("t", "Does.", json.dumps(schema)), True, STDIO, "t", None)
        assert tool.refused('{"a": 1}') == ""
        assert "no JSON" in tool.refused("[" * 19_000)


def test_text_in_a_resource_is_read_too() -> None:
    resource = SimpleNamespace(type="resource", resource=SimpleNamespace(text="the page"))
    picture = SimpleNamespace(type="image", mime_type="image/png")
    told = text_of(SimpleNamespace(content=[resource, picture], structured_content=None))
    assert told == "the page\n(image/png, which cannot be told in words)"


def test_no_secret_is_shown() -> None:
    url = McpServer(
        url="https://me:hunter22@example.org:8443/mcp?api_key=sk-1234567",
        headers={"Authorization": "Bearer abcdefgh"},
    )
    command = McpServer(
        ("serve", "--api-key", "sk-1234567", "--token=abcdefgh", "--fast"), env={"K": "hunter22"}
    )
    assert url.name == "https://example.org:8443/mcp"
    assert command.name == "serve --api-key … --token=… --fast"
    for each in (url, command):
        for secret in ("hunter22", "sk-1234567", "abcdefgh"):
            assert secret not in f"{each} {each!r} {McpTool(ToolSpec('t', '', '{}'), True, each, 't', None)}"
    assert url.hidden(f"401 for {url.url}: abcdefgh") == "401 for https://example.org:8443/mcp: …"
    assert command.hidden("who is hunter22?") == "who is …?"


def test_a_command_line_is_read_as_the_system_writes_it() -> None:
    assert _words('"C:\\My Tools\\serve.exe" -p 1', windows=True) == ("C:\\My Tools\\serve.exe", "-p", "1")
    assert _words("'/my tools/serve' --port 1", windows=False) == ("/my tools/serve", "--port", "1")
    with pytest.raises(UserError, match="close every quote"):
        McpServer.of('serve "oops')


async def _listening(port: int) -> None:
    end = now() + 20
    while now() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise AssertionError("the server never listened")


async def nothing(_tools: dict[str, McpTool]) -> None:
    raise AssertionError("never reached")


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("no-such-program-anywhere --now", "no-such-program-anywhere --now cannot be used"),
        (f"{sys.executable} -c 'raise SystemExit(\"out of paper\")'", 'it said: "out of paper"'),
        (McpServer((sys.executable, "-c", SILENT), connect=0.5), r"no answer within 0.5 s .*connect="),
        ("http://127.0.0.1:9/mcp", "http://127.0.0.1:9/mcp cannot be used"),
    ],
    ids=["no program", "ends at once", "silent", "no address"],
)
def test_a_server_that_cannot_be_used_is_one_clear_error(server: McpServer | str, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        within(server, nothing)


def test_a_wanted_tool_that_is_missing_is_told_with_those_there_are() -> None:
    with pytest.raises(UserError, match="no tool fly; it has: add, die, sleep, write"):
        within(replace(STDIO, only=("fly",)), nothing)


def test_a_server_is_a_command_or_a_url() -> None:
    assert McpServer.of("npx -y 'a server'").command == ("npx", "-y", "a server")
    assert McpServer.of("https://example.org/mcp").name == "https://example.org/mcp"
    with pytest.raises(UserError, match="either a command or a url"):
        McpServer()
    with pytest.raises(UserError, match="http://"):
        McpServer(url="example.org")
    with pytest.raises(UserError, match="cannot be read"):
        McpServer(url="http://[half")
    with pytest.raises(UserError, match="above 0"):
        McpServer(("x",), connect=0)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(UserError, match=r"hocket\[tools\]"):
        within(STDIO, nothing)
