"""Detectors by name."""

from __future__ import annotations

import pytest

from audio_io.detectors import DETECTORS, make_detector
from pipeline.errors import ConfigError


@pytest.mark.parametrize("name", DETECTORS)
def test_each_name_makes_a_detector_of_its_own(name: str) -> None:
    one, two = make_detector(name), make_detector(name)
    assert one is not two
    assert one.window == two.window == 512


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="silero, webrtc"):
        make_detector("telepathy")
