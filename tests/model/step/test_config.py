"""model/step/config.py and shapes.py: both released layouts, and the sizes that the releases have."""

from __future__ import annotations

import json
import math

import pytest
import tiny

from model.step.config import read_config
from model.step.shapes import decoder, encoder, linears, shapes
from pipeline.errors import CheckpointError

MINI = {
    "architectures": ["StepAudio2ForCausalLM"],
    "model_type": "step_audio_2",
    "text_config": {
        "hidden_size": 3584, "intermediate_size": 18944, "num_attention_heads": 28, "num_attention_groups": 4,
        "num_key_value_heads": 4, "num_hidden_layers": 28, "max_seq_len": 16384, "vocab_size": 158720,
        "rms_norm_eps": 1e-06, "eos_token_id": 151643, "pad_token_id": 151643, "rope_theta": 1000000.0,
        "max_position_embeddings": 16384, "rope_scaling": None, "torch_dtype": "bfloat16",
    },
    "audio_encoder_config": {
        "n_mels": 128, "n_audio_ctx": 1500, "n_audio_state": 1280, "n_audio_head": 20, "n_audio_layer": 32,
        "n_codebook_size": 4096, "llm_dim": 3584, "kernel_size": 3, "adapter_stride": 2,
    },
}  # fmt: skip
"""As released with Step-Audio 2 mini."""
R1_1 = {
    "architectures": ["StepAudioForCausalLMV2"], "model_type": "step_audio_qwen2",
    "hidden_size": 5120, "intermediate_size": 27648, "num_attention_heads": 40, "num_attention_groups": 8,
    "num_key_value_heads": 8, "num_hidden_layers": 64, "max_seq_len": 65536, "vocab_size": 158720,
    "rms_norm_eps": 1e-05, "eos_token_id": 151643, "pad_token_id": 151643, "rope_theta": 1000000.0,
    "max_position_embeddings": 65536, "rope_scaling": None, "torch_dtype": "bfloat16",
    "audio_encoder_config": {
        "n_mels": 128, "n_audio_ctx": 1500, "n_audio_state": 1280, "n_audio_head": 20, "n_audio_layer": 32,
        "n_codebook_size": 4096, "llm_dim": 5120, "kernel_size": 3, "adapter_stride": 2,
    },
}  # fmt: skip
"""As released with Step-Audio-R1.1 (config_origin.json)."""


def folder(tmp_path, content, name="config.json"):
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return tmp_path


def test_mini_reads(tmp_path):
    config = read_config(folder(tmp_path, MINI))
    text, audio = config.text, config.audio
    assert (text.hidden, text.layers, text.heads, text.kv_heads, text.size) == (3584, 28, 28, 4, 128)
    assert (text.rms_eps, text.rope_theta, text.context, text.vocabulary) == (1e-6, 1e6, 16384, 158720)
    assert (audio.width, audio.layers, audio.heads, audio.llm_dim) == (1280, 32, 20, 3584)
    assert config.dtype == "bfloat16" and config.stops == {151643} and not config.thinks


def test_r1_1_reads_in_its_flat_layout_and_thinks(tmp_path):
    config = read_config(folder(tmp_path, R1_1, "config_origin.json"))
    assert (config.text.hidden, config.text.layers, config.text.kv_heads) == (5120, 64, 8)
    assert config.audio.llm_dim == 5120 and config.text.context == 65536 and config.thinks


def test_the_nested_config_is_preferred_where_both_are_there(tmp_path):
    folder(tmp_path, R1_1, "config_origin.json")
    assert read_config(folder(tmp_path, MINI)).text.hidden == 3584


def test_a_config_that_newer_transformers_wrote_reads_too(tmp_path):
    content = changed("text_config.rope_theta", ...)
    content["text_config"]["rope_parameters"] = {"rope_type": "default", "rope_theta": 5e5}
    content["text_config"]["dtype"] = content["text_config"].pop("torch_dtype")
    config = read_config(folder(tmp_path, content))
    assert config.text.rope_theta == 5e5 and config.dtype == "bfloat16"


@pytest.mark.parametrize(("content", "billions"), [(MINI, 8.32), (R1_1, 33.49)])
def test_the_shapes_add_up_to_the_released_sizes(tmp_path, content, billions):
    config = read_config(folder(tmp_path, content))
    total = sum(math.prod(shape) for shape in shapes(config).values())
    assert total / 1e9 == pytest.approx(billions, abs=0.005)
    assert sum(math.prod(shape) for shape in encoder(config.audio).values()) / 1e6 == pytest.approx(
        637, abs=1
    )
    assert len(linears(config.text)) == 7 * config.text.layers


def test_the_names_are_those_of_the_released_checkpoints(tmp_path):
    names = shapes(read_config(folder(tmp_path, R1_1)))
    expected = {
        "model.embed_tokens.weight": (158720, 5120),
        "lm_head.weight": (158720, 5120),
        "model.norm.weight": (5120,),
        "model.layers.63.self_attn.k_proj.bias": (1024,),
        "model.layers.0.mlp.down_proj.weight": (5120, 27648),
        "encoder.conv1.weight": (1280, 128, 3),
        "encoder.positional_embedding.weight": (1500, 1280),
        "encoder.blocks.31.attn.query.bias": (1280,),
        "encoder.blocks.0.mlp.2.weight": (1280, 5120),
        "encoder.after_norm.bias": (1280,),
        "adapter.conv.weight": (1280, 1280, 3),
        "adapter.linear1.weight": (2048, 1280),
        "adapter.linear2.weight": (5120, 2048),
    }
    assert expected.items() <= names.items()
    assert "encoder.blocks.0.attn.key.bias" not in names
    assert "model.layers.0.self_attn.o_proj.bias" not in names


def test_the_decoders_names_are_those_of_transformers_qwen2(tmp_path):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    dims = tiny.TEXT
    theirs = Qwen2ForCausalLM(
        Qwen2Config(
            hidden_size=dims.hidden, intermediate_size=dims.intermediate, num_attention_heads=dims.heads,
            num_key_value_heads=dims.kv_heads, num_hidden_layers=dims.layers, vocab_size=dims.vocabulary,
        )
    ).state_dict()  # fmt: skip
    assert {name: tuple(tensor.shape) for name, tensor in theirs.items()} == decoder(dims)


@pytest.mark.parametrize("layout", ["nested", "flat"])
def test_a_tiny_checkpoint_reads_in_both_layouts(tmp_path, layout):
    made = tiny.write(tmp_path / "tiny", layout=layout, layers=1, audio_layers=1)
    assert read_config(made) == tiny.config(layers=1, audio_layers=1)


def test_stops_come_from_the_generation_config_too(tmp_path):
    folder(tmp_path, {"eos_token_id": [151643, 151665]}, "generation_config.json")
    assert read_config(folder(tmp_path, MINI)).stops == {151643, 151665}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("Step-Audio-2-mini", "Step-Audio-2-mini"),
        ("models--stepfun-ai--Step-Audio-R1.1/snapshots/0123abc", "Step-Audio-R1.1"),
    ],
)
def test_the_name_is_the_folders_or_the_hubs(tmp_path, place, name):
    (tmp_path / place).mkdir(parents=True)
    assert read_config(folder(tmp_path / place, MINI)).name == name


def test_a_model_thinks_by_its_name_or_its_chat_template(tmp_path):
    named = tmp_path / "Step-Audio-2-mini-Think"
    named.mkdir()
    assert read_config(folder(named, MINI)).thinks
    assert not read_config(folder(tmp_path, MINI)).thinks
    folder(tmp_path, {"chat_template": "<|BOT|>assistant\\n<think>\\n"}, "tokenizer_config.json")
    assert read_config(tmp_path).thinks


def changed(path, value):
    content = json.loads(json.dumps(MINI))
    *outer, key = path.split(".")
    place = content
    for name in outer:
        place = place[name]
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("text_config.hidden_size", ..., "lacks hidden_size"),
        ("text_config.hidden_size", "3584", "hidden_size is '3584'"),
        ("text_config.hidden_size", 3585, "do not divide"),
        ("text_config.num_key_value_heads", 5, "do not divide"),
        ("text_config.num_attention_groups", 2, "num_attention_groups is 2"),
        ("text_config.rope_scaling", {"type": "yarn"}, "rope_scaling"),
        ("text_config.tie_word_embeddings", True, "tie_word_embeddings is True"),
        ("text_config.hidden_act", "gelu", "hidden_act"),
        ("text_config.use_sliding_window", True, "use_sliding_window is True"),
        ("text_config.rope_parameters", {"rope_type": "yarn"}, "rope_type is 'yarn'"),
        ("text_config.rope_theta", ..., "lacks rope_theta"),
        ("text_config.rms_norm_eps", 0, "rms_norm_eps is 0"),
        ("text_config.num_hidden_layers", True, "num_hidden_layers is True"),
        ("text_config.num_hidden_layers", 10**9, "num_hidden_layers is 1000000000"),
        ("text_config.rope_theta", 10**400, "rope_theta is 1000"),
        ("text_config.eos_token_id", ["x"], "eos_token_id"),
        ("text_config.torch_dtype", "int4", "torch_dtype is 'int4'"),
        ("text_config", 3, "text_config is not an object"),
        ("audio_encoder_config", ..., "audio_encoder_config is missing"),
        ("audio_encoder_config.n_mels", 80, "n_mels is 80"),
        ("audio_encoder_config.adapter_stride", 4, "adapter_stride is 4"),
        ("audio_encoder_config.n_audio_layer", 10**9, "n_audio_layer is 1000000000"),
        ("audio_encoder_config.n_audio_ctx", 100, "n_audio_ctx is 100"),
        ("audio_encoder_config.n_audio_head", 7, "n_audio_head"),
        ("audio_encoder_config.llm_dim", 5120, "llm_dim is 5120"),
        ("quantization_config", {"quant_method": "nvfp4"}, "quantised elsewhere"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path, path, value, said):
    with pytest.raises(CheckpointError, match=said):
        read_config(folder(tmp_path, changed(path, value)))


def test_another_model_is_refused_with_the_accepted_ones(tmp_path):
    other = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    with pytest.raises(
        CheckpointError, match=r"LlamaForCausalLM.*StepAudio2ForCausalLM.*StepAudioForCausalLMV2"
    ):
        read_config(folder(tmp_path, other))


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "not valid JSON"), ("[]", "not a JSON object"), ("[" * 9999, "not valid JSON")],
)
def test_a_broken_file_is_refused(tmp_path, content, said):
    with pytest.raises(CheckpointError, match=said):
        read_config(folder(tmp_path, content))


def test_a_folder_without_a_config_or_no_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="missing"):
        read_config(tmp_path)
    with pytest.raises(CheckpointError, match="no model folder"):
        read_config(tmp_path / "nowhere")
