"""model/card.py: config.json, every key known."""

from __future__ import annotations

import copy

import pytest

from model.card import Card, card
from pipeline.errors import CheckpointError

GOOD = {
    "model_type": "hocket_tiny",
    "front_end": "causal",
    "graph_weights": {"encoder": ["encoder."], "cue": ["cue_embedding."], "decoder": ["model."]},
    "language": "en",
    "licence": "Apache-2.0",
    "instructions": "ignored",
    "system_prompt": "practice",
    "history_turns": 1,
    "refusal": {"heard_logprob": -0.01},
    "training": {"seed": 1, "anything": [1, 2]},
    "dims": {
        "vocabulary": 300, "channels": 128, "width": 96,
        "encoder_layers": 2, "encoder_heads": 4, "encoder_hidden": 128,
        "decoder_layers": 3, "decoder_heads": 4, "decoder_kv_heads": 2, "decoder_hidden": 160,
        "rope_theta": 10000, "rms_eps": 1e-06,
    },
}  # fmt: skip


def with_change(path, value):
    content = copy.deepcopy(GOOD)
    *outer, key = path.split(".")
    place = content
    for name in outer:
        place = place[name]
    place[key] = value
    return content


def test_a_good_card_reads():
    read = card(GOOD, "config.json")
    assert isinstance(read, Card) and read.dims.width == 96 and read.refusal["heard_logprob"] == -0.01
    assert read.max_context == 2048


def test_a_brain_of_the_front_end_before_is_named_as_such():
    dims = {name: value for name, value in GOOD["dims"].items() if name != "channels"} | {"mel": 80}
    with pytest.raises(CheckpointError, match=r"earlier front end.*--start"):
        card(GOOD | {"dims": dims}, "config.json")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("colour", "red", "unknown key 'colour'"),
        ("dims.colour", 1, "unknown key dims.'colour'"),
        ("mel", {"floor": 1e-5}, r"mel is Mel\(.*floor=1e-05"),
        ("mel", {"p": 1}, "unknown key mel.'p'"),
        ("lags", {"window": 512}, r"lags is Lags\(.*window=512"),
        ("joint", {"scale": 0.0, "weight": 0.3}, "accepted are a scale above 0 and up to 1000"),
        ("joint", {"scale": 1001, "weight": 0.3}, r"joint is Joint\(scale=1001"),
        ("joint", {"scale": 30.0, "weight": -1.0}, "and a weight of 0 to 10"),
        ("joint", {"scale": 30.0, "weight": 11}, "and a weight of 0 to 10"),
        ("joint", {"scale": "30", "weight": 0.3}, "joint.scale is '30'"),
        ("joint", {"scale": 30.0}, "joint.weight is missing"),
        ("joint", None, "joint is not a JSON object"),
        ("dims.channels", 80, "dims.channels is 80, accepted is 128"),
        ("cues", ["pitch"], "cues"),
        ("max_segment_seconds", 30, "30"),
        ("graph_weights", {"encoder": ["encoder."]}, "graph_weights"),
        ("graph_weights.cue", "cue", "graph_weights"),
        ("model_type", "qwen2", "qwen2"),
        ("speaking", "auto", "speaking is 'auto'"),
        ("speaking", "slowly", "accepted are adaptive, "),
        ("front_end", "step", "step"),
        ("auto_map", {"AutoModel": "evil.py"}, "unknown key 'auto_map'"),
        ("history_turns", "1", "history_turns is '1'"),
        ("history_turns", True, "history_turns is True"),
        ("history_turns", -1, "history_turns"),
        ("thinks_while_listening", "often", "thinks_while_listening is 'often'"),
        ("holds", 1, "holds is 1"),
        ("max_context", 4, "max_context"),
        ("instructions", "perhaps", "perhaps"),
        ("sample_rate", 8000, "8000"),
        ("dims", 3, "dims is not a JSON object"),
        ("dims.width", 97, "97"),
        ("refusal", {"heard_logprob": "low"}, "heard_logprob"),
    ],
)
def test_a_card_that_cannot_be_used_says_which_key_is_wrong(path, value, said):
    with pytest.raises(CheckpointError, match=said) as raised:
        card(with_change(path, value), "config.json")
    assert "config.json" in str(raised.value)


@pytest.mark.parametrize("missing", ["dims", "model_type", "licence"])
def test_a_missing_key_is_named(missing):
    with pytest.raises(CheckpointError, match=missing):
        card({k: v for k, v in GOOD.items() if k != missing}, "config.json")


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_anything_but_an_object_is_refused(content):
    with pytest.raises(CheckpointError, match="not a JSON object"):
        card(content, "config.json")
