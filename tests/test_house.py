"""The house itself: what is packaged, what the README promises, and a user's file that hides one of ours."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_room_is_packaged_and_checked(project: dict[str, Any]) -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    tool = project["tool"]
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["only-include"]) == rooms | {"hocket.py"}
    assert set(tool["mypy"]["packages"]) == rooms
    assert set(tool["importlinter"]["root_packages"]) == rooms


def test_the_public_file_guards_every_room() -> None:
    tree = ast.parse((ROOT / "hocket.py").read_text(encoding="utf-8"))
    named = next(n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "_PACKAGES")  # type: ignore[attr-defined]
    assert set(ast.literal_eval(named)) == {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_the_base_install_brings_no_torch(project: dict[str, Any]) -> None:
    names = {re.split(r"[<>=;\[ ]", need)[0] for need in project["project"]["dependencies"]}
    assert not names & {"torch", "transformers", "scipy", "onnx", "matplotlib", "aiortc"}


def test_the_readme_names_only_verbs_that_the_makefile_has() -> None:
    verbs = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"talk", "test"} <= named <= verbs


def test_the_changelog_knows_this_version(project: dict[str, Any]) -> None:
    assert f"## {project['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


@pytest.mark.parametrize("folder", [False, True], ids=["agent.py", "agent/"])
def test_a_users_own_agent_beside_their_script_is_told_in_one_sentence(tmp_path: Path, folder: bool) -> None:
    theirs = tmp_path / ("agent/__init__.py" if folder else "agent.py")
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("mine = True\n", encoding="utf-8")
    script = tmp_path / "my_script.py"
    script.write_text("from hocket import Agent\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert str(theirs) in last and "rename" in last and "'agent'" in last
