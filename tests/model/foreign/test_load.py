"""model/foreign/load.py: released folders load whole or not at all, and say what is wrong with them."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model.foreign.folder import name_of, place, require_room
from model.foreign.load import ForeignOptions, load_foreign, read_kind
from model.machine import Device
from pipeline.errors import CheckpointError, ConfigError, ModelError, UserError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Human, Prompt, Reply

ASKED = Prompt((Human((Audio(np.full(16_000, 0.1, np.float32)),)), Reply(None, thinking=False)))


@pytest.fixture
def copy(folder, tmp_path):
    """A folder that a test may spoil."""
    return shutil.copytree(folder, tmp_path / folder.name)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_of_a_whole_omni_the_thinker_is_read_without_its_eyes(folders):
    kind, described = read_kind(folders["qwen2_5_omni"])
    assert kind.type == "qwen2_5_omni_thinker" and "audio_config" in described
    model = load_foreign(str(folders["qwen2_5_omni"]))._network._model
    assert len(model.model.visual.blocks) == 0


def test_a_thinkers_own_folder_is_read_too(folders, tmp_path):
    copy = shutil.copytree(folders["qwen2_5_omni"], tmp_path / "thinker")
    whole = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(whole["thinker_config"]))
    expected = list(load_foreign(str(folders["qwen2_5_omni"])).generate(ASKED, Limits(6)))
    assert list(load_foreign(str(copy)).generate(ASKED, Limits(6))) == expected


@pytest.mark.parametrize("kind", ["llama", "qwen3_omni_moe", None])
def test_other_models_are_refused_with_the_accepted_ones(tmp_path, kind):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    with pytest.raises(CheckpointError, match=r"qwen2_audio .*qwen2_5_omni_thinker .*whole qwen2_5_omni"):
        load_foreign(str(tmp_path))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "preprocessor_config.json"])
def test_a_missing_or_broken_file_is_named(copy, name):
    (copy / name).write_text("{")
    with pytest.raises(CheckpointError, match=name):
        load_foreign(str(copy))
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_foreign(str(copy))


def test_weights_that_are_not_all_there_are_refused(copy):
    shard = copy / "model-00001-of-00002.safetensors"
    weights = load_file(shard)
    name = next(name for name in weights if ".layers.0." in name and "audio" not in name)
    index = json.loads((copy / "model.safetensors.index.json").read_text())
    del index["weight_map"][name]
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({key: value for key, value in weights.items() if key != name}, shard, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=rf"{name.partition('.layers.0.')[2]} is missing"):
        load_foreign(str(copy))


def test_a_missing_shard_and_pickled_weights_are_refused(copy):
    (copy / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_foreign(str(copy))
    for path in copy.glob("model*"):
        path.unlink()
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(CheckpointError, match="only safetensors"):
        load_foreign(str(copy))


def test_code_beside_the_weights_is_never_run(copy):
    edit(copy / "config.json", auto_map={"AutoModel": "evil.Model", "AutoConfig": "evil.Config"})
    (copy / "evil.py").write_text("raise SystemExit('this ran')")
    (copy / "modeling_qwen2_audio.py").write_text("raise SystemExit('this ran')")
    assert load_foreign(str(copy)).facts().name == copy.name


def test_sound_of_another_shape_is_refused(copy):
    edit(copy / "preprocessor_config.json", sampling_rate=8000)
    with pytest.raises(CheckpointError, match="sound of 8000 Hz"):
        load_foreign(str(copy))


@pytest.mark.parametrize(("option", "value"), [("device", "cuda:7"), ("device", "tpu"), ("dtype", "int3")])
def test_unknown_devices_and_types_are_refused_with_the_known_ones(folder, option, value):
    with pytest.raises(ModelError, match="accepted are auto"):
        load_foreign(str(folder), ForeignOptions(**{option: value}))


def test_what_does_not_fit_is_refused_with_the_sum(folder, monkeypatch):
    monkeypatch.setattr(
        "model.foreign.load.place", lambda wanted: Device("cpu", "a small box", 1 << 20, 1 << 10)
    )
    monkeypatch.setattr("model.foreign.load.load_weights", lambda *all: pytest.fail("weights were read"))
    with pytest.raises(ModelError) as refused:
        load_foreign(str(folder), ForeignOptions(positions=512))
    for part in (
        "weights in float32:",
        "states of 512 positions:",
        "free are 0.00 GiB",
        "a small box",
        "int8",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
def test_smaller_weights_answer_much_like_the_whole_ones(folder, dtype):
    whole, small = load_foreign(str(folder)), load_foreign(str(folder), ForeignOptions(dtype=dtype))
    logits = []
    for engine in (whole, small):
        layout = engine._chat.layout(ASKED)
        states, known = engine._states.fork(layout.keys("")[:-1])
        logits.append(engine._catch_up(layout, states, known))
    assert torch.corrcoef(torch.stack(logits))[0, 1] > 0.98
    assert not torch.equal(*logits)
    assert list(small.generate(ASKED, Limits(4)))


def test_a_hubs_snapshot_is_called_by_its_id(tmp_path):
    snapshot = tmp_path / "models--Qwen--Qwen2-Audio-7B-Instruct" / "snapshots" / "0123abcd"
    assert name_of(snapshot) == "Qwen/Qwen2-Audio-7B-Instruct"
    assert name_of(tmp_path / "mine") == "mine"


def test_the_processor_is_always_there():
    assert place("cpu").kind == "cpu" and place("cpu").free > 0


@pytest.mark.parametrize("wrong", [{"positions": 8}, {"threads": -1}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="at least"):
        ForeignOptions(**wrong)


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config.json", {"text_config": {"num_hidden_layers": 10**9}}, "num_hidden_layers is 1000000000"),
        ("config.json", {"audio_config": {"d_model": -1}}, "cannot be used"),
        ("preprocessor_config.json", {"n_fft": "x"}, "cannot be used"),
        ("generation_config.json", {"eos_token_id": [[1]]}, "cannot be used"),
    ],
)
def test_what_the_library_makes_of_a_broken_file_is_one_clear_error(folders, tmp_path, file, changes, said):
    copy = shutil.copytree(folders["qwen2_audio"], tmp_path / "broken")
    edit(copy / file, **changes)
    with pytest.raises(CheckpointError, match=said):
        load_foreign(str(copy))


def test_memory_that_runs_out_while_loading_is_told_as_that(folder, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\nmore")

    monkeypatch.setattr("model.foreign.load.load_weights", full)
    with pytest.raises(ModelError, match=r"memory ran out .*\(CUDA out of memory. Tried to allocate\); stop"):
        load_foreign(str(folder))


def test_a_device_whose_memory_nobody_tells_is_no_reason_to_refuse():
    sizes = {"weights": 1 << 50}
    require_room("big", sizes, Device("cpu", "a box", 0, 0), "do less")
    with pytest.raises(ModelError, match="does not fit a box"):
        require_room("big", sizes, Device("cpu", "a box", 1, 0), "do less")


def test_streaming_to_a_gpu_asks_for_accelerate_where_it_is_not_installed(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setattr(
        "model.foreign.load.place", lambda wanted: Device("cuda:0", "a GPU", 1 << 40, 1 << 40)
    )
    with pytest.raises(UserError, match=r"need accelerate.*pip install 'hocket\[torch\]'"):
        load_foreign(str(folder))
