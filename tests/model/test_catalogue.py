"""model/catalogue.py: counts agree with the classes that load, and the table tells what fits."""

from __future__ import annotations

import math

import pytest

from model.catalogue import ENTRIES, MARGIN, POSITIONS, Entry, find, fits, rows, table
from model.checkpoint import bundled, load
from model.machine import Device, Machine

GIB = 1 << 30


def machine(memory, *gpus):
    """Free GiB of the processor's memory and of each GPU."""
    found = tuple(
        Device(f"cuda:{at}", f"GPU {at}", int(free * GIB), int(free * GIB)) for at, free in enumerate(gpus)
    )
    return Machine(Device("cpu", "cores", int(memory * GIB), int(memory * GIB)), found)


def counted(model):
    """All weights, those of the language model's linear layers, their rows."""
    import torch

    linears = [part for part in model.model.language_model.modules() if isinstance(part, torch.nn.Linear)]
    return (
        sum(weight.numel() for weight in model.parameters()),
        sum(part.weight.numel() for part in linears),
        sum(part.weight.shape[0] for part in linears),
    )


def entry(name):
    found = find(name)
    assert found is not None
    return found


QWEN2_AUDIO = {"intermediate_size": 11008, "max_position_embeddings": 8192, "vocab_size": 156032}
OMNI = {
    "Qwen2.5-Omni 7B": (3584, 28, 28, 4, 18944, 152064),
    "Qwen2.5-Omni 3B": (2048, 36, 16, 2, 11008, 151936),
}


def test_qwen2_audio_is_counted_as_transformers_builds_it():
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    config = transformers.Qwen2AudioConfig(
        audio_config={"model_type": "qwen2_audio_encoder"},
        text_config={"model_type": "qwen2", "rms_norm_eps": 1e-5, **QWEN2_AUDIO},
    )
    with torch.device("meta"):
        model = transformers.Qwen2AudioForConditionalGeneration(config)
    text, known = config.text_config, entry("Qwen/Qwen2-Audio-7B-Instruct@main")
    assert counted(model) == (known.weights, known.small, known.rows)
    size = text.hidden_size // text.num_attention_heads
    assert known.position == 2 * text.num_hidden_layers * text.num_key_value_heads * size * 2


@pytest.mark.parametrize("name", OMNI)
def test_omnis_thinkers_are_counted_as_transformers_builds_them(name):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    hidden, layers, heads, kv, inner, vocabulary = OMNI[name]
    config = transformers.Qwen2_5OmniThinkerConfig(
        text_config={
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv,
            "intermediate_size": inner,
            "vocab_size": vocabulary,
            "rope_scaling": {"mrope_section": [16, 24, 24], "rope_type": "default", "type": "default"},
        },
        audio_config={"output_dim": hidden},
        vision_config={"depth": 0, "hidden_size": 1280, "out_hidden_size": hidden},
    )
    with torch.device("meta"):
        model = transformers.Qwen2_5OmniThinkerForConditionalGeneration(config)
    known = entry(name)
    assert counted(model) == (known.weights, known.small, known.rows)
    assert known.position == 2 * layers * kv * (hidden // heads) * 2


STEP = {
    "Step-Audio R1.1": (5120, 27648, 40, 8, 64),
    "Step-Audio R1": (5120, 27648, 40, 8, 64),
    "Step-Audio 2 mini": (3584, 18944, 28, 4, 28),
    "Step-Audio 2 mini Think": (3584, 18944, 28, 4, 28),
}


@pytest.mark.parametrize("name", STEP)
def test_step_audio_is_counted_from_the_shapes_that_its_loader_expects(name):
    from model.step.config import AudioDims, TextDims
    from model.step.shapes import adapter, decoder, encoder

    hidden, inner, heads, kv, layers = STEP[name]
    text = TextDims(hidden, inner, heads, kv, layers, 158_720, 1e-5, 1e6, 65_536)
    audio = AudioDims(128, 1500, 1280, 20, 32, hidden, 3, 2)
    words, ears = decoder(text), {**encoder(audio), **adapter(audio)}
    small = [shape for key, shape in words.items() if "proj.weight" in key]
    known = entry(name)
    assert known.weights == sum(math.prod(shape) for shape in [*words.values(), *ears.values()])
    assert known.small == sum(math.prod(shape) for shape in small)
    assert known.rows == sum(shape[0] for shape in small)
    assert known.position == 2 * layers * kv * (hidden // heads) * 2


WHISPER = {
    "whisper-tiny": (384, 4, 4, 6, 80, 51865),
    "whisper-base": (512, 6, 6, 8, 80, 51865),
    "whisper-small": (768, 12, 12, 12, 80, 51865),
    "whisper-medium": (1024, 24, 24, 16, 80, 51865),
    "whisper-large-v3": (1280, 32, 32, 20, 128, 51866),
    "whisper-large-v3-turbo": (1280, 32, 4, 20, 128, 51866),
    "distil-large-v3": (1280, 32, 2, 20, 128, 51866),
}


def test_every_ear_is_counted_as_transformers_builds_it():
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    assert set(WHISPER) == {each.name for each in ENTRIES if each.what == "ear"}
    for name, (width, ears, words, heads, bands, vocabulary) in WHISPER.items():
        config = transformers.WhisperConfig(
            d_model=width,
            encoder_layers=ears,
            decoder_layers=words,
            encoder_attention_heads=heads,
            decoder_attention_heads=heads,
            encoder_ffn_dim=4 * width,
            decoder_ffn_dim=4 * width,
            num_mel_bins=bands,
            vocab_size=vocabulary,
        )
        with torch.device("meta"):
            model = transformers.WhisperForConditionalGeneration(config)
        assert sum(weight.numel() for weight in model.parameters()) == entry(name).weights


def test_the_bundled_brain_is_counted_from_its_own_files():
    if not (bundled() / "config.json").exists():
        pytest.skip("the bundled model is not here; train it (make train)")
    bundle, known = load(bundled()), entry("bundled")
    assert known.weights == sum(weight.size for weight in bundle.weights.values())
    dims = bundle.card.dims
    size = dims.width // dims.decoder_heads
    assert known.position == 2 * dims.decoder_layers * dims.decoder_kv_heads * size * 2
    assert known.context == bundle.card.max_context


@pytest.mark.parametrize(
    ("name", "here", "verdict", "where"),
    [
        ("Step-Audio R1.1", machine(64, 141), "yes", "GPU 0"),
        ("Step-Audio R1.1", machine(64, 48), "int8 only", "GPU 0"),
        ("Step-Audio R1.1", machine(64, 24), "no", "GPU 0"),
        ("Step-Audio R1.1", machine(64), "no", "cores"),
        ("Step-Audio R1.1", machine(200), "slowly", "cores"),
        ("Step-Audio 2 mini", machine(64, 24), "yes", "GPU 0"),
        ("Step-Audio 2 mini", machine(64, 8, 24), "yes", "GPU 1"),
        ("Step-Audio 2 mini", machine(64, 12), "int8 only", "GPU 0"),
        ("Qwen2.5-Omni 3B", machine(32), "slowly", "cores"),
        ("Qwen2.5-Omni 7B", machine(20), "slowly, bf16", "cores"),
        ("whisper-small", machine(4), "yes", "cores"),
        ("whisper-small", machine(4, 8), "yes", "GPU 0"),
        ("whisper-large-v3", machine(2, 1), "no", "GPU 0"),
        ("bundled", machine(1), "yes", "cores"),
    ],
)
def test_what_fits_is_decided_by_what_is_free(name, here, verdict, where):
    fit = fits(entry(name), here)
    assert (fit.verdict, fit.where) == (verdict, where)
    assert "GiB free" in fit.lines[-1]


def test_the_sum_is_shown_line_by_line():
    fit = fits(entry("Step-Audio R1.1"), machine(64, 141))
    assert fit.lines == (
        "weights in bfloat16: 62.37 GiB",
        "states of 16384 positions: 4.00 GiB",
        "what is computed, and the driver: 1.50 GiB",
        "together 67.87 GiB; GPU 0 has 141.00 GiB free",
    )


@pytest.mark.parametrize("name", STEP)
def test_step_audio_is_told_with_the_sum_that_its_loader_checks(name):
    from model.step.config import AudioDims, StepConfig, TextDims
    from model.step.fit import need
    from model.step.options import StepOptions

    hidden, inner, heads, kv, layers = STEP[name]
    text = TextDims(hidden, inner, heads, kv, layers, 158_720, 1e-5, 1e6, 65_536)
    audio = AudioDims(128, 1500, 1280, 20, 32, hidden, 3, 2)
    config, known = StepConfig(name, text, audio, frozenset(), "bfloat16"), entry(name)
    for dtype in ("bfloat16", "int8"):
        asked = need(config, dtype, StepOptions().positions)
        assert known.bytes(dtype) + known.states(dtype) + MARGIN["brain"] == asked.total


def test_just_enough_fits_and_a_byte_less_does_not():
    known = Entry("x", "brain", "o/x", "MIT", weights=100, position=3, context=10)
    need = 200 + 30 + MARGIN["brain"]
    for free, verdict in ((need, "yes"), (need - 1, "no")):
        here = Machine(Device("cpu", "c", 0, 0), (Device("cuda:0", "g", free, free),))
        assert fits(known, here).verdict == verdict
    assert known.states("bfloat16") == 30 and POSITIONS > 10


def test_the_table_has_a_row_for_each_model_and_says_how_to_get_it():
    here = machine(16, 24)
    told = rows(here)
    assert len(told) == len(ENTRIES)
    assert [row.what for row in told] == sorted(row.what for row in told)
    text = table(here)
    for each in ENTRIES:
        assert each.name in text and (not each.hub or each.hub in text)
    assert "GPU 0: 24.0 of 24.0 GiB free" in text
    assert len({len(line.split("  ")[0]) > 0 for line in text.splitlines() if line}) == 1


def test_thinkers_hearers_and_callers_are_told_apart():
    does = {row.name: row.does for row in rows(machine(1))}
    assert does["Step-Audio R1.1"] == "hears audio, thinks, continues"
    assert does["Step-Audio 2 mini"] == "hears audio, continues, tools (native)"
    assert does["whisper-tiny"] == "99 languages"


def test_names_are_found_as_people_write_them():
    assert find("stepfun-ai/step-audio-r1.1@0123") is find("Step-Audio R1.1")
    assert find("nobody/nothing") is None
