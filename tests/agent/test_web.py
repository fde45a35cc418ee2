"""The page and the client: their own tests under Node, their types, their package, and the names they use."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "agent" / "web"
TYPESCRIPT = "5.9.3"


def ran(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    if int(re.sub(r"\D*(\d+).*", r"\1", ran(found, "--version").stdout, flags=re.S)) < 20:
        pytest.skip("node is older than 20")
    return found


def test_the_pages_own_tests_pass() -> None:
    done = ran(node(), "--test", "tests/web/")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert int(re.findall(r"pass (\d+)", done.stdout)[-1]) > 90, "the tests were not found"


def named(group: str) -> set[str]:
    """The names of one group in events.js."""
    text = (WEB / "events.js").read_text(encoding="utf-8")
    body = re.search(rf"{group} = Object\.freeze\(\[(.*?)\]\)", text, re.S)
    assert body is not None
    return set(re.findall(r"'([^']+)'", body[1]))


def kinds(union: Any) -> set[str]:
    """The `type` of each member of one of openai's unions of events."""
    members = get_args(get_args(union)[0])
    return {get_args(each.model_fields["type"].annotation)[0] for each in members}


def test_names_of_events_are_those_of_openai() -> None:
    realtime = pytest.importorskip("openai.types.realtime", reason="openai is not installed")
    assert named("SERVER_EVENTS") <= kinds(realtime.RealtimeServerEvent)
    assert named("CLIENT_EVENTS") - {"hocket.playout"} <= kinds(realtime.RealtimeClientEvent)


def test_names_of_our_own_events_are_the_servers() -> None:
    places = [path for room in ("wire", "serve") for path in (ROOT / "agent" / room).glob("*.py")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in places)
    for name in named("OUR_EVENTS") | {"hocket.playout"}:
        assert f'"{name}"' in sources, f"the server knows no {name}"
    told = set(re.findall(r'event\(\s*"((?:hocket|response\.thinking)\.[a-z_]+)"', sources))
    assert told and told <= named("OUR_EVENTS"), "the page does not know all that is told"


def test_page_and_package_have_the_version_of_the_whole() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert json.loads((WEB / "package.json").read_text(encoding="utf-8"))["version"] == project["version"]


def test_sources_are_of_a_readable_size() -> None:
    for path in [*WEB.glob("*.js"), *WEB.glob("*.css"), *(ROOT / "tests" / "web").glob("*.*s")]:
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 350, f"{path.name} has {lines} lines"


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiler, kept from run to run where the machine keeps its cache."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    node()
    home = Path.home() / ".cache" / "hocket-tests" / f"typescript-{TYPESCRIPT}"
    compiler = home / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        home.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--prefix", str(home))
        done = ran(npm, "install", *quiet, f"typescript@{TYPESCRIPT}")
        if done.returncode != 0:
            pytest.skip("typescript cannot be installed here")
    return str(compiler)


def test_the_types_hold(typescript: str) -> None:
    done = ran(typescript, "-p", str(WEB / "jsconfig.json"))
    assert done.returncode == 0, done.stdout[-4000:]
