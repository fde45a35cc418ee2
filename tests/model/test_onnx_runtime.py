"""model/onnx_runtime.py: the graphs compute what torch and transformers compute with equal weights."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from model.frontend import features, silence
from model.onnx_runtime import OnnxNetwork
from pipeline.errors import CheckpointError, ModelError


@pytest.fixture(scope="module")
def network(chance):
    return OnnxNetwork(chance)


@pytest.fixture(scope="module")
def torch_network(chance):
    """The training network with the same weights."""
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: training)")
    from model import networks

    dims = networks.Dims(**dataclasses.asdict(chance.card.dims))
    talker = networks.Talker(dims, phonemes=1, cues=chance.card.cues).eval()
    weights = {f"decoder.{n}" if n.startswith("model.") else n: w for n, w in chance.weights.items()}
    missing, unexpected = talker.load_state_dict(
        {n: torch.tensor(w) for n, w in weights.items()}, strict=False
    )
    assert not unexpected and all(n.startswith(("ctc", "word_scale")) for n in missing)
    return talker


def test_the_decoder_equals_transformers_qwen2_whole_and_cut(chance, network):
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: torch)")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra: torch)")
    d = chance.card.dims
    config = transformers.Qwen2Config(
        vocab_size=d.vocabulary, hidden_size=d.width, num_hidden_layers=d.decoder_layers,
        num_attention_heads=d.decoder_heads, num_key_value_heads=d.decoder_kv_heads,
        intermediate_size=d.decoder_hidden, max_position_embeddings=2048, tie_word_embeddings=True,
        rms_norm_eps=d.rms_eps, rope_parameters={"rope_type": "default", "rope_theta": d.rope_theta},
    )  # fmt: skip
    theirs = transformers.Qwen2ForCausalLM(config).eval()
    weights = {n: torch.tensor(w) for n, w in chance.weights.items() if n.startswith("model.")}
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert not unexpected and missing in ([], ["lm_head.weight"])
    embeds = (0.08 * np.random.default_rng(0).standard_normal((61, d.width))).astype(np.float32)
    with torch.no_grad():
        expected = theirs(inputs_embeds=torch.tensor(embeds)[None]).logits[0].numpy()
    whole, present = network.read(embeds, network.empty())
    assert present.shape == (d.decoder_layers, 2, d.decoder_kv_heads, 61, d.width // d.decoder_heads)
    np.testing.assert_allclose(whole, expected, atol=1e-4)
    past, parts = network.empty(), []
    for start, end in ((0, 17), (17, 18), (18, 60), (60, 61)):
        logits, past = network.read(embeds[start:end], past)
        parts.append(logits)
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)


def test_the_encoder_equals_the_training_network(network, torch_network, sound):
    import torch

    frames, _ = features(sound(1, 40 * 1280), silence())
    audio, cues, _ = network.hear(frames, network.begin())
    with torch.no_grad():
        theirs, their_cues, _ = torch_network.hear(torch.tensor(frames)[None])
        vector = torch_network.feel(their_cues, torch.tensor([80]))[0].numpy()
    np.testing.assert_allclose(audio, theirs[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(cues, their_cues[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(network.feel(cues), vector, atol=1e-4)


def test_streamed_encoding_equals_whole_encoding_over_random_cuts(network, sound):
    rng = np.random.default_rng(5)
    frames, _ = features(sound(2, 100 * 1280), silence())
    whole, whole_cues, whole_state = network.hear(frames, network.begin())
    for _ in range(10):
        cuts = np.unique([0, 100, *rng.integers(0, 100, rng.integers(1, 30))]) * 8
        state, audio, cues = network.begin(), [], []
        for start, end in itertools.pairwise(cuts):
            a, c, state = network.hear(frames[start:end], state)
            audio.append(a)
            cues.append(c)
        np.testing.assert_allclose(np.concatenate(audio), whole, atol=1e-4)
        np.testing.assert_allclose(np.concatenate(cues), whole_cues, atol=1e-4)
        np.testing.assert_allclose(state.past, whole_state.past, atol=1e-4)


def test_a_state_is_a_value_that_can_be_gone_back_to(network, sound):
    frames, _ = features(sound(3, 20 * 1280), silence())
    _, _, state = network.hear(frames[:80], network.begin())
    first, _, _ = network.hear(frames[80:], state)
    network.hear(frames[:80], state)
    again, _, _ = network.hear(frames[80:], state)
    np.testing.assert_array_equal(first, again)


def test_embeddings_are_the_tables_rows(chance, network):
    np.testing.assert_array_equal(network.embed([5, 0]), chance.weights["model.embed_tokens.weight"][[5, 0]])


def test_a_device_that_is_not_there_is_an_error_and_no_silent_fallback(chance):
    with pytest.raises(ModelError, match="NoSuchExecutionProvider"):
        OnnxNetwork(chance, provider="NoSuchExecutionProvider")


def test_weights_of_another_shape_do_not_start(chance):
    name = "model.layers.0.mlp.up_proj.weight"
    weights = chance.weights | {name: chance.weights[name][:-1]}
    with pytest.raises(CheckpointError, match=r"decoder\.onnx"):
        OnnxNetwork(dataclasses.replace(chance, weights=weights))


def test_a_run_that_fails_is_a_model_error(network):
    with pytest.raises(ModelError, match=r"decoder\.onnx failed"):
        network.read(np.zeros((1, 7), np.float32), network.empty())
