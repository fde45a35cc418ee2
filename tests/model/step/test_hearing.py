"""model/step/hearing.py: each segment is encoded once, alone, and kept by what it sounds like."""

from __future__ import annotations

import numpy as np
import tiny
import torch
from playing import SECOND, network_of, sound

from model.step.encoder import hear
from model.step.frontend import log_mel
from model.step.hearing import Hearing
from model.step.layout import Patches
from pipeline.prompt import Audio

NETWORK = network_of(tiny.config())


def patches(seed: int, samples: int) -> Patches:
    return Patches(Audio(sound(seed, samples)))


def test_features_are_those_of_the_sound_with_its_reconciling_silence() -> None:
    got = Hearing(NETWORK, 100).features(patches(1, 8000))
    silent = np.pad(sound(1, 8000), (0, 160))
    expected = hear(NETWORK.encoder, NETWORK.adapter, [log_mel(torch.from_numpy(silent))])[0]
    torch.testing.assert_close(got, expected)
    assert len(got) == 7


def test_a_segment_is_encoded_once_and_one_that_grew_anew() -> None:
    hearing = Hearing(NETWORK, 100)
    first = hearing.features(patches(1, SECOND))
    assert hearing.features(patches(1, SECOND)) is first and hearing.encoded == 13
    longer = hearing.features(patches(1, SECOND + 1280))
    assert hearing.encoded == 13 + 14 and (longer[:13] - first).abs().max() > 1e-4


def test_no_more_is_kept_than_was_allowed_and_the_longest_unused_goes() -> None:
    hearing = Hearing(NETWORK, 30)
    for seed in (1, 2, 1, 3):
        hearing.features(patches(seed, SECOND))
    assert hearing.encoded == 3 * 13
    hearing.features(patches(1, SECOND))
    assert hearing.encoded == 3 * 13
    hearing.features(patches(2, SECOND))
    assert hearing.encoded == 4 * 13
    Hearing(NETWORK, 0).features(patches(1, SECOND))
