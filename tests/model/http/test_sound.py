"""Sound as WAV in base64, in segments that stay the same."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np
import pytest

from model.http.sound import LEAST, base64_wav, cut, wav
from pipeline.prompt import Audio


def tone(samples: int, loud: float = 0.5) -> Audio:
    return Audio((loud * np.sin(np.arange(samples) / 7)).astype(np.float32))


def test_a_wav_file_holds_the_sound_to_half_a_step() -> None:
    pcm = tone(4000).pcm
    with wave.open(io.BytesIO(wav(pcm))) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, 4000)
        read = np.frombuffer(file.readframes(4000), "<i2")
    assert np.abs(read / 32767 - pcm).max() <= 0.5 / 32767 + 1e-7


def test_what_is_louder_than_full_scale_is_clipped_and_does_not_wrap() -> None:
    read = np.frombuffer(wav(np.array([2.0, -2.0], np.float32))[44:], "<i2")
    assert read.tolist() == [32767, -32767]


@pytest.mark.parametrize(("samples", "seconds", "lengths"), [
    (0, 2.0, []), (100, 2.0, [100]), (32_000, 2.0, [32_000]), (70_000, 2.0, [32_000, 32_000, 6000]),
    (70_000, 0.0, [70_000]),
])  # fmt: skip
def test_segments_join_to_the_sound(samples: int, seconds: float, lengths: list[int]) -> None:
    parts = cut(tone(samples), seconds)
    assert [len(part.pcm) for part in parts] == lengths
    if parts:
        assert np.array_equal(np.concatenate([part.pcm for part in parts]), tone(samples).pcm)


def test_a_closed_segment_of_growing_sound_is_the_same_text() -> None:
    shorter, longer = cut(tone(40_000), 2.0), cut(tone(90_000), 2.0)
    assert base64_wav(shorter[0]) == base64_wav(longer[0])
    assert base64_wav(longer[0]) != base64_wav(longer[1])


def test_a_very_short_sound_ends_in_silence() -> None:
    data = base64.b64decode(base64_wav(tone(10)))
    assert len(data) == 44 + 2 * LEAST
