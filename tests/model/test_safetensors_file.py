"""model/safetensors_file.py: what is not exactly expected is refused, with a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.safetensors_file import read
from pipeline.errors import CheckpointError

SHAPES = {"a": (2, 3), "b": (4,)}
GOOD = {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "F16", "shape": [4], "data_offsets": [24, 32]}}  # fmt: skip


def written(path, header, data=b"\0" * 32):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def changed(name, **entry):
    return GOOD | {name: GOOD[name] | entry}


def test_values_are_those_that_the_safetensors_package_wrote(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3)).astype(np.float16), rng.standard_normal(4).astype(np.float32)
    save_file({"a": a, "b": b}, tmp_path / "w.safetensors", metadata={"made": "here"})
    tensors = read(tmp_path / "w.safetensors", SHAPES)
    np.testing.assert_array_equal(tensors["a"], a.astype(np.float32))
    np.testing.assert_array_equal(tensors["b"], b)
    assert all(t.dtype == np.float32 and not t.flags.writeable for t in tensors.values())


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"a": GOOD["a"]}, "lacks b"),
        (GOOD | {"c": GOOD["b"]}, "unknown tensor c"),
        (changed("a", shape=[3, 2]), "shape"),
        (changed("a", shape=[1 << 40, 1 << 40]), "shape"),
        (changed("a", shape=[2, -3]), "shape"),
        (changed("a", shape=[2.0, 3]), "shape"),
        (changed("a", shape=[True, 3]), "shape"),
        (changed("a", shape="23"), "shape"),
        (changed("a", dtype="I64"), "I64"),
        (changed("a", dtype=["F32"]), "wrongly"),
        (changed("b", data_offsets=[24, 33]), "truncated"),
        (changed("b", data_offsets=[24, 30]), "does not fill"),
        (changed("b", data_offsets=[32, 24]), "does not fill"),
        (changed("b", data_offsets=[-8, 0]), "shape"),
        (changed("b", data_offsets=[24]), "wrongly"),
        (GOOD | {"a": 7}, "wrongly"),
        (GOOD | {"a": {}}, "wrongly"),
        (b"[1, 2]", "not a safetensors"),
        (b"{broken", "broken"),
        (b'{"a":' * 5000, "broken"),
        (b"{\xff\xfe}", "broken"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, header, said):
    with pytest.raises(CheckpointError, match=said):
        read(written(tmp_path / "w.safetensors", header), SHAPES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a safetensors"),
        (b"\x80\x04\x95pickle me", "not a safetensors"),
        (b"\xff" * 64, "not a safetensors"),
        ((1 << 19).to_bytes(8, "little") + b"{}", "truncated"),
        ((1 << 62).to_bytes(8, "little") + b"{}", "not a safetensors"),
        (b"PK\x03\x04" + b"\0" * 60, "not a safetensors"),
    ],
)
def test_files_of_other_kinds_are_refused(tmp_path, content, said):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        read(path, SHAPES)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, keep):
    path = written(tmp_path / "w.safetensors", GOOD)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(CheckpointError, match=r"truncated|not a safetensors"):
        read(path, SHAPES)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(tmp_path, bad):
    data = np.array([0, 1, bad, 0, 0, 0], np.float32).tobytes() + b"\0" * 8
    with pytest.raises(CheckpointError, match="not numbers"):
        read(written(tmp_path / "w.safetensors", GOOD, data), SHAPES)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="missing"):
        read(tmp_path / "none.safetensors", SHAPES)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read(tmp_path, SHAPES)
