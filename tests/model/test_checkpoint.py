"""model/checkpoint.py: damaged and foreign model folders, each with one clear sentence."""

from __future__ import annotations

import json
import pickle  # noqa: TID251  # the thing that must never be opened
import shutil

import pytest

from model.checkpoint import load
from model.engine import OnnxEngine
from pipeline.errors import CheckpointError

FILES = ["config.json", "tokenizer.json", "model.safetensors", "encoder.onnx", "cue.onnx", "decoder.onnx"]


@pytest.fixture
def copied(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "brain")
    return tmp_path / "brain"


def test_the_bundle_loads_as_float32_and_has_a_lasting_fingerprint(folder):
    one, two = load(folder), load(folder)
    assert one.fingerprint == two.fingerprint and len(one.fingerprint) == 32
    assert {w.dtype.name for w in one.weights.values()} == {"float32"}


def test_the_bundle_is_small_enough_to_ship(folder):
    assert sum(p.stat().st_size for p in folder.iterdir() if p.is_file()) <= 16 << 20


@pytest.mark.parametrize("name", FILES)
def test_each_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}.* missing"):
        load(copied)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_each_truncated_file_is_refused(copied, name, keep):
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(CheckpointError, match=name):
        OnnxEngine(load(copied))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "model.pkl"])
def test_pickled_checkpoints_are_refused_unopened(copied, name):
    (copied / "model.safetensors").unlink()
    (copied / name).write_bytes(pickle.dumps({"weights": 1}))
    for given in (copied, copied / name):
        with pytest.raises(CheckpointError, match="pickled"):
            load(given)


def test_a_pickle_under_the_right_name_is_refused(copied):
    (copied / "model.safetensors").write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load(copied)


def test_unknown_keys_and_other_sizes_are_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    for change, said in (
        ({"trust_remote_code": True}, "trust_remote_code"),
        ({"dims": config["dims"] | {"decoder_hidden": 64}}, "shape"),
        ({"dims": config["dims"] | {"vocabulary": 9}}, "tokens"),
    ):
        (copied / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(CheckpointError, match=said):
            load(copied)


def test_a_tokenizer_of_another_model_is_refused(copied):
    (copied / "tokenizer.json").write_text(json.dumps({"specials": ["<s>"], "pieces": ["a"]}))
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        load(copied)


def test_swapped_graphs_are_refused(copied):
    shutil.copy(copied / "decoder.onnx", copied / "encoder.onnx")
    with pytest.raises(CheckpointError, match=r"encoder\.onnx"):
        OnnxEngine(load(copied))


def test_a_place_without_a_model_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="no model folder"):
        load(tmp_path / "none")
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(CheckpointError, match="is a file"):
        load(tmp_path / "file.txt")
