"""model/step/loading.py: what a folder holds is what runs, in the numbers that were asked for."""

from __future__ import annotations

import json

import pytest
import tiny
import torch
from safetensors.torch import load_file

from model.step import engine, fit, loading
from model.step.engine import load_step
from model.step.loading import load_network, number_type, placed
from model.step.network import StepNetwork
from model.step.options import StepOptions
from model.step.progress import WIDTH, line
from model.step.shapes import shapes
from pipeline.errors import CheckpointError, ModelError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Human, Prompt, Reply, System

ON_CPU = StepOptions(device="cpu", positions=256)


def with_dtype(dtype):
    return StepOptions(device="cpu", dtype=dtype, positions=256)


@torch.inference_mode()
def scores(network, ids=(5, 60, 7, 8, 99, 10, 11, 12)):
    """Logits after each of some tokens, float32."""
    embeds = network.model.embed_tokens(torch.tensor([ids]))
    return network.lm_head(network.model(embeds, torch.arange(len(ids))[None])).float()[0]


@pytest.mark.parametrize("layout", ["nested", "flat"])
@pytest.mark.parametrize("shards", [1, 4])
def test_every_tensor_arrives_under_its_name(tmp_path, layout, shards):
    folder = tiny.write(tmp_path / "tiny", layout=layout, shards=shards, seed=3)
    network, config, tokenizer = load_network(folder, ON_CPU)
    expected = tiny.weights(tiny.config(), seed=3)
    found = network.state_dict()
    assert sorted(found) == sorted(expected)
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    ids = tiny.special_ids()
    assert config.stops == {ids["<|endoftext|>"], ids["<|EOT|>"], ids["<|im_end|>"]}
    assert tokenizer.eot == ids["<|EOT|>"]


def test_the_loaded_network_writes_what_transformers_qwen2_writes(checkpoint):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    network, config, _ = load_network(checkpoint, ON_CPU)
    text = config.text
    theirs = Qwen2ForCausalLM(
        Qwen2Config(
            hidden_size=text.hidden, intermediate_size=text.intermediate, num_attention_heads=text.heads,
            num_key_value_heads=text.kv_heads, num_hidden_layers=text.layers, vocab_size=text.vocabulary,
            rms_norm_eps=text.rms_eps, tie_word_embeddings=False,
            rope_parameters={"rope_type": "default", "rope_theta": text.rope_theta},
        )
    ).eval()  # fmt: skip
    stored = {}
    for path in checkpoint.glob("*.safetensors"):
        stored |= {name: t for name, t in load_file(path).items() if name.startswith(("model.", "lm_head."))}
    theirs.load_state_dict(stored)
    ids = torch.tensor([[5, 60, 7, 8, 99, 10, 11, 12]])
    with torch.no_grad():
        expected = theirs(ids).logits[0]
    torch.testing.assert_close(scores(network), expected, atol=1e-4, rtol=1e-4)


def test_the_loaded_tensors_do_not_lean_on_the_file(tmp_path):
    folder = tiny.write(tmp_path / "tiny", shards=1)
    network, *_ = load_network(folder, ON_CPU)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path = folder / "model.safetensors"
    with path.open("r+b") as file:  # in place: a mapped tensor would change with it
        file.seek(-(1 << 20), 2)
        file.write(b"\x00" * (1 << 20))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("stored", ["bfloat16", "float16"])
def test_auto_is_float32_on_a_processor(tmp_path, stored):
    network, *_ = load_network(tiny.write(tmp_path / "tiny", dtype=stored), ON_CPU)
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert number_type("auto", torch.device("cuda:0"), stored) == stored


def test_bfloat16_is_nearly_float32(checkpoint):
    wide, *_ = load_network(checkpoint, ON_CPU)
    narrow, *_ = load_network(checkpoint, with_dtype("bfloat16"))
    assert {p.dtype for p in narrow.parameters()} == {torch.bfloat16}
    difference = (scores(narrow) - scores(wide)).norm() / scores(wide).norm()
    assert 0 < difference < 0.03


@pytest.mark.parametrize(("dtype", "most"), [("int8", 0.06), ("fp8", 0.15)])
def test_eight_bits_differ_little_from_bfloat16(checkpoint, dtype, most):
    pytest.importorskip("torchao")
    wide, *_ = load_network(checkpoint, with_dtype("bfloat16"))
    small, *_ = load_network(checkpoint, with_dtype(dtype))
    difference = (scores(small) - scores(wide)).norm() / scores(wide).norm()
    assert 0 < difference < most
    stored = {type(p).__name__ for name, p in small.named_parameters() if name.endswith("_proj.weight")}
    kept = {type(p) for name, p in small.named_parameters() if not name.endswith("_proj.weight")}
    assert stored == {"Int8Tensor" if dtype == "int8" else "Float8Tensor"} and kept == {torch.nn.Parameter}


@pytest.mark.parametrize("dtype", ["bfloat16", "int8", "fp8"])
def test_an_engine_hears_and_writes_in_fewer_bits(checkpoint, sound, dtype):
    if dtype in fit.SMALL:
        pytest.importorskip("torchao")
    engine = load_step(str(checkpoint), with_dtype(dtype))
    asked = Prompt((System("Be brief."), Human((Audio(sound(1, 16_000)),)), Reply("", thinking=False)))
    written = list(engine.generate(asked, Limits(max_tokens=6)))
    again = list(engine.generate(asked, Limits(max_tokens=6)))
    assert [piece.token for piece in written] == [piece.token for piece in again] and written[-1].last
    assert all(piece.logprob <= 0 for piece in written)
    engine.close()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8", "fp8"])
def test_the_sum_that_is_told_is_what_the_weights_take(checkpoint, dtype):
    if dtype in fit.SMALL:
        pytest.importorskip("torchao")
    network, config, _ = load_network(checkpoint, with_dtype(dtype))
    taken = 0
    for parameter in network.parameters():
        parts = (parameter.qdata, parameter.scale) if hasattr(parameter, "qdata") else (parameter,)
        taken += sum(part.nbytes for part in parts)
    assert taken == fit.need(config, dtype, 0).weights


def test_progress_is_told_in_bytes_up_to_the_end(checkpoint):
    told = []
    load_network(checkpoint, ON_CPU, lambda done, total: told.append((done, total)))
    size = sum(tensor.nbytes for tensor in tiny.weights(tiny.config()).values())
    assert told[0] == (0, size) and told[-1] == (size, size)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_a_bar_is_drawn_on_a_terminal_only_and_leaves_nothing(checkpoint, capsys, monkeypatch):
    load_network(checkpoint, ON_CPU)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    load_network(checkpoint, ON_CPU)
    drawn = capsys.readouterr()
    assert drawn.out == "" and drawn.err.endswith("\r\x1b[2K")
    assert "loading tiny" in drawn.err and "█" * WIDTH in drawn.err


def test_the_bar_says_how_much_how_fast_and_how_long():
    gib = 1 << 30
    assert line("R1", 0, 62 * gib, 0.0) == f"loading R1  {'░' * WIDTH}  0.0 of 62.0 GiB"
    half = line("R1", 31 * gib, 62 * gib, 31.0)
    assert half.endswith(f"{'█' * 12}{'░' * 12}  31.0 of 62.0 GiB  1024 MiB/s  31 s left")


def test_what_does_not_fit_is_refused_before_it_is_read(checkpoint, monkeypatch):
    monkeypatch.setattr(fit, "free_bytes", lambda device: 1 << 20)
    monkeypatch.setattr(loading, "_fill", lambda *args: pytest.fail("it was read"))
    with pytest.raises(ModelError, match="tiny does not fit on cpu"):
        load_network(checkpoint, ON_CPU)


def test_memory_that_runs_out_while_loading_is_one_clear_error(checkpoint, monkeypatch):
    def full(*args):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loading, "_fill", full)
    with pytest.raises(ModelError, match=r"tiny was thought to fit on cpu.*int8"):
        load_network(checkpoint, ON_CPU)


@pytest.mark.parametrize(
    ("hidden", "intermediate", "heads", "kv_heads", "layers"),
    [(5120, 27648, 40, 8, 64), (3584, 18944, 28, 4, 28)],
)
def test_the_network_of_a_released_size_has_the_released_names(hidden, intermediate, heads, kv_heads, layers):
    config = tiny.config(
        hidden=hidden, intermediate=intermediate, heads=heads, kv_heads=kv_heads, layers=layers,
        vocabulary=158720, audio_width=1280, audio_heads=20, audio_layers=32,
    )  # fmt: skip
    with torch.device("meta"):
        network = StepNetwork(config)
    assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == shapes(config)


def test_a_tokenizer_with_too_many_tokens_is_refused(tmp_path):
    folder = tiny.write(tmp_path / "tiny", vocabulary=560)
    with pytest.raises(CheckpointError, match="571 tokens, the model knows 560"):
        load_network(folder, ON_CPU)


def test_code_that_came_with_a_model_is_never_run(tmp_path):
    folder = tiny.write(tmp_path / "tiny")
    ran = tmp_path / "ran"
    for name in ("modeling_step_audio_2.py", "configuration_step_audio_2.py"):
        (folder / name).write_text(f"open({str(ran)!r}, 'w')\n")
    assert "auto_map" in json.loads((folder / "config.json").read_text())
    load_network(folder, ON_CPU)
    assert not ran.exists()


def test_devices_are_named_as_torch_names_them(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert placed("auto").type == placed("cpu").type == "cpu"
    with pytest.raises(ModelError, match="accepted are auto, cpu, cuda and cuda:N"):
        placed("tpu")
    with pytest.raises(ModelError, match="no GPU here"):
        placed("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [str(placed(name)) for name in ("auto", "cuda", "cuda:1")] == ["cuda:0", "cuda:0", "cuda:1"]
    with pytest.raises(ModelError, match="finds 2 here"):
        placed("cuda:2")


def test_eight_bits_without_torchao_say_what_to_install(checkpoint, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(ModelError, match="pip install torchao"):
        load_network(checkpoint, with_dtype("int8"))


def test_no_room_for_the_context_beside_loaded_weights_is_one_clear_error(checkpoint, monkeypatch):
    def full(*args, **options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine, "Pool", full)
    with pytest.raises(ModelError, match=r"tiny is loaded, but no room is left for 64 positions"):
        engine.load_step(str(checkpoint), StepOptions(device="cpu", positions=64))
