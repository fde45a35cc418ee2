"""Sample formats: exact where they can be, and never anything but finite."""

from __future__ import annotations

import numpy as np
import pytest

from audio_io.formats import Format, clip, finite, from_int16, from_int32, mixdown, to_int16, to_int32
from pipeline.errors import UserError


def test_every_16_bit_number_survives_the_way_there_and_back() -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    assert np.array_equal(to_int16(from_int16(every)), every)


def test_32_bit_numbers_survive_to_24_bits() -> None:
    every = (np.arange(-(1 << 23), 1 << 23, 997) * 256).astype(np.int32)
    assert np.array_equal(to_int32(from_int32(every)), every)


def test_full_scale_is_clipped_and_never_wraps() -> None:
    assert to_int16(np.array([1.0, 1.5, -1.0, -7.0], np.float32)).tolist() == [32767, 32767, -32768, -32768]
    assert to_int32(np.array([2.0, -2.0], np.float32)).tolist() == [2**31 - 1, -(2**31)]


def test_what_is_not_a_number_becomes_silence_and_is_counted() -> None:
    sound, bad = finite(np.array([0.5, np.nan, np.inf, -np.inf, -0.5], np.float32))
    assert sound.tolist() == [0.5, 0.0, 0.0, 0.0, -0.5]
    assert bad == 3
    assert to_int16(np.array([np.nan, np.inf], np.float32)).tolist() == [0, 0]


def test_channels_are_averaged_and_length_stays() -> None:
    stereo = np.array([[1.0, 0.0], [0.5, -0.5], [0.25, 0.75]], np.float32)
    assert mixdown(stereo).tolist() == [0.5, 0.0, 0.5]
    assert mixdown(stereo[:, :1]).tolist() == [1.0, 0.5, 0.25]
    assert mixdown(stereo[:, 0]).tolist() == [1.0, 0.5, 0.25]
    assert mixdown(np.zeros((0, 2), np.float32)).shape == (0,)


def test_clipping_counts_what_lay_outside() -> None:
    sound, outside = clip(np.array([0.0, 1.0, 1.01, -3.0], np.float32))
    assert outside == 2
    assert np.abs(sound).max() == 1.0


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (-16000, 1), (1_000_000, 1), (16000, 0), (16000, 65)])
def test_a_format_that_no_sound_has_is_refused(rate: int, channels: int) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        Format(rate, channels)


def test_a_format_says_its_rate_and_channels() -> None:
    assert [str(Format(48000, count)) for count in (1, 2, 6)] == [
        "48000 Hz mono", "48000 Hz stereo", "48000 Hz 6 channels",
    ]  # fmt: skip
