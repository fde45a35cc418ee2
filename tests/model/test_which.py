"""model/which.py: who reads a folder's weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.checkpoint import bundled
from model.which import Family, family
from pipeline.errors import CheckpointError


def config(folder: Path, content: object, name: str = "config.json") -> Path:
    (folder / name).write_text(json.dumps(content))
    return folder


def test_the_bundled_brain_is_read_by_our_own_engine() -> None:
    assert family(bundled()) is Family.TINY


@pytest.mark.parametrize("kind", ["step_audio_2", "step_audio_qwen2"])
def test_both_layouts_of_step_audio_are_told_by_their_type(tmp_path: Path, kind: str) -> None:
    assert family(config(tmp_path, {"model_type": kind})) is Family.STEP


def test_a_folder_that_holds_only_the_original_layout_is_found_too(tmp_path: Path) -> None:
    assert family(config(tmp_path, {"model_type": "step_audio_qwen2"}, "config_origin.json")) is Family.STEP


@pytest.mark.parametrize("kind", ["qwen2_audio", "qwen2_5_omni_thinker"])
def test_models_of_transformers_are_told_by_their_type(tmp_path: Path, kind: str) -> None:
    assert family(config(tmp_path, {"model_type": kind})) is Family.FOREIGN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model_type": "llama"}, "'llama', which nothing here reads; accepted are hocket_tiny"),
        ([], "the type ''"),
    ],
)
def test_a_foreign_model_is_refused_with_what_is_accepted(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        family(config(tmp_path, content))


def test_what_is_no_model_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no model folder"):
        family(tmp_path / "absent")
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        family(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read as JSON"):
        family(tmp_path)
    with pytest.raises(CheckpointError, match="is a file"):
        family(tmp_path / "config.json")


@pytest.mark.parametrize("kind", Family)
def test_every_family_names_a_loader(kind: Family) -> None:
    module, _, function = kind.loader.partition(":")
    assert module.startswith("model.") and function
