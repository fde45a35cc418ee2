"""agent/brains.py: what a brain's name means, and who makes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.brains import Bundled, Folder, Hub, load, make_brain, named
from agent.config import BrainConfig
from model.checkpoint import bundled
from model.http.server import Server
from pipeline.errors import CheckpointError, UserError


def test_the_brain_that_ships_is_taken_unless_another_is_named() -> None:
    assert named(BrainConfig().model) == Bundled()


@pytest.mark.parametrize(
    ("name", "dialect", "model"),
    [
        ("ollama:qwen3:4b", "ollama", "qwen3:4b"),
        ("http://127.0.0.1:8000/v1#mine", "openai", "mine"),
        ("vllm+http://10.0.0.2:9000/v1", "vllm", ""),
    ],
)
def test_servers_are_named_by_preset_or_url(name: str, dialect: str, model: str) -> None:
    found = named(name)
    assert isinstance(found, Server) and (found.dialect, found.model) == (dialect, model)


@pytest.mark.parametrize("name", ["./mine", "../x/y", "~/models/mine", "/models/a"])
def test_paths_are_folders_whether_they_are_there_or_not(name: str) -> None:
    assert named(name) == Folder(Path(name).expanduser())


def test_a_folder_that_is_there_is_one_even_where_it_looks_like_a_hubs_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert named("org/name") == Hub("org/name")
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert named("org/name") == Folder(Path("org/name"))


def test_a_hubs_model_may_name_its_revision() -> None:
    assert named("stepfun-ai/Step-Audio-2-mini@0a1b2c") == Hub("stepfun-ai/Step-Audio-2-mini@0a1b2c")


@pytest.mark.parametrize("name", ["mybrain", "a b/c", "org/name/more"])
def test_anything_else_is_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(UserError, match="give bundled, a folder, a hub's"):
        named(name)


def test_the_bundled_brain_is_the_same_from_its_folder() -> None:
    here, there = load(None, BrainConfig()), load(str(bundled()), BrainConfig())
    assert here.facts() == there.facts()
    here.close()
    there.close()


def test_a_folder_without_a_model_is_told_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        load(str(tmp_path), BrainConfig())


def test_a_hubs_model_that_was_not_fetched_is_not_fetched_behind_anybodys_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="hocket models --get stepfun-ai/Step-Audio-2-mini"):
        make_brain(BrainConfig("stepfun-ai/Step-Audio-2-mini"))


@pytest.mark.parametrize("kind", ["step_audio_2", "qwen2_audio"])
def test_without_the_torch_extra_it_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"need torch.*pip install 'hocket\[torch\]'"):
        load(str(tmp_path), BrainConfig())
