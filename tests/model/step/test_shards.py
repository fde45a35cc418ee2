"""model/step/shards.py: exactly the tensors that config.json foretells, from safetensors files alone."""

from __future__ import annotations

import json
import shutil

import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from model.step.shapes import shapes
from model.step.shards import INDEX, WHOLE, survey
from pipeline.errors import CheckpointError

SHAPES = shapes(tiny.config())


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A copy that a test may break."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def rewritten(path, change):
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def first(folder):
    return sorted(folder.glob("model-*.safetensors"))[0]


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_every_tensor_is_found_once(tmp_path, shards):
    found = survey(tiny.write(tmp_path, shards=shards), SHAPES)
    names = [name for shard in found for name in shard.sizes]
    assert sorted(names) == sorted(SHAPES) and len(found) == shards
    assert sum(shard.bytes for shard in found) == 4 * sum(
        t.numel() for t in tiny.weights(tiny.config()).values()
    )


def test_a_missing_tensor_is_named(folder):
    rewritten(first(folder), lambda tensors: tensors.pop("encoder.conv1.bias"))
    with pytest.raises(CheckpointError, match=r"1 tensors are missing, first encoder\.conv1\.bias"):
        survey(folder, SHAPES)


def test_a_tied_output_is_refused_as_missing(tmp_path):
    made = tiny.write(tmp_path, shards=1)
    rewritten(made / WHOLE, lambda tensors: tensors.pop("lm_head.weight"))
    with pytest.raises(CheckpointError, match=r"first lm_head\.weight"):
        survey(made, SHAPES)


def test_a_tensor_too_many_is_named(folder):
    rewritten(first(folder), lambda tensors: tensors.update(surplus=torch.zeros(1)))
    with pytest.raises(CheckpointError, match="surplus"):
        survey(folder, SHAPES)


def test_constants_that_older_exports_stored_are_left(folder):
    name = "model.layers.0.self_attn.rotary_emb.inv_freq"
    rewritten(first(folder), lambda tensors: tensors.update({name: torch.zeros(8)}))
    assert all(name not in shard.sizes for shard in survey(folder, SHAPES))


def test_a_wrong_shape_is_told_with_both(folder):
    rewritten(first(folder), lambda tensors: tensors.update({"encoder.conv1.bias": torch.zeros(65)}))
    with pytest.raises(CheckpointError, match=r"\(65,\), config.json says \(64,\)"):
        survey(folder, SHAPES)


def test_weights_that_were_quantised_elsewhere_are_refused(folder):
    rewritten(
        first(folder),
        lambda tensors: tensors.update({"encoder.conv1.bias": torch.zeros(64, dtype=torch.int8)}),
    )
    with pytest.raises(CheckpointError, match="as I8; accepted are F32, BF16, F16"):
        survey(folder, SHAPES)


def test_a_tensor_in_two_files_is_refused(folder):
    one, two, *_ = sorted(folder.glob("model-*.safetensors"))
    name = next(iter(load_file(one)))
    rewritten(two, lambda tensors: tensors.update({name: torch.zeros(SHAPES[name])}))
    with pytest.raises(CheckpointError, match="both in"):
        survey(folder, SHAPES)


def test_an_index_that_errs_about_a_tensors_file_is_refused(folder):
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["lm_head.weight"] = first(folder).name
    (folder / INDEX).write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"places lm_head\.weight in model-00001"):
        survey(folder, SHAPES)


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/x.safetensors", "weights.bin", 3])
def test_an_index_that_points_elsewhere_is_refused(folder, name):
    (folder / INDEX).write_text(json.dumps({"weight_map": {"lm_head.weight": name}}))
    with pytest.raises(CheckpointError, match=r"only \.safetensors files beside it"):
        survey(folder, SHAPES)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": 3}'])
def test_a_broken_index_is_refused(folder, text):
    (folder / INDEX).write_text(text)
    with pytest.raises(CheckpointError, match="index"):
        survey(folder, SHAPES)


def test_a_missing_shard_is_told(folder):
    first(folder).unlink()
    with pytest.raises(CheckpointError, match="lacks 1 of 3 weight files"):
        survey(folder, SHAPES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        (b"", "cut off"),
        (b"\x80\x02}q\x00.", "no safetensors file"),
    ],
)
def test_a_file_that_is_no_safetensors_is_refused(folder, content, said):
    first(folder).write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        survey(folder, SHAPES)


def test_a_truncated_file_is_refused_before_anything_is_loaded(folder):
    path = first(folder)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="cut off"):
        survey(folder, SHAPES)


def test_pickled_weights_are_never_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(CheckpointError, match="pickled"):
        survey(tmp_path, SHAPES)


def test_a_folder_without_weights_says_what_to_get(tmp_path):
    with pytest.raises(CheckpointError, match=INDEX):
        survey(tmp_path, SHAPES)
