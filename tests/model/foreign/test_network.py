"""model/foreign/network.py: sound is heard as each family's own code hears it within 30 s of silence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.foreign.load import load_foreign
from pipeline.errors import ModelError


@pytest.fixture(scope="module")
def network(folder):
    return load_foreign(str(folder))._network


def noise(seed, samples):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def by_transformers(network, pcm):
    """Embeddings that the model's own forward would put in the placeholders' places."""
    mel = network._extractor(
        pcm, sampling_rate=16_000, return_tensors="pt", padding="max_length", max_length=480_000,
        return_attention_mask=True,
    )  # fmt: skip
    mask, model = mel["attention_mask"], network._model
    if hasattr(model, "get_audio_features"):
        return model.get_audio_features(mel["input_features"], feature_attention_mask=mask).last_hidden_state
    found = []
    count = 2 * len(pcm) // 1280
    handle = model.model.language_model.register_forward_pre_hook(
        lambda module, args, kwargs: found.append(kwargs["inputs_embeds"]), with_kwargs=True
    )
    ids = torch.full((1, count + 1), model.config.audio_token_id)
    ids[0, -1] = 3
    model(ids, mel["input_features"], torch.ones_like(ids), mask)
    handle.remove()
    return found[0][0, :count]


@pytest.mark.parametrize("positions", [1, 7, 25, 26, 60])
def test_embeddings_are_those_of_the_models_own_code(network, positions):
    pcm = noise(positions, positions * 1280)
    exact = not network._kind.whole  # the same steps on the same numbers
    with torch.inference_mode():
        heard, expected = network.hear(pcm), by_transformers(network, pcm)
    torch.testing.assert_close(heard, expected, atol=0 if exact else 1e-5, rtol=0 if exact else 1e-5)


def test_a_part_of_a_position_is_filled_with_silence(network):
    pcm = noise(3, 3000)
    whole = np.concatenate([pcm, np.zeros(3 * 1280 - 3000, np.float32)])
    assert torch.equal(network.hear(pcm), network.hear(whole)) and len(network.hear(pcm)) == 6


def test_weights_that_compute_no_numbers_are_found_out(network):
    from transformers import DynamicCache

    embeds = torch.full((2, 32), torch.nan)
    with pytest.raises(ModelError, match="not numbers"):
        network.read(embeds, DynamicCache())
