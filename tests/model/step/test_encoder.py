"""model/step/encoder.py against transformers' own modules on equal weights."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch

from model.step.encoder import Adapter, Encoder, hear
from model.step.frontend import frames, log_mel, padded
from model.step.shapes import adapter as adapter_shapes
from model.step.shapes import encoder as encoder_shapes

GIVEN = tiny.config()


@pytest.fixture(scope="module")
def ears():
    found = tiny.weights(GIVEN, seed=5)
    encoder, adapter = Encoder(GIVEN.audio), Adapter(GIVEN.audio)
    encoder.load_state_dict({n.removeprefix("encoder."): t for n, t in found.items() if n[:8] == "encoder."})
    adapter.load_state_dict({n.removeprefix("adapter."): t for n, t in found.items() if n[:8] == "adapter."})
    return encoder.eval().requires_grad_(False), adapter.eval().requires_grad_(False)


def renamed(encoder):
    """The encoder's state under the names of transformers' Whisper-like classes."""
    names = {
        "positional_embedding": "embed_positions", "after_norm": "layer_norm", "blocks.": "layers.",
        "attn.query": "self_attn.q_proj", "attn.key": "self_attn.k_proj", "attn.value": "self_attn.v_proj",
        "attn.out": "self_attn.out_proj", "attn_ln": "self_attn_layer_norm", "mlp.0": "fc1", "mlp.2": "fc2",
        "mlp_ln": "final_layer_norm",
    }  # fmt: skip
    state = {}
    for name, tensor in encoder.state_dict().items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        state[name] = tensor
    return state


def dims(count):
    audio = GIVEN.audio
    return {
        "num_mel_bins": audio.mels, "d_model": audio.width, "encoder_layers": audio.layers,
        "encoder_attention_heads": audio.heads, "encoder_ffn_dim": 4 * audio.width,
        "max_source_positions": count, "activation_function": "gelu", "dropout": 0.0,
    }  # fmt: skip


def hidden_end(count, time):
    """Additive mask of the released code: the last two frames are not looked at."""
    valid = torch.arange(time) < time - 2
    bias = torch.where(valid[(time + 1) % 2 :: 2], 0.0, -1e10)
    assert len(bias) == count
    return bias.expand(1, 1, count, count)


@pytest.mark.parametrize("samples", [1_600, 16_000, 48_000])
def test_features_are_those_of_qwen2_audios_encoder(ears, sound, samples):
    """Its class pools before its last norm, as Step-Audio's does."""
    from transformers.models.qwen2_audio.configuration_qwen2_audio import Qwen2AudioEncoderConfig
    from transformers.models.qwen2_audio.modeling_qwen2_audio import Qwen2AudioEncoder

    encoder, _ = ears
    mel = log_mel(torch.from_numpy(sound(1, samples)))[None]
    time = mel.shape[-1]
    assert time % 2 == 0
    config = Qwen2AudioEncoderConfig(**dims(time // 2), attn_implementation="eager")
    theirs = Qwen2AudioEncoder(config).eval()
    state = renamed(encoder)
    state["embed_positions.weight"] = state["embed_positions.weight"][: time // 2]
    theirs.load_state_dict(state)
    with torch.no_grad():
        expected = theirs(mel, attention_mask=hidden_end(time // 2, time)).last_hidden_state
    ours = encoder(mel, torch.tensor([time]))
    torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("samples", [1_760, 16_160, 40_000])
def test_features_are_those_of_whispers_layers_for_odd_lengths_too(ears, sound, samples):
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    encoder, _ = ears
    mel = log_mel(torch.from_numpy(sound(2, samples)))[None]
    time = mel.shape[-1]
    count = (time + 1) // 2
    theirs = WhisperEncoder(WhisperConfig(**dims(1500), attn_implementation="eager")).eval()
    theirs.load_state_dict(renamed(encoder))
    with torch.no_grad():
        x = torch.nn.functional.gelu(theirs.conv1(mel))
        x = torch.nn.functional.gelu(theirs.conv2(x)).transpose(1, 2)
        x = x + theirs.embed_positions.weight[:count]
        for layer in theirs.layers:
            found = layer(x, attention_mask=hidden_end(count, time))
            x = found[0] if isinstance(found, tuple) else found
        pooled = torch.nn.functional.avg_pool1d(x.transpose(1, 2), 2).transpose(1, 2)
        expected = theirs.layer_norm(pooled)
    ours = encoder(mel, torch.tensor([time]))
    torch.testing.assert_close(ours, expected, atol=2e-5, rtol=1e-4)


def test_a_segment_gives_one_position_per_80_ms(ears, sound):
    for samples in (1, 480, 1_280, 1_281, 16_000, 33_333):
        pcm = padded(sound(4, samples))
        (heard,) = hear(*ears, [log_mel(torch.from_numpy(pcm))])
        assert heard.shape == (-(-samples // 1280), GIVEN.audio.llm_dim)
        assert torch.isfinite(heard).all()


def test_a_segment_is_heard_alike_alone_and_among_others(ears, sound):
    lengths = [480, 1_440, 16_000, 16_160, 16_320, 30_000]
    mels = [log_mel(torch.from_numpy(sound(number, size))) for number, size in enumerate(lengths)]
    together = hear(*ears, mels)
    for mel, among in zip(mels, together, strict=True):
        (alone,) = hear(*ears, [mel])
        assert len(alone) == len(among) > 0
        torch.testing.assert_close(among, alone, atol=2e-5, rtol=1e-4)


def test_what_stands_past_a_segments_end_is_ignored(ears, sound):
    encoder, _ = ears
    mel = log_mel(torch.from_numpy(sound(1, 8_000)))
    time = torch.tensor([mel.shape[-1]])
    noise = torch.cat([mel, torch.randn(128, 40)], 1)
    clean = torch.cat([mel, torch.zeros(128, 40)], 1)
    assert torch.equal(encoder(noise[None], time), encoder(clean[None], time))


def test_the_names_are_those_of_the_checkpoint(ears):
    for module, prefix, expected in zip(
        ears,
        ("encoder.", "adapter."),
        (encoder_shapes(GIVEN.audio), adapter_shapes(GIVEN.audio)),
        strict=True,
    ):
        found = {prefix + name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        assert found == expected


def test_sound_makes_a_difference(ears, sound):
    (one,), (other,) = (hear(*ears, [log_mel(torch.from_numpy(sound(seed, 16_000)))]) for seed in (1, 2))
    assert float((one - other).abs().mean()) > 0.05
    assert len(one) == len(other) == 13 and frames(16_000) == 102
    assert np.isfinite(one.numpy()).all()
