"""model/shapes.py: the list of weights is the network's own."""

from __future__ import annotations

import dataclasses

import pytest

from model.frontend import CHANNELS
from model.shapes import CUES, Dims, shapes

DIMS = Dims(
    vocabulary=300,
    channels=CHANNELS,
    width=96,
    encoder_layers=2,
    encoder_heads=4,
    encoder_hidden=128,
    decoder_layers=3,
    decoder_heads=4,
    decoder_kv_heads=2,
    decoder_hidden=160,
    rope_theta=10000.0,
    rms_eps=1e-6,
)


def test_names_and_shapes_are_those_of_the_torch_network():
    pytest.importorskip("torch", reason="torch is not installed (extra: training)")
    from model import networks

    theirs = networks.Talker(networks.Dims(**dataclasses.asdict(DIMS)), phonemes=9).state_dict()
    only_training = {"ctc.weight", "ctc.bias", "word_scale"}
    expected = {
        n.removeprefix("decoder."): tuple(t.shape) for n, t in theirs.items() if n not in only_training
    }
    assert shapes(DIMS) == expected and networks.CUES == CUES


@pytest.mark.parametrize(
    "change", [{"width": 97}, {"decoder_kv_heads": 3}, {"vocabulary": 0}, {"decoder_layers": 1 << 20}]
)
def test_sizes_that_no_network_has_are_refused(change):
    with pytest.raises(ValueError):
        dataclasses.replace(DIMS, **change)
